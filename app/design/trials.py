"""Trying a rule set out without storing anything: check, run a sample, preview, tests.

`files` are all files of a rule set, samples included, as `rulesets.read_files` gives them.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Any

from app.design import samples
from app.design.errors import NotRunnable, SampleInvalid
from app.design.rulesets import only_samples, without_samples
from dsl import checker
from dsl.diagnostics import to_json
from dsl.program import CheckedFlow, CheckedMap, Program
from rules import compiler, engine, outcome
from rules.evidence import evident
from rules.outcome import Context, Outcome
from rules.testing import TestReport
from rules.testing import run_tests as run_test_blocks
from rules.waiting import AllRecords

_KEPT = 24
_PATIENCE = 0.2
"""Seconds for running samples after a keystroke; a check on the command line takes what it needs."""


class Trial:
    """One state of a rule set's files: checked at once, compiled and its samples read when asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.program: Program = checker.check(without_samples(files), only_samples(files))

    @cached_property
    def judged(self) -> Program:
        """The program with what the samples show beside its findings, as far as a moment's look tells."""
        return judge(self.program, self.files)

    @cached_property
    def compiled(self) -> Any:
        """The compiled program; NotRunnable where the checker found errors."""
        if not self.program.ok:
            raise NotRunnable(details={"diagnostics": diagnostics_json(self.program)})
        return compiler.compile_program(self.program)

    @cached_property
    def samples(self) -> dict[str, Any]:
        """File name -> document of every sample that can be read."""
        return samples.decoded_samples(self.program, self.files)


_documents_read: OrderedDict[str, Mapping[str, Any]] = OrderedDict()


def _documents(program: Program, files: Mapping[str, bytes]) -> Mapping[str, Any]:
    """The samples as documents; read again only where a file other than a module has changed."""
    key = content_hash({path: content for path, content in files.items() if not path.endswith(".mw")})
    with _lock:
        if key in _documents_read:
            return _documents_read[key]
    read = samples.documents_by_schema(program, files)
    with _lock:
        _documents_read[key] = read
        while len(_documents_read) > _KEPT:
            _documents_read.popitem(last=False)
    return read


_trials: OrderedDict[str, Trial] = OrderedDict()
_lock = Lock()


def trial(files: Mapping[str, bytes]) -> Trial:
    """The trial of these files, made once for equal content."""
    key = content_hash(files)
    with _lock:
        if key in _trials:
            _trials.move_to_end(key)
            return _trials[key]
    made = Trial(files)
    with _lock:
        _trials[key] = made
        while len(_trials) > _KEPT:
            _trials.popitem(last=False)
    return made


def judge(program: Program, files: Mapping[str, bytes]) -> Program:
    """A checked program with what its samples show, as far as a moment's look tells."""
    end = monotonic() + _PATIENCE
    return evident(program, _documents(program, files), lambda: monotonic() > end)


def check_files(files: Mapping[str, bytes]) -> Program:
    """The typed program with every diagnostic, and what the samples show of each."""
    return trial(files).judged


def check_thoroughly(files: Mapping[str, bytes]) -> Program:
    """The same with every sample run, however long that takes."""
    program = trial(files).program
    return evident(program, _documents(program, files))


def check_json(program: Program) -> dict[str, Any]:
    """The shape of `check --json`."""
    return {"ok": program.ok, "files": len(program.sources), "diagnostics": diagnostics_json(program)}


def diagnostics_json(program: Program) -> list[dict[str, Any]]:
    """Every diagnostic as data."""
    return [to_json(diagnostic, program.sources) for diagnostic in program.diagnostics]


def run_sample(
    files: Mapping[str, bytes],
    flow: str,
    sample: str,
    document: int = 1,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The outcome of one flow for a document of a sample, as `run-sample --json` shows it."""
    here = trial(files)
    compiled = here.compiled
    if flow not in here.program.flows:
        raise SampleInvalid(f"there is no flow {flow}", {"known": sorted(here.program.flows)})
    data = _document(here, sample, document, _known_endpoint(here, here.program.flows[flow]))
    return outcome.to_json(engine.run(compiled, flow, data, _context(now)))


def preview(
    files: Mapping[str, bytes],
    subject: str,
    sample: str,
    document: int = 1,
    now: datetime | None = None,
) -> dict[str, Any]:
    """What a flow, or else a map of this name, makes of a sample.

    A map gets the sample where it reads that, and the event where it reads what a flow makes of it.
    """
    here = trial(files)
    if subject in here.program.flows:
        return run_sample(files, subject, sample, document, now)
    return outcome.to_json(preview_map(here, subject, sample, document, now))


def preview_map(here: Trial, name: str, sample: str, document: int, now: datetime | None = None) -> Outcome:
    """One map run on a document of a sample."""
    compiled = here.compiled
    checked = here.program.maps.get(name)
    if checked is None:
        known = sorted({*here.program.maps, *here.program.flows})
        raise SampleInvalid(f"there is no map or flow {name}", {"known": known})
    inputs = _map_inputs(here, checked, sample, document, now)
    return engine.run_map(compiled, name, inputs, _context(now))


def run_tests(files: Mapping[str, bytes]) -> TestReport:
    """Every test block of the rule set."""
    here = trial(files)
    return run_test_blocks(here.compiled, here.samples)


def content_hash(files: Mapping[str, bytes]) -> str:
    """A hash over paths and contents."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _document(here: Trial, sample: str, number: int, endpoint: str | None) -> Any:
    documents = samples.decode_sample(here.program, here.files, sample, endpoint)
    if not 1 <= number <= len(documents):
        raise SampleInvalid(f"{sample} holds {len(documents)} documents, there is no number {number}")
    return documents[number - 1].data


def _map_inputs(
    here: Trial, checked: CheckedMap, sample: str, number: int, now: datetime | None
) -> dict[str, Any]:
    """What the parameters of a map are, for a sample that some flow receives."""
    for flow in here.program.flows.values():
        records = {id(record) for _, record in checked.parameters}
        if not records <= {id(flow.schema.record), id(flow.event.record)}:
            continue
        try:
            data = _document(here, sample, number, _known_endpoint(here, flow))
        except SampleInvalid:
            continue
        values = {id(flow.schema.record): data}
        if id(flow.event.record) in records - set(values):
            values[id(flow.event.record)] = engine.run(
                here.compiled, flow.node.name, data, _context(now)
            ).event
        return {name: values[id(record)] for name, record in checked.parameters}
    if len(checked.parameters) > 1 or here.program.flows:
        raise SampleInvalid(f"no flow comes from {sample} to what {checked.node.name} reads: preview a flow")
    return {checked.parameters[0][0]: _document(here, sample, number, None)}


def _known_endpoint(here: Trial, flow: CheckedFlow) -> str | None:
    return flow.node.endpoint if flow.node.endpoint in here.program.manifest.endpoints else None


def _context(now: datetime | None) -> Context:
    """Nothing is remembered and nobody is asked: what needs a record or an answer shows as waiting for it."""
    message = {"id": "preview", "replayed": False}
    return Context(now=now or datetime.now(UTC), message=message, recalled=AllRecords())
