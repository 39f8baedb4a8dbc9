"""M3xx: names and paths that mean nothing, or two things."""

from dsl.codes.spec import CodeSpec

_MAP = "map m : nc in erp.notice -> canon.case\n  on missing reject\n  on error reject\n  on no_match reject\n{}end"


def _map(*lines: str) -> str:
    return _MAP.format("".join(f"  {line}\n" for line in lines))


_SEVERITY = "severity = minor"
_GOOD = _map("id = nc.number", _SEVERITY)

CODES = (
    CodeSpec(
        "M301",
        "Unknown name",
        "`{name}` is not known here",
        "A name is a parameter, a `let`, an `each` variable, or - where one is expected - a value of an enumeration. "
        "Texts stand in quotes.",
        _map("id = cn.number", _SEVERITY),
        _GOOD,
    ),
    CodeSpec(
        "M302",
        "Unknown field",
        "{record} has no field `{field}`",
        "Paths are checked against the schema of the source. Correct the spelling, or add the field to the schema.",
        _map("id = nc.nummer", _SEVERITY),
        _GOOD,
    ),
    CodeSpec(
        "M303",
        "Value without fields",
        "`{field}` can't be taken from {type}",
        "Only records have fields (and quantities `value` and `unit`, money `value` and `currency`).",
        _map("id = nc.number.text", _SEVERITY),
        _GOOD,
    ),
    CodeSpec(
        "M304",
        "Unknown function",
        "there is no function `{name}`",
        "The reference lists all functions.",
        _map("id = trimm(nc.number)", _SEVERITY),
        _map("id = trim(nc.number)", _SEVERITY),
    ),
    CodeSpec(
        "M305",
        "Unknown declaration",
        "there is no {kind} `{name}`",
        "Maps, tables, lookups and rules are found by name in the whole rule set; lookups from files need "
        "`use lookup`.",
        _map("id = nc.number", "severity = lookup codes(nc.unit)"),
        'lookup codes : text -> severity\n  | "A" => major |\nend\n'
        + _map("id = nc.number", "severity = lookup codes(nc.unit)"),
    ),
    CodeSpec(
        "M306",
        "Declared twice",
        "{kind} `{name}` is declared twice",
        "Every map, lookup, table, rules, flow and test has a name of its own in the rule set.",
        f"{_GOOD}\n{_GOOD}",
        _GOOD,
    ),
    CodeSpec(
        "M307",
        "Unknown type",
        "there is no type `{name}`",
        "Types are text, integer, decimal, percent, boolean, date, time, datetime, duration, quantity, money, "
        "enum{...}, record{...}, list of ..., what `type` declares, and the names in `$defs` of a schema that the module uses.",
        'lookup codes : text -> sverity\n  | "A" => major |\nend',
        'lookup codes : text -> severity\n  | "A" => major |\nend',
    ),
    CodeSpec(
        "M308",
        "Unknown value of an enumeration",
        "`{value}` is no value of {type}",
        "An enumeration has a closed list of values; the help names them.",
        _map("id = nc.number", "severity = low"),
        _GOOD,
    ),
    CodeSpec(
        "M309",
        "Schema is not used by the module",
        "this module does not use the schema `{schema}`",
        "Every module says at its top which schemas it means, with their version.",
        "map m : nc in erp.other -> canon.case\n  id = nc.number\n  severity = minor\nend",
        _GOOD,
    ),
    CodeSpec(
        "M310",
        "Source schema is not clear",
        "say which schema `{name}` has: `{name} in ...`",
        "The short form works where the module uses exactly one schema besides the target.",
        "map m : nc, other -> canon.case\n  id = nc.number\n  severity = minor\nend",
        "map m : nc in erp.notice, other in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\nend",
    ),
    CodeSpec(
        "M340",
        "Unknown unit or currency of a type",
        "{problem}",
        "The unit of a quantity is a code of UN/ECE Rec 20 (or a package of Rec 21), the currency of money one of ISO 4217.",
        "function f(weight: quantity(KG)) : decimal = weight.value",
        "function f(weight: quantity(KGM)) : decimal = weight.value",
    ),
    CodeSpec(
        "M311",
        "Type contains itself",
        "`{name}` would contain itself: {cycle}",
        "A value of such a type would never end. Use a schema, whose records may refer to themselves, or take the "
        "field out.",
        "type part = record { number: text, parts: list of part }",
        "type part = record { number: text, parts: list of text }",
    ),
)
