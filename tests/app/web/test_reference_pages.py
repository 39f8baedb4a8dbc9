"""The reference in the application: found by a word, tried in a form under limits, linked from findings."""

import pytest

from dsl.codes import CODES


def test_functions_are_found_by_a_word(ana):
    page = ana.get("/reference/functions?q=check digit").text
    assert "gs1_valid" in page and "strip_zeros" not in page
    assert "No function has" in ana.get("/reference/functions?q=<b>").text


def test_the_form_comes_filled_with_an_example(ana):
    page = ana.get("/reference/functions/round").text
    assert 'name="value" value="33.335"' in page and 'name="digits" value="2"' in page


@pytest.mark.parametrize(
    ("name", "form", "status", "says"),
    [
        ("round", {"value": "12.345", "digits": "1"}, 200, "12.3"),
        ("jmespath", {"value": "{ a: [1, 2.50] }", "expression": '"a[1]"'}, 200, "2.50"),
        ("pad_left", {"value": '"x"', "width": "999999999"}, 200, "fails as error"),
        ("upper", {"value": "missing"}, 200, "fails as missing"),
        ("upper", {"value": "12"}, 422, "upper"),
        ("upper", {"value": '"a") & upper("b"'}, 422, "does not match its bracket"),
        ("upper", {"value": "open('/etc/passwd')"}, 422, "value: "),
        ("upper", {"value": "x" * 9000}, 422, "longer than 4000 characters"),
        ("upper", {"value": '"<script>alert(1)</script>"'}, 200, "&lt;SCRIPT&gt;"),
        ("matches", {"value": '"' + "a" * 60 + '"', "pattern": '"(a+)+b"'}, 200, "false"),
        (
            "jmespath",
            {"value": "[1]", "expression": '"' + "|".join(["[@,@]"] * 40) + '"'},
            200,
            "larger than",
        ),
    ],
)
def test_a_function_is_tried_under_the_limits_of_a_run(ana, name, form, status, says):
    answer = ana.post(f"/reference/functions/{name}", form)
    assert answer.status_code == status
    assert says in answer.text and "<script>alert" not in answer.text


def test_tests_only_functions_have_no_form(ana):
    assert "Try it" not in ana.get("/reference/functions/fired").text
    assert ana.post("/reference/functions/fired", {}).status_code == 404


def test_trying_needs_a_login(browse):
    assert browse("").get("/reference/functions/round").status_code in (302, 401)


def test_every_finding_has_a_page(ana):
    for code in list(CODES)[::12]:
        page = ana.get(f"/reference/diagnostics/{code}")
        assert page.status_code == 200 and CODES[code].title.split()[0] in page.text
    assert ana.get("/reference/diagnostics/M999").status_code == 404
    assert all(code in ana.get("/reference/diagnostics").text for code in CODES)
