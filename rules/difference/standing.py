"""What stands by while messages come and go: datasets and playbooks of two programs compared."""

from collections.abc import Iterator

from dsl import syntax
from dsl.program import Program
from rules.difference.change import Change, Texts, compared


def datasets(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a dataset: its key and the schema of its records."""
    before, after = (Texts(p, p.datasets[name].path).of(p.datasets[name].node) for p in (old, new))
    if before != after:
        yield Change("changed", f"dataset/{name}", f"dataset {name} is now {after.removeprefix('dataset ')}")


def playbooks(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a playbook: what it does about each class of failure."""
    yield from compared(f"playbook/{name}", f"playbook {name}", _reactions(old, name), _reactions(new, name))


def _reactions(program: Program, name: str) -> dict[str, str]:
    checked = program.playbooks[name]
    texts = Texts(program, checked.path)
    found = {f"on {r.failure}": texts.of(r).removeprefix(f"on {r.failure} ") for r in _lines(checked.node)}
    return found | ({"runbook": checked.node.runbook} if checked.node.runbook else {})


def _lines(node: syntax.Playbook) -> Iterator[syntax.Reaction]:
    return (reaction for reaction in node.reactions if isinstance(reaction, syntax.Reaction))
