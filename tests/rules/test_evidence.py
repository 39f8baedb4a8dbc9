"""What samples show about findings: counts, values, and the row that is not there."""

from dsl.checker import check
from dsl.edits import apply_edits
from rules.evidence import evident
from tests.dsl.workshop import USES, files

LOOKUP = 'lookup classes : text -> severity\n  | "1" => critical |\nend\n'
DOCUMENTS = [
    {"number": n, "qty": q, "unit": u} for n, q, u in (("A", "1", "1"), ("B", "x", "7"), ("C", "3", "7"))
]


def judged(*lines, lookup=LOOKUP, documents=DOCUMENTS):
    body = "".join(f"  {line}\n" for line in ("id = nc.number", *lines))
    text = f"{lookup}map m : nc in erp.notice -> canon.case\n{body}end\n"
    program = check(files(text))
    return text, evident(program, {"erp.notice@v1": documents})


def labels(program):
    return [(d.code, label.message) for d in program.diagnostics for label in d.labels]


def test_a_value_without_a_row_is_named_with_its_count():
    _, program = judged("severity = lookup classes(nc.unit)")
    assert labels(program) == [("M203", '"7" has no row (2 of 3 samples)')]


def test_the_row_that_is_offered_settles_the_finding():
    text, program = judged("severity = lookup classes(nc.unit)")
    fix = next(fix for fix in program.diagnostics[0].fixes if fix.title == 'Add the row "7" => minor')
    changed = apply_edits(USES + text, fix.edits)
    assert '  | "1" => critical |\n  | "7" => minor |\nend' in changed


def test_a_text_for_a_text_passes_through():
    codes = 'lookup codes : text -> text\n  | "1" => "EA" |\nend\n'
    _, program = judged("severity = minor", "note = lookup codes(nc.unit)", lookup=codes)
    assert [fix.title for fix in program.diagnostics[0].fixes][-1] == 'Add the row "7" => "7"'


def test_values_that_can_not_be_converted_are_named():
    _, program = judged("severity = minor", "qty = decimal(nc.qty)")
    assert labels(program) == [("M501", '"x" fails (1 of 3 samples)')]


def test_a_value_that_is_missing_is_counted():
    _, program = judged("severity = minor", "note = nc.lot")
    assert labels(program) == [("M501", "missing (3 of 3 samples)")]


def test_what_never_fails_in_the_samples_has_no_evidence():
    _, program = judged("severity = lookup classes(nc.unit)", documents=DOCUMENTS[:1])
    assert labels(program) == []


def test_a_handled_look_up_that_rejects_samples_is_a_warning():
    _, program = judged("severity = lookup classes(nc.unit) on no_match reject")
    assert [d.code for d in program.diagnostics] == ["M619"]
    assert '"7" has no row (2 of 3 samples)' in program.diagnostics[0].message


def test_a_handled_look_up_that_steps_in_is_fine():
    _, program = judged("severity = lookup classes(nc.unit) on no_match use minor")
    assert program.diagnostics == ()


def test_a_program_with_other_errors_still_gets_its_evidence():
    _, program = judged(
        "severity = lookup classes(nc.unit)", "note = nc.nothing & unheard(nc.unit)", "nope = 1"
    )
    assert labels(program) == [("M203", '"7" has no row (2 of 3 samples)')]


def test_values_inside_lists_count_once_a_sample():
    documents = [{**DOCUMENTS[0], "defects": [{"code": "9"}, {"code": "8"}]}]
    lines = (
        "severity = minor",
        "each d in nc.defects into defects",
        "  code = lookup classes(d.code)",
        "end",
    )
    _, program = judged(*lines, documents=documents)
    assert labels(program) == [("M203", '"9", "8" have no row (the only sample)')]


def test_somebody_may_say_that_it_is_enough():
    program = check(
        files(
            f"{LOOKUP}map m : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = lookup classes(nc.unit)\nend\n"
        )
    )
    assert labels(evident(program, {"erp.notice@v1": DOCUMENTS}, lambda: True)) == []
