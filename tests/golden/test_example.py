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
FLOWS = {
    "incoming-quality": {".json": "incoming_nonconformance", ".edi": "advance_ship_notice"},
    "purchase-orders": {".edi": "customer_order"},
}
NAMES = sorted(
    (folder, p.name)
    for folder, flows in FLOWS.items()
    for p in (ROOT / "examples" / folder / "samples").iterdir()
    if p.suffix in flows and not p.name.endswith(".expected.json")
)
_WHY = ("place", "lineage", "rules", "decisions")
NOW = datetime(2026, 4, 13, 6, 55, tzinfo=UTC)
SHARED = Path(os.environ.get("MAPWRIGHT_SHARED_DATA") or ROOT.parent / "shared" / "data")


def example(folder: str) -> trials.Trial:
    """An example, checked and compiled."""
    return trials.trial(read_folder(ROOT / "examples" / folder))


@pytest.fixture(scope="module")
def trial() -> trials.Trial:
    """The example of incoming quality."""
    return example("incoming-quality")


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


def outcomes(folder: str, name: str, run: Any, runnable: Any, shown: Any = plain) -> dict[str, Any]:
    """What a sample gives: an outcome a document, or the faults of one that must not run."""
    trial = example(folder)
    program, flow = trial.program, FLOWS[folder][Path(name).suffix]
    endpoint = program.manifest.endpoints[program.flows[flow].node.endpoint]
    found = []
    for document in samples.decode_as(program, endpoint, trial.files[f"samples/{name}"]):
        faults = [fault for fault in document.faults if fault.severity == "error"]
        if faults:
            found.append(
                {"state": "dead", "faults": [{"code": f.code, "place": dict(f.place)} for f in faults]}
            )
        else:
            outcome = run(runnable, flow, document.data, Context(now=NOW, message={"id": "m1"}))
            found.append(shown(to_json(outcome)))
    return {"outcomes": json.loads(json.dumps(found, default=str))}


@pytest.mark.parametrize("folder", FLOWS)
def test_an_example_is_without_errors_and_warnings(folder: str) -> None:
    assert [(d.file, d.code, d.message) for d in example(folder).program.diagnostics] == []


@pytest.mark.parametrize("folder", FLOWS)
def test_its_tests_are_green(folder: str) -> None:
    report = trials.run_tests(example(folder).files)
    assert report.results and [r.message for r in report.results if not r.passed] == []


@pytest.mark.parametrize(("folder", "name"), NAMES)
def test_a_sample_gives_what_is_expected(folder: str, name: str) -> None:
    trial = example(folder)
    expected = json.loads(trial.files[f"samples/{Path(name).stem}.expected.json"])
    assert outcomes(folder, name, engine.run, trial.compiled) == expected


@pytest.mark.parametrize(("folder", "name"), NAMES)
def test_the_referee_agrees(folder: str, name: str) -> None:
    trial = example(folder)
    expected = outcomes(folder, name, engine.run, trial.compiled, whole)
    assert outcomes(folder, name, oracle.run, trial.program, whole) == expected


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
