"""Typed program -> Python `ast` nodes -> code object.

Never source text: every name in the generated tree is made here, every user string is an
`ast.Constant`, and the namespace of the code holds no builtins. `compile_program` gives a Compiled,
which the engine runs.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import CodeType
from typing import Any
from zoneinfo import ZoneInfo

from dsl import syntax
from dsl.collecting import collection_later
from dsl.program import CheckedFlow, CheckedMap, CheckedTable, Program
from dsl.types import ListOf, Record
from rules.codes import CodeStore, code_of
from rules.errors import CompileError, UnknownName
from rules.generation.actions import RulesCompiler, RulesPlan
from rules.generation.flowsteps import Functions, StepAssembler, records_of, step_functions
from rules.generation.functions import in_order
from rules.generation.fusing import Fusing
from rules.generation.later import (
    CompiledClosing,
    CompiledExpectation,
    Number,
    closing_functions,
    collections,
    expectation_functions,
)
from rules.generation.limits import Guards
from rules.generation.maps import MapCompiler
from rules.generation.plans import FramePlan
from rules.generation.runtime import LookupRuntime, Runtime, TableRuntime
from rules.generation.sending import ActionSpec, RecordSpec
from rules.generation.shapes import Read, Shapes, list_reader, reader
from rules.generation.snippets import NOT_CONSTANT, Snippets, constant
from rules.generation.unit import Site, Station, Unit
from rules.policies import OTHERWISE, Policy
from rules.steps import AskStep, CompiledMap, RecallStep, ReplyStep, UseStep
from rules.tables import TableIndex

FILE = "<rule set>"
VERSION = "1"


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRules:
    """Rules as a function (run, subject) -> (fired, roots, marks)."""

    name: str
    function: Callable[..., Any]
    plan: RulesPlan
    read: Read


@dataclass(frozen=True, slots=True, eq=False)
class CompiledFlow:
    """A flow: what it receives, its keys and its steps in order.

    `straight` is the first step, where that is a map, and `straight_keys` are the keys, as functions of the document
    as it arrived: (run, raw) -> what the function of the read document gives, or None.
    """

    name: str
    checked: CheckedFlow
    read: Read
    keys: Callable[..., Any]
    steps: tuple["CompiledStep", ...]
    straight: Callable[..., Any] | None = None
    straight_keys: Callable[..., Any] | None = None


CompiledStep = UseStep | CompiledRules | RecallStep | AskStep | ReplyStep


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A whole rule set, ready to run; immutable and shared by threads."""

    program: Program
    maps: Mapping[str, CompiledMap]
    rules: Mapping[str, CompiledRules]
    flows: Mapping[str, CompiledFlow]
    tables: Mapping[str, TableRuntime]
    sites: tuple[Site, ...]
    stations: tuple[Station, ...]
    zone: ZoneInfo
    receivers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expectations: Mapping[str, tuple[CompiledExpectation, ...]] = field(default_factory=dict)
    closings: Mapping[Number, CompiledClosing] = field(default_factory=dict)

    def flows_for(self, endpoint_or_event: str) -> tuple[str, ...]:
        """The flows that receive what arrives at an endpoint, or an event."""
        return self.receivers.get(endpoint_or_event, ())

    def flow(self, name: str) -> CompiledFlow:
        """A flow by name; raises UnknownName."""
        if name not in self.flows:
            raise UnknownName(f"there is no flow {name}", {"name": name, "known": sorted(self.flows)})
        return self.flows[name]

    def map(self, name: str) -> CompiledMap:
        """A map by name; raises UnknownName."""
        if name not in self.maps:
            raise UnknownName(f"there is no map {name}", {"name": name, "known": sorted(self.maps)})
        return self.maps[name]

    def rule_set(self, name: str) -> CompiledRules:
        """Rules by name; raises UnknownName."""
        if name not in self.rules:
            raise UnknownName(f"there are no rules {name}", {"name": name, "known": sorted(self.rules)})
        return self.rules[name]


