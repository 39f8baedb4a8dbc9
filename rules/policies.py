"""What a table gives when none, one or several of its rows fit: DMN's seven policies with DMN's meaning."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dsl import syntax, types
from dsl.errors import FunctionFailure
from rules.cells import comparable

Output = Callable[[int], tuple[Any, ...]]
"""The output values of a row, by its number; -1 is `otherwise`."""

OTHERWISE = -1


class Policy:
    """Turns the rows that fit into the value of the table and the rows that made it."""

    def __init__(
        self, node: syntax.Table, outputs: Sequence[tuple[str, types.Type]], result: types.Type, output: Output
    ) -> None:
        self._node = node
        self._names = [name for name, _ in outputs]
        self._ranks = [_ranks(of) for _, of in outputs]
        self._output = output
        item = result.item if isinstance(result, types.ListOf) else result
        self._record = isinstance(types.present(item), types.Record)
        self._ids = [row.id for row in node.rows if isinstance(row, syntax.TableRow)]

    def decide(self, found: Sequence[int]) -> tuple[tuple[int, ...], Any]:
        """The deciding rows and the value; raises FunctionFailure no_match or error."""
        policy = self._node.policy
        if policy == "collect":
            return self._collect(found)
        if policy in ("rule_order", "output_order"):
            rows = self._or_otherwise(found, empty=True)
            return rows, [self._value(row) for row in self._by_output(rows, policy)]
        rows = self._or_otherwise(found, empty=False)
        if len(rows) > 1:
            rows = self._single(rows)
        return rows, self._value(rows[0])

    def _or_otherwise(self, found: Sequence[int], empty: bool) -> tuple[int, ...]:
        if found:
            return tuple(found)
        if self._node.otherwise is not None:
            return (OTHERWISE,)
        if empty:
            return ()
        raise FunctionFailure("no_match", f"no row of table {self._node.name} fits")

    def _single(self, rows: tuple[int, ...]) -> tuple[int, ...]:
        match self._node.policy:
            case "first":
                return rows[:1]
            case "priority":
                return self._by_output(rows, "priority")[:1]
            case "any" if all(self._same(self._output(rows[0]), self._output(row)) for row in rows[1:]):
                return rows
        names = ", ".join(self._ids[row] for row in rows)
        raise FunctionFailure("error", f"several rows of table {self._node.name} fit: {names}")

    def _same(self, left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
        return [comparable(v) for v in left] == [comparable(v) for v in right]

    def _by_output(self, rows: tuple[int, ...], policy: str) -> tuple[int, ...]:
        if policy == "rule_order" or len(rows) < 2:
            return rows
        return tuple(sorted(rows, key=self._priority))

    def _priority(self, row: int) -> tuple[int, ...]:
        values = self._output(row)
        ranks = [self._ranks[c].get(v, len(self._ranks[c])) for c, v in enumerate(values) if self._ranks[c]]
        return (*ranks, row)

    def _value(self, row: int) -> Any:
        values = self._output(row)
        return dict(zip(self._names, values, strict=True)) if self._record else values[0]

    def _collect(self, found: Sequence[int]) -> tuple[tuple[int, ...], Any]:
        aggregation = self._node.aggregation
        if aggregation == "count":
            return tuple(found), len(found)
        rows = self._or_otherwise(found, empty=aggregation in ("list", "sum"))
        if aggregation == "list":
            return rows, [self._value(row) for row in rows]
        values = [self._output(row)[0] for row in rows]
        return rows, _aggregate(aggregation, values)


def _ranks(of: types.Type) -> Mapping[Any, int]:
    kind = types.present(of)
    return {value: rank for rank, value in enumerate(kind.values)} if isinstance(kind, types.Enum) else {}


def _aggregate(aggregation: str, values: list[Any]) -> Any:
    if aggregation == "sum":
        return _total(values)
    pick = min if aggregation == "min" else max
    return pick(values, key=comparable)


def _total(values: list[Any]) -> Any:
    if not values or not isinstance(values[0], dict):
        return sum(values)
    name = "currency" if "currency" in values[0] else "unit"
    tags = {value[name] for value in values}
    if len(tags) > 1:
        raise FunctionFailure("error", f"{' and '.join(sorted(tags))} can't be added")
    return {"value": sum((value["value"] for value in values), Decimal(0)), name: values[0][name]}
