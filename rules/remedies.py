"""What the playbook of a flow says of a failure, as plain data."""

from dsl import syntax
from dsl.checking.playbooks import stands_in
from dsl.program import CheckedFlow, Program
from rules.waiting import FailureClass, Remedy

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}


def seconds(node: syntax.Literal | None) -> int | None:
    """A fixed time in seconds."""
    return None if node is None else int(node.value["amount"]) * _SECONDS[node.value["unit"]]


def remedy(program: Program, flow: CheckedFlow, failure: FailureClass) -> Remedy | None:
    """The reaction of the flow's playbook to a class of failure; None where it says nothing."""
    playbook = program.playbooks.get(flow.node.playbook)
    reaction = playbook.reactions.get(failure) if playbook is not None else None
    if playbook is None or reaction is None:
        return None
    return Remedy(
        playbook.node.name,
        failure,
        reaction.action,
        seconds(reaction.retry),
        tuple(name for name, _ in reaction.endpoints),
        reaction.channel or None,
        reaction.text,
        playbook.node.runbook,
    )


def alert_text(found: Remedy, otherwise: str) -> str:
    """What an alert of a playbook says: its own text or what happened, and the page that says what to do."""
    runbook = f" ({found.runbook})" if found.runbook else ""
    return (found.text or otherwise) + runbook


def fallback(program: Program, found: Remedy | None, endpoint: str) -> str | None:
    """The endpoint that stands in for another one, by the playbook."""
    known = program.manifest.endpoints
    if found is None or found.reaction != "fallback" or endpoint not in known:
        return None
    return next((n for n in found.fallback if n in known and stands_in(known[n], known[endpoint])), None)
