"""What pipelines read: SARIF, JUnit, coverage by name and line, and the example laid out as `format` says."""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from tests.cli.running import EXAMPLE, ROOT, mapwright

SCHEMA = ROOT / "tests" / "conformance" / "sarif" / "sarif-2.1.0-rtm.5.json"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A rule set with two mistakes, one of them with a fix, in a file whose name needs quoting."""
    folder = tmp_path / "shop"
    assert mapwright("init", str(folder)).returncode == 0
    text = (folder / "maps" / "orders.mw").read_text()
    (folder / "maps" / "orders.mw").unlink()
    wrong = text.replace("o.number", "o.nummer", 1).replace("lookup urgencies(", "lookup urgences(")
    (folder / "maps" / "all orders.mw").write_text(wrong)
    return folder


def test_sarif_is_valid_and_says_the_same_as_json(broken: Path) -> None:
    done = mapwright("check", str(broken), "--sarif")
    log, found = json.loads(done.stdout), json.loads(mapwright("check", str(broken), "--json").stdout)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    for part in ("run", "toolComponent"):
        del schema["definitions"][part]["properties"]["language"]["pattern"]
    validator = jsonschema_rs.validator_for(schema)
    assert [error.message for error in validator.iter_errors(log)] == []
    results = log["runs"][0]["results"]
    places = [r["locations"][0]["physicalLocation"] for r in results]
    assert done.returncode == 1
    assert [r["ruleId"] for r in results] == [d["code"] for d in found["diagnostics"]]
    assert [p["region"]["startLine"] for p in places] == [d["line"] for d in found["diagnostics"]]
    assert {p["artifactLocation"]["uri"] for p in places} == {"maps/all%20orders.mw"}
    texts = [
        f["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"]
        for r in results
        for f in r.get("fixes", [])
    ]
    assert "urgencies" in texts


def test_a_green_rule_set_gives_an_empty_sarif_run() -> None:
    done = mapwright("check", str(EXAMPLE), "--sarif")
    assert done.returncode == 0 and json.loads(done.stdout)["runs"][0]["results"] == []


def test_json_and_sarif_together_are_wrong_use() -> None:
    assert mapwright("check", str(EXAMPLE), "--sarif", "--json").returncode == 2


def test_junit_says_why_no_test_was_run(broken: Path, tmp_path: Path) -> None:
    target = tmp_path / "junit.xml"
    assert mapwright("test", str(broken), "--junit", str(target)).returncode == 1
    root = ElementTree.parse(target).getroot()
    assert root.get("errors") == "1" and "M3" in (root.findtext("testsuite/testcase/error") or "")


def test_coverage_names_what_no_test_reached_and_where(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder)
    tests = folder / "tests" / "asn.mw"
    tests.write_text(
        re.sub(r'test "a shipment that the supplier cancels.*?\nend\n', "", tests.read_text(), flags=re.S)
    )
    done = mapwright("test", str(folder), "--coverage")
    lines = (folder / "rules" / "receiving.mw").read_text().splitlines()
    line = next(n for n, words in enumerate(lines, 1) if "rule cancelled" in words)
    assert done.returncode == 0
    assert f"not reached: receiving/cancelled (rules/receiving.mw:{line})" in done.stderr
    assert "fields: " in done.stderr and "rows: " in done.stderr


def test_the_tests_of_the_examples_reach_everything() -> None:
    for example in (EXAMPLE, EXAMPLE.with_name("purchase-orders")):
        done = mapwright("test", str(example), "--coverage")
        assert done.returncode == 0 and "not reached" not in done.stderr


def test_examples_and_what_init_writes_are_laid_out(tmp_path: Path) -> None:
    assert mapwright("init", str(tmp_path / "shop")).returncode == 0
    for folder in (EXAMPLE, tmp_path / "shop"):
        done = mapwright("format", str(folder), "--check")
        assert (done.returncode, done.stderr) == (0, "")


def test_a_text_that_cannot_be_laid_out_is_said_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    assert mapwright("init", str(folder)).returncode == 0
    (folder / "maps" / "latin.mw").write_bytes(b"# caf\xe9\n")
    (folder / "maps" / "open.mw").write_text('flow f\n  owner "a"\n')
    done = mapwright("format", str(folder))
    assert done.returncode == 1
    assert "maps/latin.mw: left as it is" in done.stderr and "maps/open.mw: left as it is" in done.stderr


def test_a_rule_set_becomes_one_page(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    assert mapwright("docs", str(EXAMPLE), "-o", str(target)).returncode == 0
    page = target.read_text("utf-8")
    assert page.startswith("<!doctype html>") and 'id="map-defect_to_nonconformance"' in page
    text = mapwright("docs", str(EXAMPLE), "--markdown").stdout
    assert text.startswith("# Incoming quality") and "## Decision tables" in text
