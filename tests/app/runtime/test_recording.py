"""The record of a message says what `to_json` says, whatever came before it."""

import json
from datetime import UTC, datetime
from pathlib import Path

from app.design import samples, trials
from app.design.rulesets import read_folder
from app.runtime.recording import record_of
from rules import engine
from rules.outcome import Context, to_json

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "incoming-quality"


def test_the_record_of_an_outcome_says_the_same_as_its_json() -> None:
    trial = trials.trial(read_folder(EXAMPLE))
    flow = "incoming_nonconformance"
    endpoint = trial.program.manifest.endpoints[trial.program.flows[flow].node.endpoint]
    files = [
        path.read_bytes()
        for path in sorted((EXAMPLE / "samples").glob("*.json"))
        if ".expected" not in path.name
    ]
    context = Context(now=datetime(2026, 4, 13, 6, 55, tzinfo=UTC), message={"id": "m1"})
    told = 0
    for content in files * 2:
        for document in samples.decode_as(trial.program, endpoint, content):
            outcome = engine.run(trial.compiled, flow, document.data, context)
            said = json.loads(json.dumps(to_json(outcome), default=str))
            assert json.loads(bytes(record_of(outcome))) == said
            told += len(said["lineage"])
    assert told > 100
