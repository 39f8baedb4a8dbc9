"""All uses of a program: maps, tables, rules and flows, statement by statement."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dsl import syntax
from dsl.navigation.fields import record_in
from dsl.navigation.nodes import parts
from dsl.program import CheckedFlow, CheckedMap, CheckedRules, CheckedTable, Program
from dsl.source import Span
from dsl.usage.graph import Kind, Path, Ref, Use
from dsl.usage.values import NOTHING, Names, Reader, Value, text

Handlers = Sequence[syntax.Handler]


def uses(program: Program) -> list[Use]:
    """Everything in a program that depends on something."""
    reader = Reader(program)
    found: list[Use] = []
    for checked in program.maps.values():
        found += _Map(reader, checked).uses()
    for table in program.tables.values():
        found += _table_uses(reader, table)
    for name, function in program.functions.items():
        names = {parameter: NOTHING for parameter, _ in function.parameters}
        reads = reader.refs(function.node.value, names)
        made = (Ref(("function", name)),)
        found.append(
            Use(
                "function",
                f"function/{name}",
                f"function {name}",
                function.path,
                function.node.span,
                reads,
                made,
            )
        )
    for rules in program.rules.values():
        found += _Rules(reader, rules).uses()
    for flow in program.flows.values():
        found += _Flow(reader, flow).uses()
    return [*found, *_columns(reader)]


def _columns(reader: Reader) -> Iterator[Use]:
    """The inputs of tables and the keys of lookups, by all that they are asked with."""
    for (kind, name, index), reads in reader.columns.items():
        table, lookup = reader.program.tables.get(name), reader.program.lookups.get(name)
        if kind == "table" and table is not None and index < len(table.inputs):
            column = table.node.inputs[index]
            words = f"table {name}: input {column.name}"
            yield Use("table", f"table/{name}/{column.name}", words, table.path, column.span, reads)
        elif kind == "lookup" and lookup is not None and index < len(lookup.keys):
            key = lookup.keys[index][0]
            yield Use(
                "lookup", f"lookup/{name}/{key}", f"lookup {name}: key {key}", lookup.path, Span(0, 0), reads
            )


def whole(schema: str) -> Value:
    """A document of a schema."""
    return Value(frozenset({Ref(("schema", schema))}))


class _Map:
    """The uses of one map: a Use a target field; `others` is what decides whether a statement runs at all."""

    def __init__(self, reader: Reader, checked: CheckedMap) -> None:
        self.reader, self.checked = reader, checked
        self.name = checked.node.name
        self.found: list[Use] = []

    def uses(self) -> list[Use]:
        """All of them, and that what the map makes is a document of its target."""
        names = {
            name: _parameter(self.reader.program, self.checked, name) for name, _ in self.checked.parameters
        }
        names["="] = Value(frozenset({Ref(("map", self.name))}))
        self._body(self.checked.node.body, names, (), frozenset())
        return self.found

    def _add(
        self, kind: Kind, what: str, span: Span, value: Value, more: frozenset[Ref], path: Path | None = None
    ) -> None:
        made = () if path is None else (Ref(("map", self.name), path),)
        words = f"map {self.name}: {what}"
        subject = f"map/{self.name}/{text(path) if path else what}"
        reads = value.others | more
        for inner in value.fields.values():
            reads |= inner.all()
        self.found.append(Use(kind, subject, words, self.checked.path, span, reads, made, value.places))

    def _handled(self, value: syntax.Expression, handlers: Handlers, names: Names) -> Value:
        made = self.reader.value(value, names)
        own = {handler.failure for handler in handlers}
        policy = [h for kind, h in self.checked.policy.items() if kind not in own]
        given = [h.value for h in (*handlers, *policy) if h.value is not None]
        return made.besides(frozenset[Ref]().union(*(self.reader.refs(one, names) for one in given)))

    def _body(self, body: Sequence[syntax.Statement], names: Names, way: Path, more: frozenset[Ref]) -> None:
        names = dict(names)
        for statement in body:
            match statement:
                case syntax.Field():
                    self._field(statement, names, way, more)
                case syntax.Copy():
                    for line in self.reader.program.copies.get(statement, ()):
                        self._field(line, names, way, more)
                case syntax.Let(name=name):
                    value = self._handled(statement.value, statement.handlers, names)
                    self._add("let", f"let {name}", statement.span, value, more)
                    names[name] = value
                case syntax.If():
                    self._if(statement, names, way, more)
                case syntax.Each():
                    self._each(statement, names, way, more)
                case syntax.Check():
                    self._check(statement, names, way, more)

    def _field(self, node: syntax.Field, names: Names, way: Path, more: frozenset[Ref]) -> None:
        path = (*way, *node.target)
        value = self._handled(node.value, node.handlers, names)
        self._add("field", text(path), node.span, value, more, path)
        actions = {handler.action for handler in (*node.handlers, *self.checked.policy.values())}
        if way and actions & {"skip row", "reject row"}:
            self._rows(way, node.span, value.all() | more)

    def _rows(self, way: Path, span: Span, reads: frozenset[Ref]) -> None:
        """Whether a row is there at all."""
        self._add("rows", f"rows of {text(way)}", span, Value(others=reads), frozenset(), way)
        self.found[-1] = replace(self.found[-1], shown=False)

    def _check(self, node: syntax.Check, names: Names, way: Path, more: frozenset[Ref]) -> None:
        at = Value(frozenset({Ref(("map", self.name), way)}))
        value = Value(others=self.reader.refs(node.condition, {**names, "=": at}))
        shown = _shown(self.reader.program, self.checked.path, node.condition)
        self._add("check", f"check {shown}", node.span, value, more)
        if way and node.action == "reject row":
            self._rows(way, node.span, value.others | more)

    def _if(self, node: syntax.If, names: Names, way: Path, more: frozenset[Ref]) -> None:
        for branch in node.branches:
            more = more | self.reader.refs(branch.condition, names)
            self._body(branch.body, names, way, more)
        self._body(node.otherwise or (), names, way, more)

    def _each(self, node: syntax.Each, names: Names, way: Path, more: frozenset[Ref]) -> None:
        source = self.reader.value(node.source, names)
        inner = {**names, node.variable: source}
        chosen = source.shallow() | self.reader.refs(node.where, inner)
        if node.group_by:
            keys = {key.name: self.reader.value(key.value, inner) for key in node.group_by}
            group = Value(fields={"key": Value(fields=keys), "items": source})
            chosen |= frozenset[Ref]().union(*(key.all() for key in keys.values()))
            inner[node.variable] = group
        for order in node.order_by:
            chosen |= self.reader.refs(order.value, inner)
        path = (*way, *node.target)
        self._add("rows", f"rows of {text(path)}", node.target_span, Value(others=chosen), more, path)
        self._body(node.body, inner, path, more)


def _parameter(program: Program, checked: CheckedMap, name: str) -> Value:
    record = record_in(dict(checked.parameters)[name])
    keys = [key for key, schema in program.schemas.items() if schema.record is record]
    return Value(frozenset(Ref(("schema", key)) for key in keys))


def _shown(program: Program, path: str, node: syntax.Node) -> str:
    source = program.sources.get(path)
    words = " ".join(source.slice(node.span).split()) if source is not None else ""
    return words if len(words) <= 80 else f"{words[:77]}..."


def _key(schema: str, version: str) -> str:
    return f"{schema}@{version}"


def _table_uses(reader: Reader, checked: CheckedTable) -> Iterator[Use]:
    """What the cells and outputs of a table read besides its inputs."""
    name = checked.node.name
    rows = [row for row in checked.node.rows if isinstance(row, syntax.TableRow)]
    names = {column: NOTHING for column, _ in checked.inputs}
    decided = frozenset[Ref]().union(
        *(_expressions(reader, cell, names) for row in rows for cell in row.cells)
    )
    for index, (output, _) in enumerate(checked.outputs):
        given = [row.outputs[index] for row in rows if index < len(row.outputs)]
        given += [checked.node.otherwise[index]] if checked.node.otherwise is not None else []
        reads = decided.union(*(reader.refs(value, names) for value in given))
        subject, words = f"table/{name}/{output}", f"table {name}: output {output}"
        yield Use(
            "table",
            subject,
            words,
            checked.path,
            checked.node.name_span,
            reads,
            (Ref(("table", name), (output,)),),
        )


def _expressions(reader: Reader, node: syntax.Node, names: Names) -> frozenset[Ref]:
    found: frozenset[Ref] = frozenset()
    for part in parts(node):
        found |= (
            reader.refs(part, names)
            if isinstance(part, syntax.Expression)
            else _expressions(reader, part, names)
        )
    return found


class _Rules:
    """The uses of rules: each condition, and each action with what its rule depends on."""

    def __init__(self, reader: Reader, checked: CheckedRules) -> None:
        self.reader, self.checked = reader, checked
        self.name = checked.node.name

    def uses(self) -> Iterator[Use]:
        """All of them."""
        schema = self.checked.schema
        names: dict[str, Value] = {self.checked.node.parameter.name: whole(_key(schema.name, schema.version))}
        for let in self.checked.node.lets:
            value = self.reader.value(let.value, names)
            given = [handler.value for handler in let.handlers if handler.value is not None]
            value = value.besides(frozenset[Ref]().union(*(self.reader.refs(one, names) for one in given)))
            names[let.name] = value
            yield self._use("let", f"let {let.name}", let.span, value.all())
        before: frozenset[Ref] = frozenset()
        for rule in self.checked.node.rules:
            if isinstance(rule, syntax.Rule):
                fires = Ref(("rule", f"{self.name}/{rule.name}"))
                reads = self.reader.refs(rule.when, names) | before
                span = rule.when.span if rule.when is not None else rule.span
                yield replace(
                    self._use("condition", f"{rule.name} fires", span, reads, rule.name), makes=(fires,)
                )
                before = frozenset({fires}) if self.checked.node.first_only else before
                for action in rule.actions:
                    yield from self._action(action, rule, names, fires)

    def _use(self, kind: Kind, what: str, span: Span, reads: frozenset[Ref], subject: str = "") -> Use:
        tail = f"/{subject}" if subject else f"/{what}"
        return Use(
            kind, f"rules/{self.name}{tail}", f"rules {self.name}: {what}", self.checked.path, span, reads
        )

    def _action(self, action: syntax.Node, rule: syntax.Rule, names: Names, fires: Ref) -> Iterator[Use]:
        each = getattr(action, "each", None)
        if each is not None:
            names = {**names, each[0]: self.reader.value(each[1], names)}
        if isinstance(action, syntax.Expect):
            endpoint = self.reader.program.manifest.endpoints.get(action.event)
            names = {**names, "event": whole(endpoint.schema) if endpoint is not None else NOTHING}
        reads = _expressions(self.reader, action, names) | {fires}
        if each is not None:
            reads |= self.reader.value(each[1], names).shallow()
        reads |= self._maps(action)
        kind, what, made = self._described(action, rule)
        yield replace(self._use(kind, what, action.span, reads, rule.name), makes=made)
        if isinstance(action, syntax.Remember):
            yield from self._remembered(action.dataset, action.record, names, rule)
        yield from self._given(action, rule, names)

    def _maps(self, action: syntax.Node) -> frozenset[Ref]:
        """What is sent is all that the map makes."""
        found: frozenset[Ref] = frozenset()
        for node in (action, getattr(action, "otherwise", None), getattr(action, "action", None)):
            name = getattr(node, "map", None)
            if isinstance(name, str) and name:
                found |= {Ref(("map", name))}
        if isinstance(action, syntax.Raise) and action.map is None:
            found |= {Ref(("schema", _key(self.checked.schema.name, self.checked.schema.version)))}
        return found

    def _described(self, action: syntax.Node, rule: syntax.Rule) -> tuple[Kind, str, tuple[Ref, ...]]:
        match action:
            case syntax.Send(endpoint=endpoint):
                return "endpoint", f"{rule.name} sends {endpoint}", ()
            case syntax.Raise(event=event):
                return "event", f"{rule.name} raises {event}", ()
            case syntax.SetFact(name=name):
                return "fact", f"{rule.name} sets {name}", (Ref(("fact", name)),)
            case syntax.Alert(channel=channel):
                return "action", f"{rule.name} alerts {channel}", ()
            case _:
                return "action", f"{rule.name}: {_shown(self.reader.program, self.checked.path, action)}", ()

    def _remembered(
        self, dataset: str, record: syntax.Expression, names: Names, rule: syntax.Rule
    ) -> Iterator[Use]:
        value = self.reader.value(record, names)
        node = ("dataset", dataset)
        for field, inner in value.fields.items():
            use = self._use(
                "action", f"{rule.name} remembers {dataset}.{field}", record.span, inner.others, rule.name
            )
            yield replace(use, makes=(Ref(node, (field,)),), copied=inner.places, shown=False)
        use = self._use("action", f"{rule.name} remembers {dataset}", record.span, value.others, rule.name)
        yield replace(use, makes=(Ref(node),), copied=value.places, shown=False)

    def _given(self, action: syntax.Node, rule: syntax.Rule, names: Names) -> Iterator[Use]:
        """The arguments of the map become its parameters."""
        for node in (action, getattr(action, "otherwise", None), getattr(action, "action", None)):
            if node is not None:
                use = self._use(
                    "action",
                    f"{rule.name} gives {getattr(node, 'map', '')}",
                    action.span,
                    frozenset(),
                    rule.name,
                )
                yield from given(self.reader, use, node, names)


def given(reader: Reader, use: Use, node: object, names: Names) -> Iterator[Use]:
    """What is given to a map by arguments is a document of the parameter's schema."""
    checked = reader.program.maps.get(str(getattr(node, "map", None)))
    arguments = getattr(node, "arguments", ())
    for (parameter, _), argument in zip(
        checked.parameters if checked is not None else (), arguments, strict=False
    ):
        assert checked is not None
        made = _parameter(reader.program, checked, parameter).places
        value = reader.value(argument, names)
        copied = value.places - made
        if copied or value.others or value.fields:
            yield replace(
                use, makes=tuple(made), copied=copied, reads=value.all() - value.places, shown=False
            )


