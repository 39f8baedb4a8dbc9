"""The example gives what stands beside its samples, compiled and by the referee; real ship notices all run."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.design import samples, trials
from app.design.rulesets import read_folder
from connectors.errors import ConnectorError
from dsl.program import Program
from rules import engine, oracle
from rules.outcome import Context, to_json

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "incoming-quality"
SAMPLES = FOLDER / "samples"
FLOWS = {".json": "incoming_nonconformance", ".edi": "advance_ship_notice"}
NAMES = sorted(p.name for p in SAMPLES.iterdir() if p.suffix in FLOWS and not p.name.endswith(".expected.json"))
_WHY = ("place", "lineage", "rules", "decisions")
NOW = datetime(2026, 4, 13, 6, 55, tzinfo=UTC)
SHARED = Path(os.environ.get("MAPWRIGHT_SHARED_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="module")
def trial() -> trials.Trial:
    """The example, checked and compiled."""
    return trials.trial(read_folder(FOLDER))


def plain(value: Any) -> Any:
    """An outcome as JSON has it, without why and where: that moves with every line somebody adds."""
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items() if name not in _WHY}
    return [plain(v) for v in value] if isinstance(value, list) else value


def whole(outcome: Any) -> Any:
    """An outcome with places, lineage and decisions; the sources of a value have no order."""
    for lineage in [outcome["lineage"], *(action.get("lineage", {}) for action in outcome["actions"])]:
        for trace in lineage.values():
            trace["sources"].sort()
    return outcome


def outcomes(trial: trials.Trial, name: str, run: Any, runnable: Any, shown: Any = plain) -> dict[str, Any]:
    """What a sample gives: an outcome a document, or the faults of one that must not run."""
    program, flow = trial.program, FLOWS[Path(name).suffix]
    endpoint = program.manifest.endpoints[program.flows[flow].node.endpoint]
    found = []
    for document in samples.decode_as(program, endpoint, (SAMPLES / name).read_bytes()):
        faults = [fault for fault in document.faults if fault.severity == "error"]
        if faults:
            found.append({"state": "dead", "faults": [{"code": f.code, "place": dict(f.place)} for f in faults]})
        else:
            outcome = run(runnable, flow, document.data, Context(now=NOW, message={"id": "m1"}))
            found.append(shown(to_json(outcome)))
    return {"outcomes": json.loads(json.dumps(found, default=str))}


def test_the_example_is_without_errors_and_warnings(trial: trials.Trial) -> None:
    assert [(d.file, d.code, d.message) for d in trial.program.diagnostics] == []


def test_its_tests_are_green(trial: trials.Trial) -> None:
    report = trials.run_tests(trial.files)
    assert report.results and [r.message for r in report.results if not r.passed] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_gives_what_is_expected(trial: trials.Trial, name: str) -> None:
    expected = json.loads((SAMPLES / f"{Path(name).stem}.expected.json").read_text("utf-8"))
    assert outcomes(trial, name, engine.run, trial.compiled) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_referee_agrees(trial: trials.Trial, name: str) -> None:
    expected = outcomes(trial, name, engine.run, trial.compiled, whole)
    assert outcomes(trial, name, oracle.run, trial.program, whole) == expected


def ship_notices() -> list[Path]:
    """Every 856 among the shared real files; some of them may not be copied here."""
    return sorted(p for p in SHARED.glob("x12-*/*856*") if p.is_file())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared real files are not on this machine")
def test_every_real_ship_notice_runs_or_names_its_segment(trial: trials.Trial) -> None:
    program: Program = trial.program
    endpoint = program.manifest.endpoints["edi.asn"]
    files = ship_notices()
    assert len(files) >= 6
    for file in files:
        try:
            documents = samples.decode_as(program, endpoint, file.read_bytes())
        except ConnectorError as error:
            pytest.fail(f"{file.name}: {error.message}")
        for document in documents:
            faults = [fault for fault in document.faults if fault.severity == "error"]
            if faults:
                assert all(fault.place.get("segment") for fault in faults), file.name
                continue
            outcome = engine.run(trial.compiled, "advance_ship_notice", document.data, Context(now=NOW))
            assert outcome.state == "done", (file.name, outcome.reason, outcome.failures)
            assert any(a.type == "send" and a.endpoint == "wms.receipt" for a in outcome.actions), file.name
