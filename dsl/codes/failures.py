"""M5xx: every way a value can fail is handled, and nothing else is."""

from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Severity


def _map(*lines: str) -> str:
    body = "".join(f"  {line}\n" for line in ("id = nc.number", "severity = minor", *lines))
    return f"map m : nc in erp.notice -> canon.case\n{body}end"


def _rules(condition: str) -> str:
    return f'rules r : c in canon.case\n  rule a\n    when {condition}\n    then ignore "done"\n  end\nend'


CODES = (
    CodeSpec(
        "M501",
        "Failure is not handled",
        "`{target}` can fail as `{kind}` and nothing says what then",
        "Four things can go wrong: missing, error, no_match, many. Handle each that can occur on the line "
        "(`on missing skip`) or for the whole map (`on missing reject` below its first line).",
        _map("qty = decimal(nc.qty)"),
        _map("qty = decimal(nc.qty) on error skip"),
    ),
    CodeSpec(
        "M502",
        "Handler for what can't happen",
        "this never fails as `{kind}`, so the handler never acts",
        "Remove the handler; otherwise a reader believes that the value can fail.",
        _map("note = nc.number on missing skip"),
        _map("note = nc.number"),
        Severity.WARNING,
    ),
    CodeSpec(
        "M503",
        "Two handlers for one failure",
        "`{kind}` is handled twice",
        "One line has one answer to each kind of failure. Remove one.",
        _map("note = nc.lot on missing skip on missing reject"),
        _map("note = nc.lot on missing skip"),
    ),
    CodeSpec(
        "M504",
        "Row handler outside each",
        "`{action}` only works inside `each`",
        "There is no row to leave out here. Use `skip` or `reject`.",
        _map("note = nc.lot on missing skip row"),
        _map("note = nc.lot on missing skip"),
    ),
    CodeSpec(
        "M505",
        "Failure with no one to handle it",
        "this can fail as `{kind}`, and nothing can handle it here",
        "Conditions of rules, flows and the values of `use` have no handlers. Guard the value "
        "(`x is not missing and ...`), or give a default by coalesce(x, ...).",
        _rules("c.qty > 5"),
        _rules("c.qty is not missing and c.qty > 5"),
    ),
    CodeSpec(
        "M506",
        "Test that is always the same",
        "this is never missing, so the test always says {answer}",
        "The schema calls the value required, or a guard has settled it already.",
        _map('check nc.number is not missing else reject "no number"'),
        _map('check nc.lot is not missing else reject "no lot"'),
        Severity.WARNING,
    ),
    CodeSpec(
        "M507",
        "Map can't give a value to all its fields",
        "`use` needs the field it is for",
        "The lines below the head of a map hold for every field, so they can only `skip` or `reject`. Write `use` on "
        "the line of its field.",
        'map m : nc in erp.notice -> canon.case\n  on missing use "none"\n  id = nc.number\n  severity = minor\nend',
        "map m : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\n"
        '  note = nc.lot on missing use "none"\nend',
    ),
)