def compile_program(program: Program, release: str = "", store: CodeStore | None = None) -> Compiled:
    """Compile a program that the checker found in order; raises CompileError otherwise.

    The code of a release may be taken from a store, and is given to it.
    """
    if not program.ok:
        raise CompileError(details={"diagnostics": [d.message for d in program.diagnostics]})
    with collection_later():
        return _compiled(program, release, store)


def _compiled(program: Program, release: str, store: CodeStore | None) -> Compiled:
    unit = Unit(program)
    runtime = Runtime(program.manifest)
    runtime.lookups.update((name, LookupRuntime(lookup)) for name, lookup in program.lookups.items())
    runtime.tables.update((name, TableRuntime(table.node)) for name, table in program.tables.items())
    snippets = Snippets(unit, runtime)
    for checked_function in in_order(program):
        runtime.own[checked_function.node.name] = snippets.own_function(checked_function)
    tables = {name: _TableParts(snippets, table) for name, table in program.tables.items()}
    maps = {name: MapCompiler(unit, runtime, checked).compile() for name, checked in program.maps.items()}
    functions = {name: function for name, (function, _) in maps.items()}
    rules = {
        n: RulesCompiler(unit, runtime, checked, functions).compile() for n, checked in program.rules.items()
    }
    keys = {name: snippets.keys_function(checked) for name, checked in program.flows.items()}
    awaited = expectation_functions(snippets)
    closings = closing_functions(unit, runtime, functions)
    steps = {name: step_functions(snippets, checked) for name, checked in program.flows.items()}
    shapes = _ShapeNames(unit)
    for checked_map in program.maps.values():
        shapes.add([one_of(of) for _, of in checked_map.parameters], checked_map.target.record)
    shapes.add([checked.schema.record for checked in program.rules.values()], None)
    shapes.add([checked.schema.record for checked in program.flows.values()], None)
    shapes.add([checked.schema.record for checked in program.expectations.values()], None)
    for value in list(unit.namespace.values()):
        if isinstance(value, RecordSpec):
            shapes.add([], value.record)
    for flow in program.flows.values():
        shapes.add(list(records_of(program, flow)), None)
    straight = {n: shapes.straight(checked, keys[n], functions) for n, checked in program.flows.items()}
    namespace = _execute(unit, release, store)
    shapes.namespace = namespace
    for name, parts in tables.items():
        parts.finish(runtime.tables[name], namespace)
    return _assemble(unit, runtime, shapes, maps, rules, keys, straight, awaited, closings, steps)


def _execute(unit: Unit, release: str, store: CodeStore | None) -> dict[str, Any]:
    namespace = {"__builtins__": {}, **unit.namespace}
    exec(code_of(unit, release, store, partial(_code, unit)), namespace)
    return namespace


def _code(unit: Unit) -> CodeType:
    module = ast.Module(unit.definitions, [])
    for definition in unit.definitions:
        _locate(definition)
    return compile(module, FILE, "exec", dont_inherit=True)


def _locate(statement: ast.stmt) -> None:
    """Give every node the line (the site) of its statement."""
    stack: list[tuple[Any, int]] = [(statement, 1)]
    while stack:
        node, line = stack.pop()
        fields = node.__dict__
        line = fields.get("lineno", line)
        for value in [*fields.values()]:
            if value.__class__ is list:
                stack.extend([(part, line) for part in value if part.__class__ is not str])
            elif isinstance(value, _NODES):
                stack.append((value, line))
        node.lineno = node.end_lineno = line
        node.col_offset = node.end_col_offset = 0


_NODES = (ast.expr, ast.stmt, ast.arguments)


