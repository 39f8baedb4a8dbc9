"""Reading fused into the function that uses what is read: a pass over generated code.

A map that is the first step of a flow reads its document field by field: `v.get("NAME")`. Its second form takes the
document as it arrived. First every declared field is judged as the reader judges it, and those that are used become
variables; then the body runs on these. No record is copied or mended. Whatever is out of the ordinary is found before
the body has done anything; then the function gives None and the document goes the way of all others.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dsl import types
from rules.generation import nodes
from rules.generation.limits import limited
from rules.generation.shapes import GIVE_UP, Shapes
from rules.generation.unit import Unit


@dataclass(slots=True)
class Uses:
    """The fields of a record that a function gets by name; `whole` says that it uses the record as such, too."""

    record: str
    fields: dict[str, None] = field(default_factory=dict)
    whole: bool = False

    def look(self, node: Any) -> None:
        """Go through a piece of generated code."""
        name = got(node, self.record)
        if name is not None:
            self.fields[name] = None
        elif isinstance(node, ast.Name):
            self.whole = self.whole or node.id == self.record
        elif isinstance(node, ast.AST):
            for part in node.__dict__.values():
                self.look(part)
        elif isinstance(node, list):
            for part in node:
                self.look(part)


def got(node: Any, record: str) -> str | None:
    """The field that `record.get("field")` gets; None for any other code."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name), attr="get"),
            args=[ast.Constant(value=str(found))],
            keywords=[],
        ) if name == record:
            return found
    return None


def replaced(node: Any, record: str, variables: dict[str, str]) -> Any:
    """The same code with variables in place of the fields it gets."""
    if isinstance(node, list):
        return [replaced(part, record, variables) for part in node]
    if not isinstance(node, ast.AST):
        return node
    name = got(node, record)
    if name is not None:
        return nodes.load(variables[name])
    made = node.__class__()
    made.__dict__.update({key: replaced(part, record, variables) for key, part in node.__dict__.items()})
    return made


class Fusing:
    """Makes the second form of functions (run, record), where their record allows it."""

    def __init__(self, unit: Unit, shapes: Shapes) -> None:
        self.unit = unit
        self.shapes = shapes

    def fused(self, function: str, record: types.Record, *, all_fields: bool = True) -> str | None:
        """The name of the form that takes the document as it arrived; None where there is none.

        Without `all_fields` only those that are used are judged.
        """
        definition = self._definition(function)
        parameter = definition.args.args[1].arg
        uses = Uses(parameter)
        uses.look(definition.body)
        if (
            len(definition.args.args) != 2
            or uses.whole
            or limited(record)
            or not set(uses.fields) <= set(record.fields)
        ):
            return None
        if any(not isinstance(marker, str) for spec in record.fields.values() for marker in spec.missing):
            return None
        variables = {name: self.unit.fresh("f") for name in uses.fields}
        read = [name for name in record.fields if all_fields or name in uses.fields]
        lines = [
            line for name in read for line in self._field(name, record.fields[name], variables.get(name))
        ]
        body = [self._reading(parameter, lines), *replaced(definition.body, parameter, variables)]
        name = self.unit.fresh("n")
        made = nodes.define(name, ["run", parameter], body)
        made.lineno, made.col_offset = definition.lineno, 0
        self.unit.definitions.append(made)
        return name

    def _definition(self, function: str) -> ast.FunctionDef:
        return next(d for d in self.unit.definitions if isinstance(d, ast.FunctionDef) and d.name == function)

    def _reading(self, parameter: str, lines: list[ast.stmt]) -> ast.stmt:
        """All fields judged; None where one is out of the ordinary."""
        kind = nodes.call(self.unit.bind(type), nodes.load(parameter))
        no_dict = nodes.compare(kind, ast.IsNot(), nodes.load(self.unit.bind(dict)))
        nothing: ast.stmt = ast.Return(nodes.const(None))
        get = nodes.assign("get", nodes.attribute(nodes.load(parameter), "get"))
        body = [nodes.branch(no_dict, [nothing]), get, *lines]
        return nodes.attempt(body, self.unit.bind(GIVE_UP), self.unit.fresh("e"), [nothing])

    def _field(self, name: str, spec: types.FieldSpec, variable: str | None) -> Sequence[ast.stmt]:
        kind, v = types.present(spec.type), variable or "v"
        taken = nodes.assign(v, nodes.call("get", nodes.const(name)))
        slow = [self.shapes.slow()]
        gone = slow if spec.required else [nodes.assign(v, nodes.const(None))]
        absent = [nodes.branch(self.shapes.is_missing(spec, v), gone, slow)]
        match kind:
            case types.Record():
                made = nodes.assign(v, nodes.call(self.shapes.reader(kind), nodes.load(v)))
                return [taken, self.shapes.typed(dict, [made], absent, v)]
            case types.ListOf():
                made = nodes.assign(v, self.shapes.read_list(types.present(kind.item), spec, v))
                return [taken, self.shapes.typed(list, [made], absent, v)]
            case types.Scalar(name="text"):
                marked = self.shapes.marked(spec, v) if variable or spec.required else None
                fine: list[ast.stmt] = [nodes.branch(marked, gone)] if marked is not None else [ast.Pass()]
                null = nodes.branch(nodes.not_none(nodes.load(v)), slow) if not spec.required else slow[0]
                return [taken, self.shapes.typed(str, fine, [null], v)]
            case types.Enum() if not set(spec.missing) & set(kind.values):
                inside = nodes.compare(
                    nodes.load(v), ast.In(), nodes.load(self.unit.bind(frozenset(kind.values)))
                )
                return [taken, nodes.branch(inside, [ast.Pass()], absent)]
        made = nodes.assign(v, self.shapes.read_scalar(kind, spec, nodes.load(v)))
        return [taken, nodes.branch(self.shapes.is_missing(spec, v), gone, [made])]
