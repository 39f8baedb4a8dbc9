"""Readers and writers of documents, generated for one schema each.

They take the straight way and give up (Slow) on anything out of the ordinary; then the document goes
through rules.shaping, which finds every field that does not fit. A writer touches only the fields
whose wire form differs: where none does, the value leaves as it is.
"""

import ast
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from dsl import types
from rules.generation import nodes
from rules.generation.unit import Unit
from rules.reading import READERS, Unreadable, read_scalar
from rules.shaping import ShapeFailure, leaves_out, plain_value, read_document, read_list
from rules.writing import write_scalar

Read = Callable[[Any], tuple[Any, Sequence[ShapeFailure]]]
LIMIT = 10**34


class Slow(Exception):
    """The document needs the careful way."""


GIVE_UP = (Slow, Unreadable, TypeError, AttributeError, RecursionError)


def fast_decimal(value: Any) -> Decimal:
    """A number as an exact decimal; the usual ones without ceremony."""
    if type(value) is Decimal and -100 < value.adjusted() < 100 and len(str(value)) < 34:
        return value
    read: Decimal = READERS["decimal"](value)
    return read


def fast_integer(value: Any) -> int:
    """A whole number; the usual ones without ceremony."""
    if type(value) is int and -LIMIT < value < LIMIT:
        return value
    read: int = READERS["integer"](value)
    return read


