"""The one table: which role gives which capability."""

from collections.abc import Iterable

CAPABILITIES = {
    "view": "see rule sets, releases and messages",
    "edit": "change the files of a rule set",
    "release": "cut a release and try it out in an environment that asks for no second person",
    "promote": "move a release on along the chain",
    "rollback": "put an environment back on an earlier release",
    "operate": "retry, replay and discard messages, pause and resume endpoints",
    "connect": "set the bindings of an environment and their secrets",
    "administer": "manage accounts, roles and tokens",
    "audit": "read and verify the audit log",
    "send": "hand in messages (machines)",
}
ROLES: dict[str, frozenset[str]] = {
    "analyst": frozenset({"view", "edit", "release"}),
    "reviewer": frozenset({"view", "promote", "rollback", "audit"}),
    "operator": frozenset({"view", "operate", "rollback"}),
    "administrator": frozenset({"view", "connect", "administer", "audit"}),
}


def capabilities(roles: Iterable[str]) -> frozenset[str]:
    """Everything the roles give together; an unknown role gives nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
