"""Which fields an expression reads: a plain walk that knows lets, loops, records and functions of the rule set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dsl import syntax, types
from dsl.navigation.nodes import parts
from dsl.program import Program, Variable
from dsl.usage.graph import Path, Ref

_KEEPING = frozenset(
    {
        "coalesce",
        "first",
        "last",
        "one",
        "distinct",
        "qualified",
        "pair",
        "ancestor",
        "descendants",
        "if_else",
        "reverse",
        "sort",
    }
)
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Value:
    """What a value is made of: whole places it is taken from, what else it depends on, and its fields where it has own ones."""

    places: frozenset[Ref] = frozenset()
    others: frozenset[Ref] = frozenset()
    fields: Mapping[str, "Value"] = field(default_factory=dict)

    def all(self) -> frozenset[Ref]:
        """Everything it depends on."""
        found = self.places | self.others
        for inner in self.fields.values():
            found |= inner.all()
        return found

    def shallow(self) -> frozenset[Ref]:
        """Whether it is there, and how often, but not what stands in it."""
        return frozenset(Ref(ref.node, ref.path, True) for ref in self.places) | self.others

    def besides(self, more: Iterable[Ref]) -> "Value":
        """The same value, depending on more."""
        return Value(self.places, self.others | frozenset(more), self.fields)


NOTHING = Value()
Names = Mapping[str, Value]


def joined(values: Iterable[Value]) -> Value:
    """One of several values, whichever."""
    places: frozenset[Ref] = frozenset()
    others: frozenset[Ref] = frozenset()
    fields: dict[str, Value] = {}
    for value in values:
        places, others = places | value.places, others | value.others
        for name, inner in value.fields.items():
            fields[name] = joined([fields[name], inner]) if name in fields else inner
    return Value(places, others, fields)


class Reader:
    """Reads the expressions of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._records: dict[tuple[str, str], types.Record] = {
            ("schema", key): schema.record for key, schema in program.schemas.items()
        }
        self._records.update(
            {("dataset", name): dataset.schema.record for name, dataset in program.datasets.items()}
        )
        self._calling: list[str] = []
        self.columns: dict[tuple[str, str, int], frozenset[Ref]] = {}
        """What the inputs of tables and the keys of lookups are given, wherever they are asked."""

    def _given(
        self, kind: str, name: str, arguments: Sequence[syntax.Expression], names: Names
    ) -> frozenset[Ref]:
        found: frozenset[Ref] = frozenset()
        for index, argument in enumerate(arguments):
            reads = self.refs(argument, names)
            self.columns[kind, name, index] = self.columns.get((kind, name, index), frozenset()) | reads
            found |= reads
        return found

    def refs(self, node: syntax.Expression | None, names: Names) -> frozenset[Ref]:
        """Everything that an expression depends on."""
        return frozenset() if node is None else self.value(node, names).all()

    def value(self, node: syntax.Expression, names: Names) -> Value:
        """What an expression is made of."""
        match node:
            case syntax.Name(name=name):
                return names[name] if name in names else self._target(node, names)
            case syntax.Path(base=base, field=name):
                return self.field(self.value(base, names), name)
            case syntax.RecordLiteral(fields=fields):
                return Value(fields={name: self.value(inner, names) for name, inner in fields})
            case syntax.ListLiteral(items=items):
                return joined(self.value(item, names) for item in items)
            case syntax.Comprehension():
                return self._comprehension(node, names)
            case syntax.LookupCall():
                return self._lookup(node, names)
            case syntax.TableCall():
                return self._table(node, names)
            case syntax.Call():
                return self._call(node, names)
            case syntax.Presence(value=inner):
                return Value(others=self.value(inner, names).all())
            case syntax.Recall(dataset=name, keys=keys):
                reads = frozenset[Ref]().union(*(self.refs(key, names) for key in keys))
                return Value(frozenset({Ref(("dataset", name))}), reads)
            case _:
                return Value(others=self._inside(node, names))

    def _inside(self, node: syntax.Node, names: Names) -> frozenset[Ref]:
        found: frozenset[Ref] = frozenset()
        for part in parts(node):
            found |= (
                self.value(part, names).all()
                if isinstance(part, syntax.Expression)
                else self._inside(part, names)
            )
        return found

    def _target(self, node: syntax.Name, names: Names) -> Value:
        """A field of the target that a check speaks of; a value of an enumeration depends on nothing."""
        meaning = self.program.names.get(node)
        target = names.get("=")
        if isinstance(meaning, Variable) and meaning.origin == "target" and target is not None:
            return self.field(target, node.name)
        return NOTHING

    def field(self, value: Value, name: str) -> Value:
        """A field of a value; what is not known by its fields depends on the whole."""
        own = value.fields.get(name)
        places = frozenset(self._step(ref, name) for ref in value.places)
        inner = own if own is not None else NOTHING
        if own is None and not places:
            return Value(others=value.all())
        return Value(inner.places | places, inner.others | value.others, inner.fields)

    def _step(self, ref: Ref, name: str) -> Ref:
        """One field further; a record that stands in itself is the same place at every depth."""
        root = self._records.get(ref.node)
        if root is None:
            return Ref(ref.node, (*ref.path, name))
        way: list[types.Record | None] = [root]
        for step in (*ref.path, name):
            here = way[-1]
            spec = here.fields.get(step) if here is not None else None
            way.append(_record(spec.type) if spec is not None else None)
        path: Path = (*ref.path, name)
        last = way[-1]
        if last is not None:
            first = next(index for index, record in enumerate(way) if record is last)
            path = path[:first]
        return Ref(ref.node, path)

    # ------------------------------------------------------------ calls

    def _comprehension(self, node: syntax.Comprehension, names: Names) -> Value:
        source = self.value(node.source, names)
        inner = {**names, node.variable: source}
        element = self.value(node.element, inner)
        chosen = source.shallow() | self.refs(node.where, inner)
        for key in node.order_by:
            chosen |= self.refs(key.value, inner)
        for _, named in node.named:
            chosen |= self.refs(named, inner)
        return element.besides(chosen) if node.function in _KEEPING else Value(others=element.all() | chosen)

    def _lookup(self, node: syntax.LookupCall, names: Names) -> Value:
        reads = self._given("lookup", node.lookup, node.keys, names)
        reads = reads.union(*(self.refs(value, names) for _, value in node.named))
        lookup = self.program.lookups.get(node.lookup)
        of = ("lookup", node.lookup)
        if lookup is None or node.column is not None:
            return Value(others=reads | {Ref(of, (node.column,) if node.column else ())})
        answers = [name for _, name, _ in (lookup.reversed() if node.reverse else lookup).answers]
        fields = {name: Value(others=frozenset({Ref(of, (name,))})) for name in answers}
        return Value(others=reads | {Ref(of, (), True)}, fields=fields)

    def _table(self, node: syntax.TableCall, names: Names) -> Value:
        reads = self._given("table", node.table, node.arguments, names)
        table = self.program.tables.get(node.table)
        of = ("table", node.table)
        outputs = [name for name, _ in table.outputs] if table is not None else []
        fields = {name: Value(others=frozenset({Ref(of, (name,))})) for name in outputs}
        return Value(others=reads | {Ref(of, (), True)}, fields=fields)

    def _call(self, node: syntax.Call, names: Names) -> Value:
        own = self.program.functions.get(node.function)
        if own is not None and node.function not in self._calling and len(self._calling) < _DEEPEST:
            arguments = [self.value(argument, names) for argument in own.arranged(node)]
            given = {name: value for (name, _), value in zip(own.parameters, arguments, strict=False)}
            self._calling.append(node.function)
            made = self.value(own.node.value, given)
            self._calling.pop()
            return made.besides({Ref(("function", node.function))})
        values = [
            self.value(inner, names) for inner in (*node.arguments, *(value for _, value in node.named))
        ]
        made = joined(values)
        return made if node.function in _KEEPING else Value(others=made.all())


def _record(of: types.Type) -> types.Record | None:
    inner = types.present(of)
    while isinstance(inner, types.ListOf):
        inner = types.present(inner.item)
    return inner if isinstance(inner, types.Record) else None


def text(path: Path) -> str:
    """A path as an analyst writes it."""
    return ".".join(name if name.isidentifier() else f'"{name}"' for name in path)
