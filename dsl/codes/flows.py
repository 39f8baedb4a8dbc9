"""M7xx: rules and flows: endpoints, maps and schemas that have to agree."""

from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Severity

_COPY = "map copy_case : c in canon.case -> canon.case\n  id = c.id\n  severity = c.severity\nend\n"
_TO_CASE = "map to_case : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\nend\n"


def _rules(*actions: str) -> str:
    lines = "".join(f"    then {action}\n" for action in actions)
    return f"{_COPY}rules r : c in canon.case\n  rule a\n    when c.severity = major\n{lines}  end\nend"


def _flow(receive: str, *steps: str) -> str:
    lines = "".join(f"  {step}\n" for step in steps)
    return f"{_TO_CASE}{_rules('send qms.cases using copy_case')}\nflow f\n  receive {receive}\n{lines}end"


def _firing(condition: str) -> str:
    return f'rules r : c in canon.case\n  rule a\n    when {condition}\n    then ignore "done"\n  end\nend'


_RECEIVE = 'erp.notices as nc : erp.notice "v1"'

CODES = (
    CodeSpec(
        "M701",
        "Unknown endpoint",
        "ruleset.toml declares no endpoint `{endpoint}`",
        "Endpoints are declared in ruleset.toml with direction, codec and schema; where they lead is said by each "
        "environment.",
        _rules("send qms.case using copy_case"),
        _rules("send qms.cases using copy_case"),
    ),
    CodeSpec(
        "M702",
        "Endpoint of the other direction",
        "`{endpoint}` has the direction {direction}, so it can't be used here",
        "Flows receive from endpoints of direction in; rules send to endpoints of direction out.",
        _rules("send erp.notices using copy_case"),
        _rules("send qms.cases using copy_case"),
    ),
    CodeSpec(
        "M703",
        "Map makes something else",
        "`{endpoint}` carries {wanted}, but the map `{map}` makes {given}",
        "What is sent has to be of the schema that the endpoint declares.",
        _rules("send qms.notes using copy_case"),
        _rules("send qms.cases using copy_case"),
    ),
    CodeSpec(
        "M704",
        "Same endpoint twice",
        "another rule sends to `{endpoint}` too, and both can fire for one message",
        "The receiver may get two messages. If that is meant, give each a `key` of its own.",
        _rules("send qms.cases using copy_case", "send qms.cases using copy_case"),
        _rules('send qms.cases using copy_case key "1"', 'send qms.cases using copy_case key "2"'),
        Severity.WARNING,
    ),
    CodeSpec(
        "M705",
        "Wrong arguments for a map, table or lookup",
        "{kind} `{name}`: {problem}",
        "Number and types of the arguments have to be those of the declaration.",
        _rules("send qms.cases using copy_case(c, c)"),
        _rules("send qms.cases using copy_case(c)"),
    ),
    CodeSpec(
        "M706",
        "Schema of a flow differs from its endpoint",
        "`{endpoint}` carries {wanted}, but the flow expects {given}",
        "The flow names the schema and version it was made for, so that a change of the endpoint is noticed.",
        _flow('erp.notices as nc : canon.case "v1"', "apply r"),
        _flow(_RECEIVE, "map with to_case", "apply r"),
    ),
    CodeSpec(
        "M707",
        "Step does not continue the one before",
        "`{step}` needs {wanted}, but here it gets {given}",
        "Each step works on what the step before made: the document, then what the maps make of it.",
        _flow(_RECEIVE, "apply r"),
        _flow(_RECEIVE, "map with to_case", "apply r"),
    ),
    CodeSpec(
        "M708",
        "Flow without effect",
        "this flow applies no rules, so nothing follows from its messages",
        "Add `apply` with the rules that decide what happens.",
        _flow(_RECEIVE, "map with to_case"),
        _flow(_RECEIVE, "map with to_case", "apply r"),
        Severity.WARNING,
    ),
    CodeSpec(
        "M711",
        "Rule can never fire",
        "rule `{rule}` can never fire: {because}",
        "Conditions on one value exclude each other, or a rule before it (under `first`, or one that ends the message) "
        "takes every message that this one could. Correct the condition, move the rule up, or remove it.",
        _firing("c.severity = major and c.severity = minor"),
        _firing("c.severity = major or c.severity = minor"),
        Severity.WARNING,
    ),
)