class _Flow:
    """The uses of a flow: its keys, what its steps take, and that what its maps make goes on."""

    def __init__(self, reader: Reader, checked: CheckedFlow) -> None:
        self.reader, self.checked = reader, checked
        self.name = checked.node.name

    def _use(self, kind: Kind, what: str, span: Span, reads: frozenset[Ref]) -> Use:
        return Use(
            kind, f"flow/{self.name}/{what}", f"flow {self.name}: {what}", self.checked.path, span, reads
        )

    def uses(self) -> Iterator[Use]:
        """All of them."""
        node = self.checked.node
        names: dict[str, Value] = {node.variable: whole(_key(node.schema, node.version))}
        keys = [
            ("identify by", node.identify_by),
            ("order by", node.order_by),
            ("business time by", node.business_time),
        ]
        for what, value in [*keys, *((f"key {name}", value) for name, value in node.keys)]:
            if value is not None:
                yield self._use("key", what, value.span, self.reader.refs(value, names))
        for step in node.steps:
            yield from self._step(step, names)

    def _step(self, step: syntax.Step, names: dict[str, Value]) -> Iterator[Use]:
        program = self.reader.program
        checked = program.maps.get(str(getattr(step, "map", None)))
        if checked is not None:
            yield from given(
                self.reader, self._use("flow", checked.node.name, step.span, frozenset()), step, names
            )
        made = frozenset({Ref(("map", checked.node.name))}) if checked is not None else frozenset[Ref]()
        match step:
            case syntax.MapStep(variable=variable) if checked is not None:
                target = Ref(("schema", _key(checked.target.name, checked.target.version)))
                use = self._use("flow", f"map with {checked.node.name}", step.span, frozenset())
                yield replace(use, makes=(target,), copied=made, shown=False)
                names[variable or "="] = Value(made)
            case syntax.Enrich(variable=variable, source=source):
                value = self.reader.value(source, names)
                handled = [handler.value for handler in step.handlers if handler.value is not None]
                names[variable] = value.besides(
                    frozenset[Ref]().union(*(self.reader.refs(one, names) for one in handled))
                )
                yield self._use("flow", f"enrich {variable}", step.span, names[variable].all())
            case syntax.CallStep(endpoint=endpoint, variable=variable):
                yield self._use("endpoint", f"call {endpoint}", step.span, made)
                names[variable] = whole(_key(step.schema, step.version)).besides(made)
            case syntax.Reply():
                yield self._use("endpoint", "reply", step.span, made)
            case _:
                return
