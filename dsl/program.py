"""The typed program: what the checker hands to whoever compiles, evaluates, documents or edits it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from dsl import syntax, types
from dsl.diagnostics import Diagnostic, Severity
from dsl.source import Source


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What travels through a symbolic endpoint, as ruleset.toml declares it.

    `answer` is the schema of what comes back at once: through an endpoint of direction out the answer
    to a `call`, through one of direction in what a flow says in `reply`.
    """

    name: str
    direction: Literal["in", "out"]
    codec: str
    schema: str
    owner: str = ""
    idempotent: bool = False
    on_undecodable: Literal["refuse", "dead_letter"] = "refuse"
    options: Mapping[str, Any] = field(default_factory=dict)
    answer: str = ""


@dataclass(frozen=True, slots=True)
class LookupSpec:
    """How the columns of a lookup CSV are to be read, as ruleset.toml declares it."""

    name: str
    keys: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    valid_from: str | None = None
    valid_to: str | None = None
    two_way: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """ruleset.toml, read and checked."""

    name: str
    title: str
    owner: str
    language: str
    time_zone: str
    endpoints: Mapping[str, Endpoint]
    lookups: Mapping[str, LookupSpec]
    calendars: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unheld:
    """A keyword of a schema that values are not held to, where it stands, and what that means."""

    keyword: str
    pointer: str
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One schema file: `record` is its type, `definitions` its named types ($defs).

    `guide` keeps the raw declaration for a codec (x12 and the like); empty for JSON Schema.
    `unheld` names the keywords of the schema that can't be held, each with its place.
    """

    name: str
    version: str
    path: str
    record: types.Record
    definitions: Mapping[str, types.Type]
    guide: Mapping[str, Any] = field(default_factory=dict)
    unheld: tuple[Unheld, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """What a Name means: a parameter, let, each variable, table input or test value.

    `origin` is target where a check or a test names a field of the result.
    """

    name: str
    type: types.Type
    origin: Literal["value", "target"] = "value"


@dataclass(frozen=True, slots=True)
class EnumValue:
    """What a Name means: a value of an enumeration."""

    value: str


@dataclass(frozen=True, slots=True, eq=False)
class CheckedMap:
    """A map with its parameter types (records, or lists of them), target schema and policy for each failure kind."""

    node: syntax.Map
    path: str
    parameters: tuple[tuple[str, types.Record | types.ListOf], ...]
    target: Schema
    policy: Mapping[syntax.FailureKind, syntax.Handler]

    @property
    def optional(self) -> frozenset[str]:
        """The parameters that may be missing: `x in erp.item?`."""
        return frozenset(parameter.name for parameter in self.node.parameters if parameter.optional)

    @property
    def takes(self) -> tuple[tuple[str, types.Type], ...]:
        """The parameters with their `?`, as arguments are checked against them."""
        maybe = self.optional
        return tuple((name, types.maybe(of) if name in maybe else of) for name, of in self.parameters)


@dataclass(frozen=True, slots=True, eq=False)
class CheckedLookup:
    """A lookup, inline or from CSV, as rows of plain values in column order."""

    name: str
    version: str
    path: str
    keys: tuple[tuple[str, types.Type], ...]
    results: tuple[tuple[str, types.Type], ...]
    rows: tuple[tuple[Any, ...], ...]
    valid_from: int | None = None
    valid_to: int | None = None
    two_way: bool = False

    @property
    def dated(self) -> bool:
        """Whether rows are valid for a time only."""
        return self.valid_from is not None or self.valid_to is not None

    @property
    def answers(self) -> tuple[tuple[int, str, types.Type], ...]:
        """The results that a look-up without a column gives: where they stand in a row; not the validity."""
        dates = (self.valid_from, self.valid_to)
        return tuple((i, n, of) for i, (n, of) in enumerate(self.results, len(self.keys)) if i not in dates)

    def reversed(self) -> "CheckedLookup":
        """The lookup read backwards, rows in the same order: answers as keys, keys as results, validity last."""
        dates = [index for index in (self.valid_from, self.valid_to) if index is not None]
        order = [*(index for index, _, _ in self.answers), *range(len(self.keys)), *dates]
        return CheckedLookup(
            self.name,
            self.version,
            self.path,
            tuple((name, types.present(of)) for _, name, of in self.answers),
            self.keys,
            tuple(tuple(row[index] for index in order) for row in self.rows),
            None if self.valid_from is None else order.index(self.valid_from),
            None if self.valid_to is None else order.index(self.valid_to),
            self.two_way,
        )


@dataclass(frozen=True, slots=True, eq=False)
class CheckedDataset:
    """Reference state that rules keep: the types of its key columns and the schema of its records."""

    node: syntax.Dataset
    path: str
    keys: tuple[tuple[str, types.Type], ...]
    schema: Schema


@dataclass(frozen=True, slots=True, eq=False)
class CheckedTable:
    """A decision table with the types of its columns."""

    node: syntax.Table
    path: str
    inputs: tuple[tuple[str, types.Type], ...]
    outputs: tuple[tuple[str, types.Type], ...]
    result: types.Type


@dataclass(frozen=True, slots=True, eq=False)
class CheckedType:
    """A type that a module declares under a name."""

    node: syntax.Type
    path: str
    type: types.Type


@dataclass(frozen=True, slots=True, eq=False)
class CheckedFunction:
    """A function of the rule set: its signature and how its expression can fail."""

    node: syntax.Function
    path: str
    parameters: tuple[tuple[str, types.Type], ...]
    result: types.Type
    failures: frozenset[syntax.FailureKind] = frozenset()

    def arranged(self, call: syntax.Call) -> tuple[syntax.Expression, ...]:
        """The arguments of a call in the order of the parameters; named ones may come in any order."""
        named = dict(call.named)
        rest = (named[name] for name, _ in self.parameters[len(call.arguments) :] if name in named)
        return (*call.arguments, *rest)


@dataclass(frozen=True, slots=True, eq=False)
class CheckedRules:
    """Rules with the schema of their subject."""

    node: syntax.Rules
    path: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class AwaitedValue:
    """`event.lot = nc.lot`: what an awaited message is found by; the name is its side without `event.`."""

    name: str
    theirs: syntax.Expression
    ours: syntax.Expression


@dataclass(frozen=True, slots=True, eq=False)
class CheckedExpectation:
    """An `expect` with the schema of what it waits for.

    `ordinal` is the place of the action in its rule, from 0; `calendar` counts its business days.
    """

    node: syntax.Expect
    rules: str
    rule: str
    ordinal: int
    schema: Schema
    values: tuple[AwaitedValue, ...]
    calendar: str


@dataclass(frozen=True, slots=True, eq=False)
class CheckedFlow:
    """A flow with the schema of what it receives and of the event its last map makes.

    `variables` are the types of its named values, `answers` the schemas of what its calls bring.
    """

    node: syntax.Flow
    path: str
    schema: Schema
    event: Schema
    variables: Mapping[str, types.Type] = field(default_factory=dict)
    answers: Mapping[str, Schema] = field(default_factory=dict)
    reply: Schema | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CheckedPlaybook:
    """A playbook: one reaction for each class of failure it speaks of."""

    node: syntax.Playbook
    path: str
    reactions: Mapping[str, syntax.Reaction]


@dataclass(frozen=True, slots=True, eq=False)
class CheckedTest:
    """A test block."""

    node: syntax.Test
    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A whole rule set, resolved and typed. Complete only if `diagnostics` holds no error.

    `types` gives the type of every expression that was reached; `names` what each Name means;
    `failures` the kinds of failure each expression can raise by itself and through its parts;
    `copies` the lines that a `copy` stands for.
    """

    manifest: Manifest
    sources: Mapping[str, Source]
    modules: Mapping[str, syntax.Module]
    schemas: Mapping[str, Schema]
    maps: Mapping[str, CheckedMap]
    lookups: Mapping[str, CheckedLookup]
    tables: Mapping[str, CheckedTable]
    rules: Mapping[str, CheckedRules]
    flows: Mapping[str, CheckedFlow]
    tests: tuple[CheckedTest, ...]
    types: Mapping[syntax.Expression, types.Type]
    names: Mapping[syntax.Name, Variable | EnumValue]
    failures: Mapping[syntax.Expression, frozenset[syntax.FailureKind]]
    diagnostics: tuple[Diagnostic, ...]
    unit_factors: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    functions: Mapping[str, CheckedFunction] = field(default_factory=dict)
    copies: Mapping[syntax.Copy, tuple[syntax.Field, ...]] = field(default_factory=dict)
    datasets: Mapping[str, CheckedDataset] = field(default_factory=dict)
    declared_types: Mapping[str, CheckedType] = field(default_factory=dict)
    expectations: Mapping[syntax.Expect, CheckedExpectation] = field(default_factory=dict)
    playbooks: Mapping[str, CheckedPlaybook] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it may be released as far as the checker is concerned."""
        return all(d.severity is not Severity.ERROR for d in self.diagnostics)
