"""M4xx: values of the wrong type; nothing is converted by itself."""

from dsl.codes.spec import CodeSpec

_MAP = "map m : nc in erp.notice -> canon.case\n  on missing reject\n  on error reject\n  on no_match reject\n{}end"


def _map(*lines: str) -> str:
    return _MAP.format("".join(f"  {line}\n" for line in ("id = nc.number", "severity = minor", *lines)))


def _functions(times: int) -> str:
    """Functions of which each calls the one before so many times."""
    calls = (" & ".join([f"f{number}(x)"] * times) for number in range(6))
    rest = (f"function f{number}(x: text) : text = {call}" for number, call in enumerate(calls, 1))
    return "\n".join(["function f0(x: text) : text = x & x", *rest])


CODES = (
    CodeSpec(
        "M401",
        "Operator does not take these types",
        "`{operator}` does not work on {left} and {right}",
        "Convert first: `decimal(nc.qty) * 2`, `nc.number & text(5)`. Quantities and money only combine with the "
        "same unit or currency.",
        _map("qty = nc.qty * 2"),
        _map("qty = decimal(nc.qty) * 2"),
    ),
    CodeSpec(
        "M402",
        "Wrong type",
        "{what} has to be {wanted}, but this is {given}",
        "Conditions are true or false; texts of rejects and alerts are text; keys are text.",
        _map('check nc.qty else reject "no quantity"'),
        _map('check decimal(nc.qty) > 0 else reject "no quantity"'),
    ),
    CodeSpec(
        "M403",
        "Argument does not fit",
        "`{function}` needs {wanted} for `{parameter}`, but this is {given}",
        "The reference shows what each function takes. Convert the value first.",
        _map("note = trim(5)"),
        _map('note = trim("5 ")'),
    ),
    CodeSpec(
        "M404",
        "Wrong arguments",
        "`{function}`: {problem}",
        "The number and the names of the arguments have to be those of the declaration.",
        _map("note = trim(nc.number, nc.unit)"),
        _map("note = trim(nc.number)"),
    ),
    CodeSpec(
        "M405",
        "Constant can't be used",
        "{problem}",
        "Patterns, formats, locales and the like are checked before anything runs, so they have to be written as "
        "constants and be right.",
        _map('check matches(nc.number, "[0-9") else reject "no number"'),
        _map('check matches(nc.number, "[0-9]+") else reject "no number"'),
    ),
    CodeSpec(
        "M406",
        "Arguments do not go together",
        "`{function}`: {problem}",
        "The values have to be of one type, or fit each other otherwise.",
        _map("note = coalesce(nc.lot, 5)"),
        _map('note = coalesce(nc.lot, "5")'),
    ),
    CodeSpec(
        "M407",
        "List of different types",
        "all elements of a list have to be of one type, but here are {left} and {right}",
        "Convert the elements to one type.",
        _map('check nc.unit in ["A", 5] else reject "unit"'),
        _map('check nc.unit in ["A", "B"] else reject "unit"'),
    ),
    CodeSpec(
        "M408",
        "Not a list",
        "a list is needed here, but this is {given}",
        "`each`, comprehensions and `in` go through the elements of a list.",
        _map("each d in nc.number into defects", "  code = nc.number", "end"),
        _map("each d in nc.defects into defects", "  code = d.code", "end"),
    ),
    CodeSpec(
        "M409",
        "Value of unknown type",
        "the type of this value is not known, so it has to be converted first",
        "Results of jmespath() and schema-less input are of type any. Convert by text(), decimal(), integer(), date() "
        "and the like.",
        _map('note = jmespath(nc, "number")'),
        _map('note = text(jmespath(nc, "number"))'),
    ),
    CodeSpec(
        "M410",
        "Different types compared",
        "{left} and {right} can't be compared",
        "Only values of one type can be equal, smaller or larger. Convert one side.",
        _map('check nc.qty > 5 else reject "too few"'),
        _map('check decimal(nc.qty) > 5 else reject "too few"'),
    ),
    CodeSpec(
        "M411",
        "Only in tests",
        "`{function}` can only be used in tests",
        "What was sent and which rules fired is known after a run; only tests look at it.",
        _map('check fired("a") else reject "not fired"'),
        _map('check nc.number <> "" else reject "no number"'),
    ),
    CodeSpec(
        "M412",
        "Constant needed",
        "a constant is needed here",
        "Rows of lookups and tables hold constants, so that they can be indexed and analysed.",
        'lookup codes : text -> text\n  | "A" => trim("B ") |\nend',
        'lookup codes : text -> text\n  | "A" => "B" |\nend',
    ),
    CodeSpec(
        "M413",
        "Calls itself",
        "`{name}` needs its own value: {cycle}",
        "Functions and tables end for every input because none of them calls itself, directly or through others.",
        "function a(x: integer) : integer = b(x)\nfunction b(x: integer) : integer = a(x)",
        "function a(x: integer) : integer = b(x)\nfunction b(x: integer) : integer = x + 1",
    ),
    CodeSpec(
        "M414",
        "Function comes to too much",
        "a call of `{name}` comes to more than {limit} parts with the functions it calls",
        "Functions that call others several times over grow quickly. Name the values that are used twice by `let` in "
        "the map.",
        _functions(4),
        _functions(1),
    ),
    CodeSpec(
        "M415",
        "Function looks outside",
        "a function knows its parameters only, not `{name}`",
        "Pass what it needs as an argument; then the same arguments always give the same value.",
        "function today() : text = text(message.now)",
        "function today(now: datetime) : text = text(now)",
    ),
    CodeSpec(
        "M420",
        "Field given twice",
        "the record gives `{name}` twice",
        "A record has one value for each of its fields; of two neither would be right. Remove one.",
        _map('supplier = { id: "V1", id: "V2" }'),
        _map('supplier = { id: "V1" }'),
    ),
)
