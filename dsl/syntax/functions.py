"""Functions and types of the rule set."""

from dataclasses import dataclass

from dsl.source import Span
from dsl.syntax.expressions import Expression, Node
from dsl.syntax.parts import Column, TypeRef


@dataclass(frozen=True, slots=True, eq=False)
class Function(Node):
    """`function name(a: text, b: decimal) : text = expression`."""

    name: str
    name_span: Span
    parameters: tuple[Column, ...]
    result: TypeRef
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Type(Node):
    """`type severity = enum { critical, major, minor }`."""

    name: str
    name_span: Span
    definition: TypeRef
