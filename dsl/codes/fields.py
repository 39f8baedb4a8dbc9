"""M2xx: the target of a map: what has to be set, and is it set once and with the right type."""

from dsl.codes.spec import CodeSpec

_MAP = "map m : nc in erp.notice -> canon.case\n  on missing reject\n  on error reject\n  on no_match reject\n{}end"


def _map(*lines: str) -> str:
    return _MAP.format("".join(f"  {line}\n" for line in lines))


_ID = "id = nc.number"
_SEVERITY = "severity = minor"

CODES = (
    CodeSpec(
        "M201",
        "Unknown target field",
        "`{target}` is no field of {schema}",
        "Only fields of the target schema can be set. Correct the spelling, or add the field to the schema first.",
        _map(_ID, _SEVERITY, 'notes = "x"'),
        _map(_ID, _SEVERITY, 'note = "x"'),
    ),
    CodeSpec(
        "M202",
        "Value does not fit the target",
        "`{target}` needs {wanted}, but this is {given}",
        "Nothing is converted by itself. Convert with a function (decimal, integer, date, text ...), or translate a "
        "code by a lookup.",
        _map(_ID, _SEVERITY, "qty = nc.qty"),
        _map(_ID, _SEVERITY, "qty = decimal(nc.qty)"),
    ),
    CodeSpec(
        "M203",
        "Required field can end up empty",
        "`{target}` is required but can end up empty",
        "The value can fail in a way that neither the field nor the map handles. Say what then: a default "
        "(`on no_match use minor`), or `reject` the message.",
        "map m : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\n  supplier.id = nc.lot\nend",
        "map m : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\n"
        "  supplier.id = nc.lot on missing reject\nend",
    ),
    CodeSpec(
        "M204",
        "Required field is never set",
        "`{target}` is required but never set",
        "The target schema demands the field. Add a line for it.",
        _map(_ID),
        _map(_ID, _SEVERITY),
    ),
    CodeSpec(
        "M205",
        "Field is set twice",
        "`{target}` is set more than once",
        "A field has one value: the order of lines never decides. Put the lines into the branches of an `if`, or "
        "remove one.",
        _map(_ID, _SEVERITY, "severity = major"),
        _map(_ID, _SEVERITY),
    ),
    CodeSpec(
        "M206",
        "Required field is set on some branches only",
        "`{target}` is required but not set on every branch",
        "Where the condition is false, the field would be empty. Set it in the `else` branch too.",
        _map(_ID, 'if nc.unit = "KGM"', "  severity = minor", "end"),
        _map(_ID, 'if nc.unit = "KGM"', "  severity = minor", "else", "  severity = major", "end"),
    ),
    CodeSpec(
        "M207",
        "Required field can't be left out",
        "`{target}` is required, so it can't be left out",
        "`skip` leaves an optional field out. For a required one say a default by `use`, or `reject`.",
        _map("id = nc.lot on missing skip", _SEVERITY),
        _map('id = nc.lot on missing use "none"', _SEVERITY),
    ),
    CodeSpec(
        "M208",
        "Target is no list",
        "`{target}` is no list of records, so `each` can't fill it",
        "`each ... into` makes one record for each element. Name a field that the schema calls a list of records.",
        _map(_ID, _SEVERITY, "each d in nc.defects into supplier", "  id = d.code", "end"),
        _map(_ID, _SEVERITY, "each d in nc.defects into defects", "  code = d.code", "end"),
    ),
    CodeSpec(
        "M209",
        "Field is set as a whole and in part",
        "`{target}` is set as a whole and in part",
        "Either give the whole record, or its fields one by one.",
        _map(_ID, _SEVERITY, 'supplier = { id: "V1" }', "supplier.rating = A"),
        _map(_ID, _SEVERITY, 'supplier.id = "V1"', "supplier.rating = A"),
    ),
    CodeSpec(
        "M210",
        "Name is taken",
        "`{name}` already stands for something else here",
        "Names of parameters, `let` and `each` may not cover one another, so that a line means the same wherever it "
        "stands.",
        _map("let nc = 1", _ID, _SEVERITY),
        _map("let one = 1", _ID, _SEVERITY),
    ),
    CodeSpec(
        "M211",
        "Field inside a list",
        "`{target}` lies inside the list `{list}`",
        "A list has no single field to set. Make its records by `each ... into`.",
        _map(_ID, _SEVERITY, 'defects.code = "A"'),
        _map(_ID, _SEVERITY, "each d in nc.defects into defects", "  code = d.code", "end"),
    ),
    CodeSpec(
        "M212",
        "Field can't be copied",
        "`{target}` can't be copied: {problem}",
        "`copy` takes every field that both sides have under one name. Where it does not fit, take it out by "
        "`except` and give it a line of its own.",
        _map(_ID, _SEVERITY, "copy nc.*"),
        _map(_ID, _SEVERITY, "copy nc.* except qty"),
    ),
    CodeSpec(
        "M213",
        "Nothing to copy",
        "{problem}",
        "`copy` has to copy something, and what it leaves out has to be a field that it would copy.",
        _map(_ID, _SEVERITY, "copy nc.* except qty, lot"),
        _map(_ID, _SEVERITY, "copy nc.* except qty"),
    ),
    CodeSpec(
        "M214",
        "The schema does not allow this value",
        "`{target}`: {problem}",
        "A schema can limit a field further than by its type: the length of a text, a pattern, a range, allowed values. "
        "A constant, or a row of a lookup, that breaks such a limit would be refused in every message. Shorten or "
        "correct the value, or make a new version of the schema. Values that are known only from a message are "
        "held to the limits when the map has run.",
        _map(_ID, _SEVERITY, 'note = "The whole delivery has to be counted again"'),
        _map(_ID, _SEVERITY, 'note = "Count the delivery again"'),
    ),
)
