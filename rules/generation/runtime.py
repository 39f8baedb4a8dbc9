"""Lookups, tables and functions as generated code calls them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsl import syntax
from dsl.functions import bound, registry
from dsl.program import CheckedFunction, CheckedLookup, Manifest
from rules.generation.support import Run
from rules.lookups import LookupIndex, fields_of, result_of
from rules.policies import OTHERWISE, Policy
from rules.tables import TableIndex


class LookupRuntime:
    """A lookup: `fast` maps a single key of an undated lookup without doubles to its row."""

    def __init__(self, lookup: CheckedLookup) -> None:
        self.checked = lookup
        self.index = LookupIndex(lookup)
        self.fast = self.index.unique_rows()
        names = [name for name, _ in (*lookup.keys, *lookup.results)]
        columns: dict[str, list[Any]] = {n: [row[c] for row in lookup.rows] for c, n in enumerate(names)}
        self.result = lookup.answers[0][1] if len(lookup.answers) == 1 else "(all)"
        for name in fields_of(lookup):
            columns.setdefault(name, [(row[lookup.answers[0][0]] or {}).get(name) for row in lookup.rows])
        columns["(all)"] = [result_of(lookup, row) for row in lookup.rows]
        self.columns: Mapping[str, Sequence[Any]] = columns

    def has_gaps(self, column: str | None) -> bool:
        """Whether a column holds rows without a value."""
        return None in self.columns[column or self.result]

    def find(self, run: Run, *keys: Any) -> int:
        """The row for the keys at the time of the message."""
        return self.index.find(keys, run.business_time)

    def find_at(self, run: Run, moment: Any, *keys: Any) -> int:
        """The row for the keys on a day or at a moment that the look-up names."""
        return self.index.find(keys, run.local(moment))

    def words(self, row: int) -> str:
        """How lineage names a row."""
        return f"lookup {self.checked.name} row {row + 1}"


class TableRuntime:
    """A decision table: index, policy, output values; those that are not constant are made a call."""

    def __init__(self, node: syntax.Table) -> None:
        self.name = node.name
        self._ids = [row.id for row in node.rows if isinstance(row, syntax.TableRow)]

    def prepare(
        self,
        index: TableIndex,
        policy: Policy,
        constants: Mapping[int, tuple[Any, ...]],
        makers: Mapping[int, Callable[..., tuple[Any, ...]]],
    ) -> None:
        """Fill in the rows, once the functions of their free conditions and outputs are there."""
        self._index = index
        self._policy = policy
        self._constants = constants
        self._makers = makers
        self._ready = policy.single_values(constants) if not makers else {}

    def decide(self, run: Run, *inputs: Any) -> tuple[Any, Any]:
        """The deciding row (or rows) and the value."""
        found = self._index.matches(inputs, run)
        if len(found) == 1 and found[0] in self._ready:
            return found[0], self._ready[found[0]]
        if not found and OTHERWISE in self._ready:
            return OTHERWISE, self._ready[OTHERWISE]
        constants, makers = self._constants, self._makers
        rows, value = self._policy.decide(
            found, lambda row: constants[row] if row in constants else makers[row](run, *inputs)
        )
        return (rows[0] if len(rows) == 1 else rows), value

    def words(self, row: Any) -> str:
        """How lineage names the deciding rows."""
        rows = row if isinstance(row, tuple) else (row,)
        return f"table {self.name} {', '.join(map(self.row_id, rows)) or 'no row'}"

    def row_id(self, row: int) -> str:
        """The id of a row."""
        return "otherwise" if row == OTHERWISE else self._ids[row]


@dataclass(frozen=True, slots=True, eq=False)
class OwnFunction:
    """A function of the rule set: its generated name; one that `decides` gives (value, decisions)."""

    checked: CheckedFunction
    generated: str
    decides: bool


@dataclass(slots=True)
class Runtime:
    """Everything generated code may call, by name in the language."""

    manifest: Manifest
    lookups: dict[str, LookupRuntime] = field(default_factory=dict)
    tables: dict[str, TableRuntime] = field(default_factory=dict)
    own: dict[str, OwnFunction] = field(default_factory=dict)
    reverses: dict[str, LookupRuntime] = field(default_factory=dict)
    _functions: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def lookup(self, call: syntax.LookupCall) -> LookupRuntime:
        """The lookup that is called, or its reverse, made when first asked for."""
        if not call.reverse:
            return self.lookups[call.lookup]
        if call.lookup not in self.reverses:
            self.reverses[call.lookup] = LookupRuntime(self.lookups[call.lookup].checked.reversed())
        return self.reverses[call.lookup]

    def function(self, name: str) -> Callable[..., Any]:
        """The implementation of a function with the settings of the rule set."""
        if name not in self._functions:
            self._functions[name] = bound(registry()[name], self.manifest)
        return self._functions[name]