class _ShapeNames:
    """The generated readers and writers of all schemas that maps, rules and flows touch."""

    def __init__(self, unit: Unit) -> None:
        self._shapes = Shapes(unit)
        self._guards = Guards(unit)
        self._readers: dict[int, str] = {}
        self._writers: dict[int, str | None] = {}
        self.namespace: Mapping[str, Any] = {}

    def add(self, read: Sequence[Record], written: Record | None) -> None:
        """Generate what is still missing."""
        for record in read:
            self._readers[id(record)] = self._shapes.reader(record)
            self._guards.guard(record)
        if written is not None:
            self._writers[id(written)] = self._shapes.writer(written)

    def read(self, record: Record) -> Read:
        """The reader of a record."""
        guard = self._guards.guard(record)
        return reader(
            self.namespace[self._readers[id(record)]], record, self.namespace[guard] if guard else None
        )

    def read_input(self, of: Record | ListOf) -> Read:
        """The reader of what a map takes: a record, or a list of them."""
        return list_reader(self.read(one_of(of))) if isinstance(of, ListOf) else self.read(of)

    def straight(
        self, flow: CheckedFlow, keys: str, maps: Mapping[str, str]
    ) -> tuple[str | None, str | None]:
        """The forms of a flow's first map and of its keys that read the document themselves."""
        fusing, record = Fusing(self._shapes.unit, self._shapes), flow.schema.record
        first = flow.node.steps[0] if flow.node.steps else None
        fused = None
        if (
            isinstance(first, syntax.MapStep)
            and all(map(_plain, flow.node.steps))
            and flow.node.business_time is None
        ):
            fused = fusing.fused(maps[first.map], record)
        return fused, fusing.fused(keys, record, all_fields=False)

    def named(self, name: str | None) -> Callable[..., Any] | None:
        """A generated function by its name, if it has one."""
        return None if name is None else self.namespace[name]

    def write(self, record: Record) -> Callable[[Any], Any]:
        """The writer of a record."""
        name = self._writers[id(record)]
        return _as_it_is if name is None else self.namespace[name]


def one_of(of: Record | ListOf) -> Record:
    """The record that a parameter of a map is, or is a list of."""
    record = of.item if isinstance(of, ListOf) else of
    assert isinstance(record, Record)
    return record


def _plain(step: syntax.Step) -> bool:
    """Whether a step takes what the one before made, and nothing else of the flow."""
    if isinstance(step, syntax.MapStep):
        return not step.arguments and not step.variable
    return isinstance(step, syntax.ApplyStep)


def _as_it_is(value: Any) -> Any:
    return value


class _TableParts:
    """A table whose free conditions and outputs wait for their code."""

    def __init__(self, snippets: Snippets, table: CheckedTable) -> None:
        self.table = table
        self.program = snippets.unit.program
        rows = [row for row in table.node.rows if isinstance(row, syntax.TableRow)]
        self.rows = rows
        self.conditions = {
            cell: snippets.table_function(table, [cell.condition], single=True)
            for row in rows
            for cell in row.cells
            if isinstance(cell, syntax.ConditionCell)
        }
        self.constants: dict[int, tuple[Any, ...]] = {}
        self.makers: dict[int, str] = {}
        outputs = list(enumerate(row.outputs for row in rows))
        if table.node.otherwise is not None:
            outputs.append((OTHERWISE, table.node.otherwise))
        for number, expressions in outputs:
            values = tuple(constant(self.program, expression) for expression in expressions)
            if any(value is NOT_CONSTANT for value in values):
                self.makers[number] = snippets.table_function(table, expressions, single=False)
            else:
                self.constants[number] = values

    def finish(self, runtime: TableRuntime, namespace: Mapping[str, Any]) -> None:
        """Build the index."""
        conditions = {cell: namespace[name] for cell, name in self.conditions.items()}
        index = TableIndex(self.rows, partial(constant, self.program), conditions)
        policy = Policy(self.table.node, self.table.outputs, self.table.result)
        makers = {number: namespace[name] for number, name in self.makers.items()}
        runtime.prepare(index, policy, self.constants, makers)


