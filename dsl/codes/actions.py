"""M72x: datasets, and the actions of rules that wait, gather and remember."""

from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Severity

_CASES = 'dataset cases : case: text -> canon.case "v1"\n'
_COPY = "map copy_case : c in canon.case -> canon.case\n  id = c.id\n  severity = c.severity\nend\n"
_FIRST = (
    "map first_case : items in list of canon.case -> canon.case\n  on missing reject\n  on many reject\n"
    "  id = first(c.id for c in items)\n  severity = minor\nend\n"
)
_LATE = ' else alert quality "late"'


def _rules(action: str, before: str = "", after: str = "") -> str:
    return f"{before}rules r : c in canon.case\n  rule a\n    then {action}\n  end\n{after}end"


def _expect(
    where: str = "event.number = c.id", within: str = "within 2 hours", otherwise: str = _LATE
) -> str:
    return _rules(f"expect erp.notices where {where} {within}{otherwise}")


_TWO_SCHEMAS = (
    "  rule b\n    then raise case.closed\n  end\n  rule d\n    then raise case.closed using to_note\n  end\n"
)
_NOTE = 'use schema canon.case "v1"\nuse schema qms.note "v1"\nmap to_note : c in canon.case -> qms.note\n  text = c.id\nend\n'

CODES = (
    CodeSpec(
        "M720",
        "Key column that can't be a key",
        "the key column `{column}` is {given}, and a key is text, a number, a date, a datetime, a boolean or an "
        "enumeration",
        "A record of a dataset is found by its key, so every part of the key is one plain value that is always there.",
        "dataset cases : severity: severity? -> canon.case",
        "dataset cases : severity: severity -> canon.case",
    ),
    CodeSpec(
        "M721",
        "Nothing arrives under this name",
        "nothing arrives as `{event}`: it is neither an endpoint of direction in nor an event that a rule raises",
        "`expect` waits for a document that comes in through an endpoint, or for an event that rules of this rule set "
        "raise.",
        _rules(f"expect erp.notice where event.number = c.id within 2 hours{_LATE}"),
        _expect(),
    ),
    CodeSpec(
        "M722",
        "Event with two schemas",
        "`{event}` is raised as {first} and as {second}, so it is not known what arrives",
        "An event is one kind of document. Raise the other one under a name of its own.",
        _rules(f"expect case.closed where event.id = c.id within 2 hours{_LATE}", _NOTE, _TWO_SCHEMAS),
        _rules(
            f"expect case.closed where event.id = c.id within 2 hours{_LATE}",
            _NOTE,
            _TWO_SCHEMAS.replace("case.closed using", "case.noted using"),
        ),
    ),
    CodeSpec(
        "M723",
        "Awaited message that can't be found",
        "an awaited message is found by equal values, and this condition {problem}",
        "When a message comes in, it is matched with what is waited for by a key. So every condition has one side that "
        "reads the awaited message (`event.number`) and one that does not (`c.id`), with `=` between them; several are "
        "joined by `and`. Anything else would mean to try every open expectation.",
        _expect("event.number <> c.id"),
        _expect("event.number = c.id"),
    ),
    CodeSpec(
        "M724",
        "Action that can't be done later",
        "{when}, the message has long been decided: only one `send`, `raise` or `alert` can follow",
        "`reject`, `hold`, `ignore` and `set` decide about a message while it is processed. What follows a deadline or "
        "a collection happens minutes or days after that.",
        _expect(otherwise=' else reject "late"'),
        _expect(),
    ),
    CodeSpec(
        "M725",
        "Nothing happens when it is late",
        "nothing happens if `{event}` does not come in time",
        "Say after `else` who is told or what is sent then; without it, the deadline only shows in the journey.",
        _expect(otherwise=""),
        _expect(),
        Severity.WARNING,
    ),
    CodeSpec(
        "M726",
        "Duration that can't be meant",
        "`{text}` {problem}",
        "A deadline lies in the future. The window of a collection is one fixed duration for all messages, because it "
        "opens with the first of a group and all that follow join it.",
        _expect(within="within 0 minutes"),
        _expect(within="within 15 minutes"),
    ),
    CodeSpec(
        "M727",
        "Which calendar",
        "{problem}",
        "Business days are counted by a calendar of ruleset.toml: the one named after `calendar`, else the one called "
        "`default`, else the only one there is; without any, every weekday counts.",
        _expect(within='within 2 business_days calendar "moon"'),
        _expect(within="within 2 business_days"),
    ),
    CodeSpec(
        "M728",
        "Record that does not fit its dataset",
        "`{dataset}` keeps {schema}: {problem}",
        "What is remembered is read by flows as a record of the schema that the dataset declares.",
        _rules("remember cases key c.id = { id: c.id }", _CASES),
        _rules("remember cases key c.id = { id: c.id, severity: minor }", _CASES),
    ),
    CodeSpec(
        "M729",
        "Value of one message in what is made of many",
        "`{name}` belongs to one message, but a collection is made of many",
        "When the window closes, all collected messages are one list with the name `items`. Values of a single message "
        "go into `to` and `key`, which are part of the group.",
        _rules('collect by c.id for 1 hours then alert quality "cases like " & c.id'),
        _rules('collect by c.id for 1 hours then alert quality text(count(items)) & " cases"'),
    ),
)
