"""`where-used` names what depends on a field, for people and as one object."""

import json
from pathlib import Path

from click.testing import CliRunner

from app.commands.usage import where_used
from app.terminal import Stop

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "incoming-quality"


def run(*arguments):
    return CliRunner().invoke(where_used, [str(EXAMPLE), *arguments], standalone_mode=False)


def test_the_uses_are_listed_with_their_way():
    told = json.loads(run("sap.defect.DefectiveQuantity", "--json").stdout)
    last = told["uses"][-1]
    assert told["count"] > 10 and last["way"][-1] == last["words"] and not last["direct"]


def test_an_unknown_field_is_refused_with_what_was_meant():
    error = run("sap.defect.Materal").exception
    assert isinstance(error, Stop) and "did you mean sap.defect.Material" in str(error)
