"""What stands around a place of a module: the declaration, the block, the names that can be used there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dsl import syntax, types
from dsl.checking.scopes import MESSAGE
from dsl.checking.session import record_of
from dsl.program import CheckedFlow, Program

Statements = tuple[syntax.Statement, ...]


@dataclass(slots=True)
class Surroundings:
    """Names with their types, and in a map the record that is being filled and what is set of it already."""

    declaration: syntax.Declaration | None = None
    names: dict[str, types.Type] = field(default_factory=dict)
    target: types.Record | None = None
    filled: set[str] = field(default_factory=set)


def surroundings(program: Program, path: str, offset: int) -> Surroundings:
    """Look around an offset of a module."""
    module = program.modules.get(path)
    around = Surroundings()
    if module is None:
        return around
    around.declaration = _declaration(module, offset)
    match around.declaration:
        case syntax.Map(name=name) if name in program.maps:
            checked = program.maps[name]
            around.names.update({**dict(checked.parameters), "message": MESSAGE})
            around.target = checked.target.record
            _enter(program, checked.node.body, around, offset)
        case syntax.Rules(name=name) if name in program.rules:
            rules = program.rules[name]
            around.names.update({rules.node.parameter.name: rules.schema.record, "message": MESSAGE})
            around.names.update(
                {let.name: program.types.get(let.value, types.ANYTHING) for let in rules.node.lets}
            )
        case syntax.Flow(name=name) if name in program.flows:
            around.names.update(_flow_names(program.flows[name], offset))
        case syntax.Table(name=name) if name in program.tables:
            around.names.update(program.tables[name].inputs)
        case syntax.Test() as test:
            around.names.update(_test_names(program, test))
    return around


def _flow_names(flow: CheckedFlow, offset: int) -> Mapping[str, types.Type]:
    """What a flow receives, and what its steps before the place have named."""
    names: dict[str, types.Type] = {flow.node.variable: flow.schema.record}
    for step in flow.node.steps:
        name = getattr(step, "variable", "")
        if name in flow.variables and step.span.end < offset:
            names[name] = flow.variables[name]
    return names


def _declaration(module: syntax.Module, offset: int) -> syntax.Declaration | None:
    """The declaration the offset stands in, its last line included."""
    before = [d for d in module.declarations if d.span.start <= offset]
    return before[-1] if before and offset <= before[-1].span.end + 1 else None


def _enter(program: Program, body: Statements, around: Surroundings, offset: int) -> None:
    """Collect what the statements of a block bring in, and go into the one that holds the offset."""
    inside = None
    for statement in body:
        match statement:
            case syntax.Let(name=name, value=value):
                around.names[name] = program.types.get(value, types.ANYTHING)
            case syntax.Field(target=target):
                if not statement.span.start <= offset <= statement.span.end:
                    around.filled.add(".".join(target))
            case syntax.Copy():
                around.filled.update(".".join(line.target) for line in program.copies.get(statement, ()))
            case syntax.If() | syntax.Each() if statement.span.start <= offset <= statement.span.end:
                inside = statement
            case syntax.Each(target=target):
                around.filled.add(".".join(target))
    if isinstance(inside, syntax.Each):
        _enter_each(program, inside, around, offset)
    elif isinstance(inside, syntax.If):
        for part in (*(branch.body for branch in inside.branches), inside.otherwise or ()):
            if part and part[0].span.start <= offset <= part[-1].span.end:
                _enter(program, part, around, offset)


def _enter_each(program: Program, each: syntax.Each, around: Surroundings, offset: int) -> None:
    source = types.present(program.types.get(each.source, types.ANYTHING))
    item = source.item if isinstance(source, types.ListOf) else types.ANYTHING
    if each.group_by:
        keys = [(key.name, program.types.get(key.value, types.TEXT)) for key in each.group_by]
        item = record_of("group", [("key", record_of("group key", keys)), ("items", types.ListOf(item))])
    around.names[each.variable] = item
    around.target = _item(around.target, each.target)
    around.filled = set()
    _enter(program, each.body, around, offset)


def _item(record: types.Record | None, target: tuple[str, ...]) -> types.Record | None:
    of: types.Type | None = record
    for name in target:
        spec = of.fields.get(name) if isinstance(of, types.Record) else None
        of = types.present(spec.type) if spec is not None else None
    item = of.item if isinstance(of, types.ListOf) else None
    return item if isinstance(item, types.Record) else None


def _test_names(program: Program, test: syntax.Test) -> Mapping[str, types.Type]:
    names: dict[str, types.Type] = {}
    record: types.Type | None = None
    if test.subject == "map" and test.subject_name in program.maps:
        checked = program.maps[test.subject_name]
        names.update(checked.parameters)
        record = checked.target.record
    elif test.subject == "flow" and test.subject_name in program.flows:
        flow = program.flows[test.subject_name]
        record = flow.event.record
        if flow.reply is not None:
            names["reply"] = flow.reply.record
    elif test.subject == "table" and test.subject_name in program.tables:
        record = program.tables[test.subject_name].result
    if isinstance(record, types.Record):
        names.update({name: types.field_type(spec) for name, spec in record.fields.items()})
    return names


def leaves(record: types.Record, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, types.FieldSpec]]:
    """The target paths a line can set: fields, and those of the records in them."""
    for name, spec in record.fields.items():
        shown = prefix + quoted(name)
        kind = types.present(spec.type)
        if isinstance(kind, types.Record) and kind.fields and depth < 4:
            yield from leaves(kind, shown + ".", depth + 1)
        else:
            yield shown, spec


def quoted(name: str) -> str:
    """A field name as it is written in a path: quoted where it is not a plain name."""
    return name if name.isascii() and name.isidentifier() else f'"{name}"'
