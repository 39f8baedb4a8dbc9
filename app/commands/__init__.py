"""The commands, one module a noun. `COMMANDS` names each with the module that has it and one line of help.

Way of the data: a command reads files or opens the installation, calls `app.design`, `app.runtime` or
`app.security`, and prints through `app.terminal`. No command holds logic of its own.
"""

from typing import NamedTuple


class Place(NamedTuple):
    """Where a command is."""

    module: str
    attribute: str
    help: str


def _in(module: str, attribute: str, help: str) -> Place:
    return Place(f"app.commands.{module}", attribute, help)


COMMANDS = {
    "init": _in("folder", "init", "write a small rule set to start from"),
    "check": _in("folder", "check", "check a rule set folder"),
    "test": _in("folder", "test", "run its tests"),
    "format": _in("folder", "format_", "format its texts"),
    "run-sample": _in("sample", "run_sample", "run a sample through a flow, nothing is sent"),
    "import": _in("imports", "import_", "read a table, lookup or schema of another tool"),
    "export": _in("imports", "export", "write a table or lookup as DMN, CSV or XLSX"),
    "schema": _in("schemas", "schema", "versions of schemas: what changed, which messages are refused"),
    "where-used": _in("usage", "where_used", "what depends on a field, lookup, table or function"),
    "docs": _in("docs", "docs", "a rule set as a page to read; or the reference of the language"),
    "lsp": _in("lsp", "lsp", "language server for editors, over standard input and output"),
    "release": _in("release", "release", "cut a release of a folder"),
    "promote": _in("release", "promote", "make a release live in the next environment"),
    "scheduled": _in("release", "scheduled", "promotions at a set time; cancel one"),
    "rollback": _in("release", "rollback", "put an environment back on an earlier release"),
    "serve": _in("service", "serve", "pages and API"),
    "worker": _in("service", "worker", "process and deliver messages"),
    "clock": _in("service", "clock", "sweep, poll sources, fire what is due"),
    "up": _in("up", "up", "all of them, with an embedded database and queue"),
    "sandbox": _in("service", "sandbox", "a small ERP, QMS, WMS and supplier portal to deliver to"),
    "migrate": _in("service", "migrate", "bring the database to this version"),
    "retention": _in("retention", "retention", "how long messages are kept, and letting go of what is over"),
    "doctor": _in("doctor", "doctor", "what works, what does not, and what to do about it"),
    "send": _in("messages", "send", "hand files to an endpoint"),
    "messages": _in(
        "messages", "messages", "figures of operations; search, show, retry, replay, edit, discard"
    ),
    "problems": _in("replays", "problems", "what waits for a person, grouped by cause"),
    "lanes": _in("lanes", "lanes", "what waits where; show, release, pause and resume one lane"),
    "pause": _in("lanes", "pause", "hold back a flow or an endpoint"),
    "resume": _in("lanes", "resume", "let a paused flow or endpoint go on"),
    "groups": _in("lanes", "groups", "which group of workers serves what"),
    "audit": _in("audit", "audit", "verify the audit log; export it, signed; verify an export"),
    "limits": _in("limits", "limits", "how fast and how much an environment takes in"),
    "connections": _in("connections", "connections_", "how systems are reached; test, stage, unstage one"),
    "breakers": _in("connections", "breakers", "connections that are stopped; open, close"),
    "staged": _in("connections", "staged", "deliveries that are held back; list, release"),
    "user": _in("accounts", "user", "accounts of people"),
    "token": _in("accounts", "token", "tokens of machines"),
}
