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
        self, node: syntax.Table, outputs: Sequence[tuple[str, types.Type]], result: types.Type
    ) -> None:
        self._node = node
        self._names = [name for name, _ in outputs]
        self._ranks = [_ranks(of) for _, of in outputs]
        item = result.item if isinstance(result, types.ListOf) else result
        self._record = isinstance(types.present(item), types.Record)
        self._ids = [row.id for row in node.rows if isinstance(row, syntax.TableRow)]

    def single_values(self, outputs: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
        """The value of each row for tables that give the value of one row."""
        if self._node.policy in ("collect", "rule_order", "output_order"):
            return {}
        return {row: self._value(values) for row, values in outputs.items()}

    def decide(self, found: Sequence[int], output: Output) -> tuple[tuple[int, ...], Any]:
        """The deciding rows and the value; raises FunctionFailure no_match or error."""
        policy = self._node.policy
        if policy == "collect":
            return self._collect(found, output)
        if policy in ("rule_order", "output_order"):
            rows = self._by_output(self._or_otherwise(found, empty=True), policy, output)
            return rows, [self._value(output(row)) for row in rows]
        rows = self._or_otherwise(found, empty=False)
        if len(rows) > 1:
            rows = self._single(rows, output)
        return rows, self._value(output(rows[0]))

    def _or_otherwise(self, found: Sequence[int], empty: bool) -> tuple[int, ...]:
        if found:
            return tuple(found)
        if self._node.otherwise is not None:
            return (OTHERWISE,)
        if empty:
            return ()
        raise FunctionFailure("no_match", f"no row of table {self._node.name} fits")

    def _single(self, rows: tuple[int, ...], output: Output) -> tuple[int, ...]:
        match self._node.policy:
            case "first":
                return rows[:1]
            case "priority":
                return self._by_output(rows, "priority", output)[:1]
            case "any" if all(self._same(output(rows[0]), output(row)) for row in rows[1:]):
                return rows
        names = ", ".join(self._ids[row] for row in rows)
        raise FunctionFailure("error", f"several rows of table {self._node.name} fit: {names}")

    def _same(self, left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
        return [comparable(v) for v in left] == [comparable(v) for v in right]

    def _by_output(self, rows: tuple[int, ...], policy: str, output: Output) -> tuple[int, ...]:
        if policy == "rule_order" or len(rows) < 2:
            return rows
        return tuple(sorted(rows, key=lambda row: self._priority(row, output(row))))

    def _priority(self, row: int, values: tuple[Any, ...]) -> tuple[int, ...]:
        ranks = [self._ranks[c].get(v, len(self._ranks[c])) for c, v in enumerate(values) if self._ranks[c]]
        return (*ranks, row)

    def _value(self, values: tuple[Any, ...]) -> Any:
        if not self._record:
            return values[0]
        return {name: value for name, value in zip(self._names, values, strict=True) if value is not None}

    def _collect(self, found: Sequence[int], output: Output) -> tuple[tuple[int, ...], Any]:
        aggregation = self._node.aggregation
        if aggregation == "count":
            return tuple(found), len(found)
        rows = self._or_otherwise(found, empty=aggregation in ("list", "sum"))
        if aggregation == "list":
            return rows, [self._value(output(row)) for row in rows]
        values = [output(row)[0] for row in rows]
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