def _assemble(
    unit: Unit,
    runtime: Runtime,
    shapes: _ShapeNames,
    maps: Mapping[str, tuple[str, FramePlan]],
    rules: Mapping[str, tuple[str, RulesPlan]],
    keys: Mapping[str, str],
    straight: Mapping[str, tuple[str | None, str | None]],
    awaited: Mapping[syntax.Expect, str],
    closings: Mapping[Number, tuple[str, FramePlan]],
    steps: Mapping[str, Functions],
) -> Compiled:
    program, namespace = unit.program, shapes.namespace
    made_maps = {
        name: _compiled_map(program.maps[name], shapes, namespace[function], plan)
        for name, (function, plan) in maps.items()
    }
    _complete(unit, made_maps, shapes)
    made_rules = {
        name: CompiledRules(name, namespace[function], plan, shapes.read(program.rules[name].schema.record))
        for name, (function, plan) in rules.items()
    }

    def assembler(checked: CheckedFlow) -> StepAssembler:
        return StepAssembler(program, checked, made_maps, steps[checked.node.name], namespace, shapes.read)

    flows = {
        name: CompiledFlow(
            name,
            checked,
            shapes.read(checked.schema.record),
            namespace[keys[name]],
            tuple(_steps(assembler(checked), made_rules)),
            *map(shapes.named, straight[name]),
        )
        for name, checked in program.flows.items()
    }
    return Compiled(
        program,
        made_maps,
        made_rules,
        flows,
        runtime.tables,
        tuple(unit.sites),
        tuple(unit.stations),
        ZoneInfo(program.manifest.time_zone or "UTC"),
        _receivers(flows),
        _expectations(program, shapes, awaited),
        _closings(program, shapes, closings),
    )


def _complete(unit: Unit, made_maps: Mapping[str, CompiledMap], shapes: _ShapeNames) -> None:
    """Actions were generated before the maps they send through were made."""
    for value in unit.namespace.values():
        if isinstance(value, ActionSpec) and value.map is not None:
            value.plan, value.write = made_maps[value.map].plan, made_maps[value.map].write
        elif isinstance(value, RecordSpec):
            value.write = shapes.write(value.record)


def _compiled_map(checked: CheckedMap, shapes: _ShapeNames, function: Any, plan: FramePlan) -> CompiledMap:
    return CompiledMap(
        checked.node.name,
        function,
        plan,
        tuple((parameter, shapes.read_input(of)) for parameter, of in checked.parameters),
        shapes.write(checked.target.record),
        frozenset(name for name, of in checked.parameters if isinstance(of, ListOf)),
    )


def _receivers(flows: Mapping[str, CompiledFlow]) -> dict[str, tuple[str, ...]]:
    """The flows that take an endpoint's messages, by endpoint."""
    found: dict[str, tuple[str, ...]] = {}
    for name, flow in flows.items():
        source = flow.checked.node.endpoint
        found[source] = (*found.get(source, ()), name)
    return found


def _expectations(
    program: Program, shapes: _ShapeNames, functions: Mapping[syntax.Expect, str]
) -> dict[str, tuple[CompiledExpectation, ...]]:
    """What is waited for, by what it arrives as."""
    found: dict[str, tuple[CompiledExpectation, ...]] = {}
    for node, name in functions.items():
        checked = program.expectations[node]
        made = CompiledExpectation(checked, shapes.read(checked.schema.record), shapes.namespace[name])
        found[node.event] = (*found.get(node.event, ()), made)
    return found


def _closings(
    program: Program, shapes: _ShapeNames, functions: Mapping[Number, tuple[str, FramePlan]]
) -> dict[Number, CompiledClosing]:
    made = {}
    for place, checked, action in collections(program):
        name, plan = functions[place]
        read = shapes.read(checked.schema.record)
        made[place] = CompiledClosing(shapes.namespace[name], plan, read, action.action)
    return made


def _steps(assembler: StepAssembler, rules: Mapping[str, CompiledRules]) -> Iterator[CompiledStep]:
    for number, step in enumerate(assembler.checked.node.steps):
        if isinstance(step, syntax.ApplyStep):
            yield rules[step.rules]
        elif (walked := assembler.of(number, step)) is not None:
            yield walked
