"""Runs the test blocks of a rule set and says what they covered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from dsl import syntax
from dsl.program import CheckedTest, Program
from dsl.types import Record, Type
from rules import engine, oracle
from rules.compiler import Compiled, compile_program
from rules.coverage import Coverage
from rules.errors import BudgetExceeded
from rules.expecting import Expectations
from rules.outcome import Context, Outcome
from rules.referee.environment import Binding, Environment
from rules.referee.evaluate import Blamed
from rules.referee.maps import Log
from rules.shaping import plain_value, read_document, read_input, write_input
from rules.supplying import Supplied

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
"""The moment of every test: what depends on today has to be said in the test."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test went; `message` says why it failed."""

    __test__ = False
    name: str
    file: str
    line: int
    passed: bool
    message: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """All tests of a rule set, and the coverage of fields, rows, rules and branches."""

    __test__ = False
    results: list[TestResult]
    coverage: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether every test is green."""
        return all(result.passed for result in self.results)


def run_tests(program: Program | Compiled, samples: Mapping[str, Any]) -> TestReport:
    """Run every test; `samples` are decoded documents by file name."""
    compiled = program if isinstance(program, Compiled) else compile_program(program)
    coverage = Coverage(compiled.program)
    results = [_Trial(compiled, test, samples, coverage).run() for test in compiled.program.tests]
    return TestReport(results, coverage.report())


class _Trial:
    """One test being run."""

    def __init__(
        self, compiled: Compiled, test: CheckedTest, samples: Mapping[str, Any], coverage: Coverage
    ) -> None:
        self.compiled = compiled
        self.program = compiled.program
        self.test = test
        self.node = test.node
        self.context = Context(NOW, {"id": "test"})
        self.e = Expectations(self.program, self.context, test, samples)
        self.coverage = coverage
        self.env = Environment()
        self.raw: dict[str, Any] = {}
        self.partial = False

    def run(self) -> TestResult:
        """Give, run, expect."""
        try:
            self._give()
            self._supply()
            self._perform()
            message = self._expect()
        except Blamed as blamed:
            message = f"{self.e.text(blamed.node)} fails: {blamed}"
        except BudgetExceeded as exceeded:
            message = exceeded.message
        source = self.program.sources[self.test.path]
        line, _ = source.position(self.node.span.start)
        subject = f"{self.node.subject} {self.node.subject_name}"
        return TestResult(self.node.name, self.test.path, line, not message, message, subject)

    def _give(self) -> None:
        records = self._records()
        with engine.exact():
            for given in self.node.givens:
                value = self.e.need(given.value, self.env)
                record = records.get(given.name)
                is_sample = isinstance(given.value, syntax.Call) and given.value.function == "sample"
                self.partial = self.partial or not is_sample
                if record is None:
                    self.raw[given.name] = plain_value(value)
                elif is_sample:
                    self.raw[given.name], value = value, read_input(value, record)[0]
                else:
                    self.raw[given.name] = write_input(value, record)
                self.env.bindings[given.name] = Binding(value)

    def _supply(self) -> None:
        """What the flow finds while it runs; a dataset holds nothing else."""
        if self.node.subject == "flow":
            with engine.exact():
                supplied = Supplied(
                    self.program, self.e, self.env, self.program.flows[self.node.subject_name]
                )
                self.context = supplied.context(self.context, self.node.supplies)

    def _records(self) -> dict[str, Type]:
        name = self.node.subject_name
        match self.node.subject:
            case "map":
                return dict(self.program.maps[name].parameters)
            case "apply":
                rules = self.program.rules[name]
                return {rules.node.parameter.name: rules.schema.record}
            case "flow":
                flow = self.program.flows[name]
                return {flow.node.variable: flow.schema.record}
            case _:
                return {}

    def _perform(self) -> None:
        name = self.node.subject_name
        log = Log()
        match self.node.subject:
            case "map":
                outcome = engine.run_map(self.compiled, name, self.raw, self.context, partial=self.partial)
                oracle.run_map(self.program, name, self.raw, self.context, partial=self.partial, log=log)
                self._result(outcome, log, self.program.maps[name].target.record, outcome.event)
            case "apply":
                record = self.program.rules[name].schema.record
                subject = self.raw.get(self.program.rules[name].node.parameter.name, {})
                outcome = engine.apply_rules(self.compiled, name, subject, self.context)
                oracle.apply_rules(self.program, name, subject, self.context, log=log)
                self._result(outcome, log, record, subject)
            case "flow":
                flow = self.program.flows[name]
                document = self.raw.get(flow.node.variable, {})
                outcome = engine.run(self.compiled, name, document, self.context, partial=self.partial)
                oracle.run(self.program, name, document, self.context, partial=self.partial, log=log)
                self._result(outcome, log, flow.event.record, outcome.event)
            case _:
                self._table()

    def _result(self, outcome: Outcome, log: Log, record: Record, event: Any) -> None:
        self.e.outcome = outcome
        self.e.silent = frozenset(log.silent)
        self.coverage.add(outcome, self.node.subject_name if self.node.subject == "flow" else "")
        if outcome.reply is not None:
            flow = self.program.flows[self.node.subject_name]
            assert flow.reply is not None
            self.env.bindings.setdefault("reply", Binding(read_document(outcome.reply, flow.reply.record)[0]))
        typed = {} if event is None else read_document(event, record)[0]
        self.env.output = (typed, record)
        self.env.bindings.setdefault("result", Binding(typed))

    def _table(self) -> None:
        node = syntax.TableCall(self.node.span, self.node.subject_name, self.node.arguments)
        with engine.exact():
            value = self.e.may(node, self.env)
        decisions = tuple(words for _, words in self.e.decided)
        outcome = Outcome("done", None, value, decisions=decisions)
        self.coverage.add(outcome)
        self.e.outcome = outcome
        result = self.program.tables[self.node.subject_name].result
        if isinstance(result, Record):
            self.env.output = (value, result)
        self.env.bindings.setdefault("result", Binding(value))

    def _expect(self) -> str:
        with engine.exact():
            for expectation in self.node.expects:
                if not self.e.need(expectation, self.env):
                    return self._because(self.e.explain(expectation, self.env))
        return ""

    def _because(self, message: str) -> str:
        outcome = self.e.outcome
        if outcome is None or outcome.state not in ("rejected", "waiting"):
            return message
        return f"{message} ({outcome.state}: {outcome.reason})"


def to_json(report: TestReport) -> dict[str, Any]:
    """The shape of `test --json`."""
    return {
        "ok": report.passed,
        "passed": sum(result.passed for result in report.results),
        "failed": sum(not result.passed for result in report.results),
        "tests": [
            {
                "name": r.name,
                "file": r.file,
                "line": r.line,
                "passed": r.passed,
                "message": r.message,
                "subject": r.subject,
            }
            for r in report.results
        ],
        "coverage": report.coverage,
    }


def to_junit(report: TestReport, errors: Sequence[str] = ()) -> str:
    """The report as JUnit XML, for pipelines; `errors` of the texts are why no test was run."""
    failed = sum(not result.passed for result in report.results)
    counts = {
        "tests": str(len(report.results) + bool(errors)),
        "failures": str(failed),
        "errors": str(int(bool(errors))),
    }
    root = ElementTree.Element("testsuites", {"name": "mapwright", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "mapwright", **counts})
    if errors:
        case = ElementTree.SubElement(suite, "testcase", name="the rule set checks", classname="check")
        ElementTree.SubElement(case, "error", message=_printable(errors[0])).text = "\n".join(
            map(_printable, errors)
        )
    for result in report.results:
        words = {
            "name": _printable(result.name),
            "classname": result.file,
            "file": result.file,
            "line": str(result.line),
        }
        case = ElementTree.SubElement(suite, "testcase", words)
        if not result.passed:
            ElementTree.SubElement(case, "failure", message=_printable(result.message))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable() or char == " ")
