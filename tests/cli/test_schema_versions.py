"""`schema compare` and `schema check`: exit 1 where versions are not compatible the way that was asked for."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands.schemas import schema

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "incoming-quality"
OLD = {"type": "object", "properties": {"lot": {"type": "string"}}}
NEW = {**OLD, "required": ["lot"]}


def run(*arguments):
    result = CliRunner().invoke(schema, [str(a) for a in arguments], standalone_mode=False)
    assert result.exception is None, result.exception
    return result


@pytest.fixture
def files(tmp_path):
    for version, document in (("v1", OLD), ("v2", NEW)):
        (tmp_path / f"erp.order@{version}.json").write_text(json.dumps(document))
    return tmp_path / "erp.order@v1.json", tmp_path / "erp.order@v2.json"


def test_two_files_are_compared_in_words(files):
    done = run("compare", *files)
    assert done.return_value == 1
    assert (
        "breaks `lot` became required: messages of v1 without it will be refused."
        in done.stdout + done.stderr
    )


@pytest.mark.parametrize(("mode", "status"), [("backward", 1), ("forward", 0), ("full", 1)])
def test_the_mode_decides(files, mode, status):
    done = run("compare", *files, "--mode", mode, "--json")
    assert done.return_value == status and json.loads(done.stdout)["ok"] is (status == 0)


def test_a_rule_set_is_checked_over_all_its_versions(tmp_path):
    folder = shutil.copytree(EXAMPLE, tmp_path / "set")
    assert run("check", folder).return_value == 0
    one = folder / "schemas" / "sap.defect@v1.json"
    document = json.loads(one.read_text())
    document["required"] = [
        *document.get("required", []),
        next(n for n in document["properties"] if n not in document.get("required", [])),
    ]
    (folder / "schemas" / "sap.defect@v2.json").write_text(json.dumps(document))
    done = run("check", folder, "--json")
    assert done.return_value == 1 and [i["new"] for i in json.loads(done.stdout)["items"]] == ["v2"]
