"""Playbooks: classes of failure that there are, reactions that can help, fallbacks that take what is sent."""

from collections.abc import Iterator

from dsl import syntax
from dsl.checking import findings
from dsl.checking.endpoints import find_endpoint
from dsl.checking.expressions import Expressions
from dsl.checking.flowsteps import fixed_time
from dsl.checking.session import Session, Site
from dsl.program import CheckedPlaybook, Endpoint
from dsl.source import Span

FAILURES = ("transport", "application", "partner_data", "mapping")


def check_playbook(session: Session, site: Site, node: syntax.Playbook) -> CheckedPlaybook:
    """A playbook with its reactions by class."""
    check = Expressions(session, site)
    reactions: dict[str, syntax.Reaction] = {}
    for reaction in node.reactions:
        if not isinstance(reaction, syntax.Reaction):
            continue
        if reaction.failure not in FAILURES:
            findings.unknown_failure(check, reaction.failure_span, reaction.failure, FAILURES)
        elif reaction.failure in reactions:
            findings.declared_twice(session, site, reaction.failure_span, "reaction", reaction.failure)
        reactions.setdefault(reaction.failure, reaction)
        _check_reaction(check, reaction)
    return CheckedPlaybook(node, site.file, reactions)


def _check_reaction(check: Expressions, reaction: syntax.Reaction) -> None:
    if reaction.retry is not None:
        fixed_time(check, reaction.retry, "a time to retry")
    if reaction.failure == "mapping":
        if reaction.retry is not None:
            _no_help(check, reaction.retry.span, "the same message gives the same result again")
        if reaction.endpoints:
            _no_help(check, reaction.span, "nothing was made that could be sent there")
    for name, span in reaction.endpoints:
        find_endpoint(check, name, span, "out")


def _no_help(check: Expressions, span: Span, why: str) -> None:
    check.report("M761", span, why=why)


def check_fallbacks(check: Expressions, node: syntax.Flow) -> None:
    """What a flow sends or asks has a fallback of its schema, where its playbook names fallbacks."""
    playbook = check.session.playbooks.get(node.playbook)
    if playbook is None:
        return
    known = check.session.manifest.endpoints
    for reaction in playbook.reactions.values():
        if reaction.failure == "mapping":
            continue
        spare = [known[name] for name, _ in reaction.endpoints if name in known]
        if len(spare) < len(reaction.endpoints) or not spare:
            continue
        for endpoint in _sent(check.session, node):
            if not any(stands_in(other, endpoint) for other in spare):
                words = {"endpoint": endpoint.name, "schema": endpoint.schema, "failure": reaction.failure}
                check.report("M762", node.playbook_span or node.name_span, **words)


def stands_in(spare: Endpoint, endpoint: Endpoint) -> bool:
    """Whether one endpoint takes what is meant for another."""
    return (spare.schema, spare.answer) == (endpoint.schema, endpoint.answer) and spare.name != endpoint.name


def _sent(session: Session, node: syntax.Flow) -> Iterator[Endpoint]:
    """The endpoints a flow sends to or asks."""
    for name in dict.fromkeys(_names(session, node)):
        endpoint = session.manifest.endpoints.get(name)
        if endpoint is not None and endpoint.direction == "out":
            yield endpoint


def _names(session: Session, node: syntax.Flow) -> Iterator[str]:
    for step in node.steps:
        if isinstance(step, syntax.CallStep):
            yield step.endpoint
        if isinstance(step, syntax.ApplyStep) and step.rules in session.rules:
            for rule in session.rules[step.rules].node.rules:
                if isinstance(rule, syntax.Rule):
                    yield from (a.endpoint for a in rule.actions if isinstance(a, syntax.Send))
