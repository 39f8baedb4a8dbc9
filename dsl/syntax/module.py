"""One .mw file."""

from dataclasses import dataclass

from dsl.source import Span
from dsl.syntax.expressions import Node
from dsl.syntax.flows import Flow, Playbook, Test
from dsl.syntax.functions import Function, Type
from dsl.syntax.maps import Map, Raw
from dsl.syntax.parts import Column
from dsl.syntax.rules import Rules
from dsl.syntax.tables import Lookup, Table


@dataclass(frozen=True, slots=True, eq=False)
class UseSchema(Node):
    """`use schema canon.nonconformance "v1"`."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, eq=False)
class UseLookup(Node):
    """`use lookup vendor_xref "2026-11"`: versioned data of the rule set."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, eq=False)
class Dataset(Node):
    """`dataset items : item: text -> erp.item "v1"`: records that rules keep, found by their key."""

    name: str
    name_span: Span
    keys: tuple[Column, ...]
    schema: str
    version: str


Declaration = Map | Lookup | Dataset | Table | Type | Function | Rules | Flow | Playbook | Test | Raw


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One .mw file."""

    path: str
    uses: tuple[UseSchema | UseLookup, ...]
    declarations: tuple[Declaration, ...]
