"""`import` prints a text of the language, `export` a file of another tool; what is refused is named, with exit code 1."""

import json
from pathlib import Path

from click.testing import CliRunner

from app.commands.imports import export, import_

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "incoming-quality"
FILES = ROOT / "tests" / "dsl" / "exchange" / "files"


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(a) for a in arguments], standalone_mode=False)
    assert result.exception is None, result.exception
    return result


def test_a_table_goes_out_and_comes_back(tmp_path):
    texts = []
    for format in ("dmn", "csv", "xlsx"):
        made = tmp_path / f"disposition.{format}"
        assert run(export, format, EXAMPLE, "disposition", "--into", made).return_value == 0
        texts.append(run(import_, format, made).stdout)
    assert "table disposition policy" in texts[0] and texts == texts[:1] * 3


def test_dmn_as_one_object():
    told = json.loads(run(import_, "dmn", FILES / "inspection.dmn", "--json").stdout)
    assert (
        told["ok"]
        and told["tables"] == ["hold_scope"]
        and told["text"].startswith("table hold_scope policy first")
    )


def test_what_is_refused_is_named(tmp_path):
    wrong = tmp_path / "a.dmn"
    wrong.write_bytes(
        (FILES / "inspection.dmn").read_bytes().replace(b"<text>-1</text>", b"<text>now()</text>")
    )
    result = run(import_, "dmn", wrong, "--json")
    assert result.return_value == 1 and "call of `now`" in json.loads(result.stdout)["faults"][0]


def test_schemas_are_proposed(tmp_path):
    sample, rows = tmp_path / "a.json", tmp_path / "a.csv"
    sample.write_text('{"id": "1", "n": 2}')
    rows.write_text("Plant,Qty\n0010,1.5\n")
    told = json.loads(run(import_, "json", sample, "--name", "shop.order@v2", "--json").stdout)
    assert told["schema"]["$id"] == "shop.order@v2" and told["fields"][1]["present"] == 1
    assert '"format": "decimal"' in run(import_, "csv", rows, "--as", "schema").stdout
    assert "x-root" in run(import_, "xsd", FILES / "order.xsd").stdout
