"""The type of every expression, what each name means, and how it can fail."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dsl import elsewhere, syntax, types
from dsl.checking import calls, comprehensions, findings, operators, references, userfunctions
from dsl.checking.scopes import Scope, key_of
from dsl.checking.session import BROKEN, Session, Site, did_you_mean, is_broken, listed
from dsl.functions import registry
from dsl.guides import not_declared
from dsl.program import EnumValue, Variable
from dsl.source import Span

Kinds = frozenset[syntax.FailureKind]
NONE: Kinds = frozenset()
MISSING: Kinds = frozenset({"missing"})
_PARTS: dict[type[types.Type], dict[str, types.Type]] = {
    types.Quantity: {"value": types.DECIMAL, "unit": types.TEXT},
    types.Money: {"value": types.DECIMAL, "currency": types.TEXT},
}
LITERAL_TYPES: dict[str, types.Type] = {
    "text": types.TEXT, "integer": types.INTEGER, "decimal": types.DECIMAL, "percent": types.PERCENT,
    "boolean": types.BOOLEAN, "date": types.DATE, "time": types.TIME, "datetime": types.DATETIME,
    "duration": types.DURATION,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """What is known of an expression: its type and the kinds of failure making it can end in."""

    type: types.Type
    failures: Kinds = NONE

    def also(self, failures: Iterable[syntax.FailureKind]) -> "Typed":
        """The same with further failures."""
        return Typed(self.type, self.failures | frozenset(failures))


BROKEN_VALUE = Typed(BROKEN)


class Expressions:
    """Checks the expressions of one place of a module; what it finds goes into the session."""

    def __init__(self, session: Session, site: Site) -> None:
        self.session = session
        self.site = site

    def infer(self, node: syntax.Expression, scope: Scope, expected: types.Type | None = None) -> Typed:
        """The type of an expression; `expected` gives names and texts their meaning as enum values."""
        wanted = None if expected is None else types.present(expected)
        typed = self._infer(node, scope, wanted)
        self.session.types[node] = typed.type
        self.session.failures[node] = typed.failures
        return typed

    def need(self, node: syntax.Expression, scope: Scope, expected: types.Type | None = None) -> Typed:
        """The same where a value has to be there: one that may be missing can fail as `missing`."""
        typed = self.infer(node, scope, expected)
        if isinstance(typed.type, types.Nothing):
            return Typed(BROKEN, typed.failures | MISSING)
        if isinstance(typed.type, types.Maybe):
            return Typed(typed.type.type, typed.failures | MISSING)
        return typed

    def condition(self, node: syntax.Expression, scope: Scope, what: str = "a condition") -> Kinds:
        """The failures of something that has to be true or false."""
        return self.needed(node, scope, types.BOOLEAN, what)

    def needed(self, node: syntax.Expression, scope: Scope, wanted: types.Type, what: str) -> Kinds:
        """The failures of a value that has to be there and of a certain type."""
        typed = self.need(node, scope, wanted)
        if not is_broken(typed.type) and not types.fits(typed.type, wanted):
            findings.wrong_type(self, node.span, what, types.describe(wanted), typed.type)
        return typed.failures

    def report(self, code: str, span: Span, **words: Any) -> None:
        """Report at the place this checker works on."""
        self.session.report(code, self.site, span, **words)

    def _infer(self, node: syntax.Expression, scope: Scope, expected: types.Type | None) -> Typed:
        match node:
            case syntax.Literal():
                return self._literal(node, expected)
            case syntax.Name():
                return self._name(node, scope, expected)
            case syntax.Path():
                return self._path(node, scope)
            case syntax.MissingLiteral():
                return Typed(types.NOTHING)
            case syntax.ListLiteral():
                return self._list(node, scope, expected)
            case syntax.RecordLiteral():
                return self._record(node, scope, expected)
            case syntax.Call():
                return calls.infer_call(self, node, scope, expected)
            case syntax.Comprehension():
                return comprehensions.infer_comprehension(self, node, scope, expected)
            case syntax.LookupCall():
                return references.infer_lookup(self, node, scope)
            case syntax.TableCall():
                return references.infer_table(self, node, scope)
            case syntax.Recall():
                return self._recall(node, scope)
            case _:
                return operators.infer_operator(self, node, scope)

    def _recall(self, node: syntax.Recall, scope: Scope) -> Typed:
        """The engine has to know before it runs what it needs, so nothing is recalled in mid-expression."""
        for key in node.keys:
            self.infer(key, scope)
        self.report("M750", node.span, dataset=node.dataset)
        return BROKEN_VALUE

    def _literal(self, node: syntax.Literal, expected: types.Type | None) -> Typed:
        if node.kind == "quantity":
            findings.check_unit(self, node)
            return Typed(types.Quantity(node.value["unit"]))
        if node.kind == "money":
            return Typed(types.Money(node.value["currency"]))
        if node.kind == "text" and isinstance(expected, types.Enum) and node.value in expected.values:
            return Typed(expected)
        return Typed(LITERAL_TYPES[node.kind])

    def _name(self, node: syntax.Name, scope: Scope, expected: types.Type | None) -> Typed:
        variable = scope.find(node.name)
        if variable is None and isinstance(expected, types.Enum) and node.name in expected.values:
            self.session.names[node] = EnumValue(node.name)
            return Typed(expected)
        variable = variable or scope.fields.get(node.name)
        if variable is None:
            self._unknown_name(node, scope, expected)
            return BROKEN_VALUE
        self.session.names[node] = variable
        return Typed(narrowed(variable.type, node, scope))

    def _unknown_name(self, node: syntax.Name, scope: Scope, expected: types.Type | None) -> None:
        if isinstance(expected, types.Enum):
            findings.unknown_value(self, node.span, node.name, expected, replace=True)
            return
        meant = elsewhere.VALUES.get(node.name.lower())
        help_, fixes = did_you_mean(
            self.site, node.span, meant or node.name, [meant] if meant else scope.known()
        )
        held = _held_by(node.name, scope)
        if held:
            help_, fixes = did_you_mean(self.site, node.span, held[0], held)
        if not help_ and types.present(expected or types.ANYTHING) == types.TEXT:
            help_ = [f'A text stands in quotes: "{node.name}"']
        if spec := registry().get(node.name):
            help_ = [f"It is a function: {spec.signature}"]
        if self._named_below(node):
            help_, fixes = [f"`{node.name}` is named further down: move its `let` above this line."], []
        self.report("M301", node.span, name=node.name, help=help_, fixes=fixes)

    def _named_below(self, node: syntax.Name) -> bool:
        """Whether a `let` of the same declaration names it, but only after this place."""
        around = (
            d
            for d in self.session.modules[self.site.file].declarations
            if d.span.start <= node.span.start < d.span.end
        )
        parts = (part for declaration in around for part in userfunctions.nodes_in(declaration))
        return any(
            isinstance(p, syntax.Let) and p.name == node.name and p.span.start > node.span.start
            for p in parts
        )

    def _path(self, node: syntax.Path, scope: Scope) -> Typed:
        base = self.infer(node.base, scope)
        if is_broken(base.type):
            return base
        of = self._step(node, types.present(base.type))
        if isinstance(base.type, types.Maybe) and not isinstance(of, types.ListOf):
            of = types.maybe(of)
        return Typed(narrowed(of, node, scope), base.failures)

    def _step(self, node: syntax.Path, of: types.Type) -> types.Type:
        """The type of a field of a type; through a list, the list of what is there."""
        if isinstance(of, types.ListOf):
            inner = types.present(self._step(node, types.present(of.item)))
            return inner if isinstance(inner, types.ListOf) or inner is BROKEN else types.ListOf(inner)
        if isinstance(of, types.Record):
            return self._field(node, of)
        parts = _PARTS.get(type(of), {})
        if node.field in parts:
            return parts[node.field]
        if isinstance(of, types.Anything):
            findings.unconverted(self, node.base.span)
            return BROKEN
        help_ = [f"It has {listed(parts)}."] if parts else []
        if isinstance(node.base, syntax.Literal) and node.field.isdigit():
            help_ = ["A date is written year-month-day: 2026-01-31."]
        self.report("M303", node.span, field=node.field, type=types.describe(of), help=help_)
        return BROKEN

    def _field(self, node: syntax.Path, record: types.Record) -> types.Type:
        spec = record.fields.get(node.field)
        if spec is not None:
            if not_declared(record, node.field):
                self.report("M332", node.span, segment=record.name, element=node.field)
            return types.field_type(spec)
        if record is BROKEN or (record.open and not record.fields):
            return BROKEN if record is BROKEN else types.Maybe(types.ANYTHING)
        end = node.span.end
        source = self.session.sources[self.site.file].text
        length = len(node.field) + (2 if source[end - 1 : end] == '"' else 0)
        findings.unknown_field(self, Span(end - length, end), record.name, node.field, record.fields)
        return BROKEN

    def _list(self, node: syntax.ListLiteral, scope: Scope, expected: types.Type | None) -> Typed:
        wanted = expected.item if isinstance(expected, types.ListOf) else None
        item: types.Type = types.NOTHING
        failures = NONE
        for element in node.items:
            typed = self.need(element, scope, wanted)
            failures |= typed.failures
            joined = typed.type if isinstance(item, types.Nothing) else types.join(item, typed.type)
            if is_broken(typed.type) or is_broken(item):
                joined = BROKEN
            if joined is None:
                left, right = types.describe(item), types.describe(typed.type)
                self.report("M407", element.span, left=left, right=right)
                joined = BROKEN
            item = joined
        return Typed(types.ListOf(item), failures)

    def _record(self, node: syntax.RecordLiteral, scope: Scope, expected: types.Type | None) -> Typed:
        wanted = expected.fields if isinstance(expected, types.Record) else {}
        fields: dict[str, types.FieldSpec] = {}
        failures = NONE
        for name, value in node.fields:
            if name in fields:
                self.report("M420", value.span, name=name)
            typed = self.infer(value, scope, wanted[name].type if name in wanted else None)
            failures |= typed.failures
            required = not isinstance(typed.type, types.Maybe | types.Nothing)
            fields[name] = types.FieldSpec(types.present(typed.type), required)
        return Typed(types.Record(types.WRITTEN, fields), failures)


def _held_by(name: str, scope: Scope) -> list[str]:
    """Paths to a field of that name in the records that can be named: `severity` is c.severity."""
    records = [(v.name, types.present(v.type)) for v in scope.variables.values()]
    return [
        f"{variable}.{name}" for variable, of in records if isinstance(of, types.Record) and name in of.fields
    ]


def narrowed(of: types.Type, node: syntax.Expression, scope: Scope) -> types.Type:
    """The type without its `?` where a guard has settled that the value is there."""
    if isinstance(of, types.Maybe) and key_of(node) in scope.present:
        return of.type
    return of


def resolvable(node: syntax.Expression, scope: Scope) -> bool:
    """Whether a name means something without knowing which type is expected."""
    return not isinstance(node, syntax.Name) or scope.find(node.name) is not None or node.name in scope.fields


def variable_of(name: str, of: types.Type) -> Variable:
    """A variable; one whose value is not known to be there keeps its `?`."""
    return Variable(name, of)
