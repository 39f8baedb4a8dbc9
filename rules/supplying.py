"""What a test supplies to a flow, as the context of its run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dsl import syntax
from dsl.program import CheckedFlow, Program
from dsl.types import Record
from rules.keytexts import key_text
from rules.outcome import Context
from rules.referee.environment import Environment
from rules.referee.evaluate import Evaluator
from rules.shaping import plain_value, write_document
from rules.waiting import AllRecords, Unanswered


class Supplied:
    """Evaluates `given recall ...`, `given waited ...` and `given answer ...` of one test."""

    def __init__(self, program: Program, evaluator: Evaluator, env: Environment, flow: CheckedFlow) -> None:
        self.program = program
        self.e = evaluator
        self.env = env
        self.flow = flow

    def context(self, context: Context, supplies: Sequence[syntax.Supply]) -> Context:
        """The same context with all that is supplied."""
        records: dict[tuple[str, str], Any] = {}
        answers: dict[str, Any] = {}
        expired: set[tuple[str, str]] = set()
        for supply in supplies:
            match supply:
                case syntax.GivenRecord(value=value):
                    record = self.program.datasets[supply.dataset].schema.record
                    records[self._place(supply)] = self._written(value, record)
                case syntax.GivenWaited():
                    expired.add(self._place(supply))
                case syntax.GivenAnswer():
                    answers[supply.variable] = self._answer(supply)
        return replace(context, recalled=AllRecords(records), expired=frozenset(expired), answers=answers)

    def _place(self, supply: syntax.GivenRecord | syntax.GivenWaited) -> tuple[str, str]:
        return supply.dataset, key_text([self.e.need(key, self.env) for key in supply.keys])

    def _answer(self, supply: syntax.GivenAnswer) -> Any:
        if supply.value is None:
            return Unanswered(supply.failure, "the test says so")  # type: ignore[arg-type]
        return self._written(supply.value, self.flow.answers[supply.variable].record)

    def _written(self, node: syntax.Expression, record: Record) -> Any:
        """A value as it would come in; samples are that already."""
        value = self.e.need(node, self.env)
        if isinstance(node, syntax.Call) and node.function == "sample":
            return plain_value(value)
        return write_document(value, record)