def without_unknown(output: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """A closed record without the fields its schema does not know."""
    return {name: value for name, value in output.items() if name in known}


def without_nulls(output: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """An open record keeps the fields beyond its schema, but for those without a value."""
    return {name: value for name, value in output.items() if value is not None}


def reader(
    function: Callable[[Any], dict[str, Any]],
    record: types.Record,
    guard: Callable[[Any], bool] | None = None,
) -> Read:
    """The generated reader, with the careful way behind it; the guard says where a limit is broken."""

    def read(raw: Any) -> tuple[dict[str, Any], Sequence[ShapeFailure]]:
        try:
            return function(raw), ()
        except GIVE_UP:
            return read_document(raw, record)

    def guarded(raw: Any) -> tuple[dict[str, Any], Sequence[ShapeFailure]]:
        try:
            typed = function(raw)
        except GIVE_UP:
            return read_document(raw, record)
        return read_document(raw, record) if guard is not None and guard(typed) else (typed, ())

    return read if guard is None else guarded


def list_reader(read_one: Read) -> Read:
    """A reader of a list of records, out of the reader of one."""

    def read(raw: Any) -> tuple[list[Any], Sequence[ShapeFailure]]:
        return read_list(raw, read_one)

    return read


class Shapes:
    """Generates the readers and writers of a unit; each record once, so that it may hold itself."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._readers: dict[int, str] = {}
        self._writers: dict[int, str | None] = {}

    # ------------------------------------------------------------ reading

    def reader(self, record: types.Record) -> str:
        """The name of the function that reads a record.

        It copies the record and mends the copy: what is missing goes, what has another form is
        replaced. `left` counts the fields that should remain; more of them are unknown ones.
        """
        name = self._readers.get(id(record))
        if name is None:
            name = self._readers[id(record)] = self.unit.fresh("q")
            is_dict = nodes.compare(self._type_of("raw"), ast.IsNot(), self._bound(dict))
            body = [
                nodes.branch(is_dict, [self.slow()]),
                nodes.assign("get", nodes.attribute(nodes.load("raw"), "get")),
                nodes.assign("out", nodes.method(nodes.load("raw"), "copy")),
                nodes.assign("left", nodes.const(len(record.fields))),
            ]
            for field, spec in record.fields.items():
                body += self._read_field(field, spec)
            known = self._bound(frozenset(record.fields))
            tidy = nodes.call(
                self.unit.bind(without_nulls if record.open else without_unknown), nodes.load("out"), known
            )
            more = nodes.compare(
                nodes.call(self.unit.bind(len), nodes.load("out")), ast.NotEq(), nodes.load("left")
            )
            body += [nodes.branch(more, [ast.Return(tidy)]), ast.Return(nodes.load("out"))]
            self._define(name, ["raw"], body)
        return name

    def _define(self, name: str, parameters: list[str], body: list[ast.stmt]) -> None:
        definition = nodes.define(name, parameters, body)
        definition.lineno = 1
        self.unit.definitions.append(definition)

    def _bound(self, value: Any) -> ast.expr:
        return nodes.load(self.unit.bind(value))

    def _type_of(self, name: str) -> ast.expr:
        return nodes.call(self.unit.bind(type), nodes.load(name))

    def slow(self) -> ast.stmt:
        """Give up on the straight way."""
        return ast.Raise(self._bound(Slow))

    def _read_field(self, field: str, spec: types.FieldSpec) -> list[ast.stmt]:
        kind, value = types.present(spec.type), nodes.load("v")
        lines = [nodes.assign("v", nodes.call("get", nodes.const(field)))]
        if any(not isinstance(marker, str) for marker in spec.missing):
            return [self.slow()]
        gone = [self.slow()] if spec.required else self._gone(field)
        absent = [nodes.branch(self.is_missing(spec), gone, [self.slow()])]
        match kind:
            case types.Record():
                made = nodes.call(self.reader(kind), value)
                return [*lines, self.typed(dict, [nodes.assign_item("out", field, made)], absent)]
            case types.ListOf():
                made = self.read_list(types.present(kind.item), spec)
                return [*lines, self.typed(list, [nodes.assign_item("out", field, made)], absent)]
            case types.Scalar(name="text"):
                marked = self.marked(spec)
                fine: list[ast.stmt] = [nodes.branch(marked, gone)] if marked is not None else [ast.Pass()]
                null = [nodes.branch(nodes.is_none(value), gone, [self.slow()])]
                return [*lines, self.typed(str, fine, null)]
            case types.Enum() if not set(spec.missing) & set(kind.values):
                inside = nodes.compare(value, ast.In(), self._bound(frozenset(kind.values)))
                return [*lines, nodes.branch(inside, [ast.Pass()], absent)]
        made = self.read_scalar(kind, spec, value)
        return [*lines, nodes.branch(self.is_missing(spec), gone, [nodes.assign_item("out", field, made)])]

    def typed(self, python: type, keep: list[ast.stmt], absent: list[ast.stmt], name: str = "v") -> ast.stmt:
        """What is done with a value of a Python type, and with any other."""
        return nodes.branch(nodes.compare(self._type_of(name), ast.Is(), self._bound(python)), keep, absent)

    def _gone(self, field: str) -> list[ast.stmt]:
        """The field has no value: it leaves the copy."""
        popped = nodes.method(nodes.load("out"), "pop", nodes.const(field), nodes.const(None))
        return [ast.Expr(popped), ast.AugAssign(ast.Name("left", ast.Store()), ast.Sub(), nodes.const(1))]

    def marked(self, spec: types.FieldSpec, name: str = "v") -> ast.expr | None:
        """Whether a text is one that counts as missing."""
        if not spec.missing:
            return None
        if spec.missing == ("",):
            return nodes.negate(nodes.load(name))
        return nodes.compare(
            nodes.load(name), ast.In(), nodes.tuple_of([nodes.const(m) for m in spec.missing])
        )

    def is_missing(self, spec: types.FieldSpec, name: str = "v") -> ast.expr:
        """Whether any value is None or a text that counts as missing."""
        null = nodes.is_none(nodes.load(name))
        if not spec.missing:
            return null
        is_text = nodes.compare(self._type_of(name), ast.Is(), self._bound(str))
        inside = nodes.compare(
            nodes.load(name), ast.In(), nodes.tuple_of([nodes.const(m) for m in spec.missing])
        )
        return ast.BoolOp(ast.Or(), [null, ast.BoolOp(ast.And(), [is_text, inside])])

    def read_scalar(self, kind: types.Type, spec: types.FieldSpec, value: ast.expr) -> ast.expr:
        """The value of the language that a present wire value stands for."""
        match kind:
            case types.Scalar(name="decimal" | "percent"):
                return nodes.call(self.unit.bind(fast_decimal), value)
            case types.Scalar(name="integer"):
                return nodes.call(self.unit.bind(fast_integer), value)
            case types.Scalar(name=name):
                return nodes.call(self.unit.bind(READERS[name]), value)
            case types.Anything():
                return value
        return nodes.call(self.unit.bind(partial(read_scalar, kind, spec.wire)), value)

    def read_list(self, item: types.Type, spec: types.FieldSpec, name: str = "v") -> ast.expr:
        """The elements of a list, read one by one."""
        element = nodes.load("e")
        if isinstance(item, types.Record):
            made = nodes.call(self.reader(item), element)
        elif isinstance(item, types.ListOf):
            made = nodes.call(self.unit.bind(_give_up), element)
        else:
            made = self.read_scalar(item, spec, element)
        if isinstance(item, types.Anything):
            made = nodes.call(self.unit.bind(_present), element)
        loop = ast.comprehension(ast.Name("e", ast.Store()), nodes.load(name), [], 0)
        return ast.ListComp(made, [loop])

    # ------------------------------------------------------------ writing

    def writer(self, record: types.Record) -> str | None:
        """The name of the function that writes a record; None where nothing has to change."""
        key = id(record)
        if key not in self._writers:
            name = self._writers[key] = self.unit.fresh("z")
            fields = [
                (field, made) for field, spec in record.fields.items() if (made := self._write_field(spec))
            ]
            sparse = [field for field, spec in record.fields.items() if leaves_out(spec, [])]
            if not fields and not sparse and not record.open:
                self._writers[key] = None
                return None
            self._define(name, ["out"], self._write_body(fields, sparse, record))
        return self._writers[key]

    def _write_body(
        self, fields: list[tuple[str, ast.expr]], sparse: list[str], record: types.Record
    ) -> list[ast.stmt]:
        if record.open:
            return [ast.Return(nodes.call(self.unit.bind(partial(_write_open, record)), nodes.load("out")))]
        body: list[ast.stmt] = [nodes.assign("out", nodes.method(nodes.load("out"), "copy"))]
        body.append(nodes.assign("get", nodes.attribute(nodes.load("out"), "get")))
        for field, made in fields:
            body.append(nodes.assign("v", nodes.call("get", nodes.const(field))))
            body.append(
                nodes.branch(nodes.not_none(nodes.load("v")), [nodes.assign_item("out", field, made)])
            )
        for field in sparse:
            empty = nodes.compare(nodes.call("get", nodes.const(field)), ast.Eq(), nodes.list_of([]))
            body.append(
                nodes.branch(
                    empty, [ast.Delete([ast.Subscript(nodes.load("out"), nodes.const(field), ast.Del())])]
                )
            )
        return [*body, ast.Return(nodes.load("out"))]

    def _write_field(self, spec: types.FieldSpec) -> ast.expr | None:
        return self._write(types.present(spec.type), spec.wire, nodes.load("v"))

    def _write(self, kind: types.Type, wire: str, value: ast.expr) -> ast.expr | None:
        match kind:
            case types.Record():
                inner = self.writer(kind)
                return nodes.call(inner, value) if inner else None
            case types.ListOf(item=item):
                made = self._write(types.present(item), "" if wire == "array" else wire, nodes.load("e"))
                loop = ast.comprehension(ast.Name("e", ast.Store()), value, [], 0)
                return ast.ListComp(made, [loop]) if made is not None else None
            case types.Anything():
                return nodes.call(self.unit.bind(plain_value), value)
            case types.Scalar(name="text") | types.Enum():
                return None
            case types.Scalar(name="integer" | "decimal" | "percent" | "boolean") if wire != "string":
                return None
            case types.Scalar(name="date" | "time"):
                return nodes.method(value, "isoformat")
        return nodes.call(self.unit.bind(partial(write_scalar, kind, wire)), value)


def _give_up(value: Any) -> Any:
    raise Slow


def _present(value: Any) -> Any:
    if value is None:
        raise Slow
    return value


def _write_open(record: types.Record, output: Any) -> Any:
    from rules.shaping import write_document

    return write_document(output, record)
