"""Rows for PostgreSQL as one JSON text: an array a column costs the driver four times as much, and the server twice."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
)
from sqlalchemy.dialects import postgresql

from app.storage.dialects.converting import converted, converters
from app.storage.dialects.nul import without_nul

_NATIVE = (Boolean, DateTime, LargeBinary)
_DIALECT = postgresql.dialect()
_NUL = rb"\u0000"


def native(type_: Any) -> bool:
    """Whether the driver takes values of this type as they are."""
    return isinstance(type_, _NATIVE)


def recordset(types: Mapping[str, Any]) -> list[ColumnElement[Any]]:
    """The columns of the rows that the parameter `given_rows` holds, to be selected: in the order given."""
    columns = [column(name, _travelling(type_)) for name, type_ in types.items()]
    text = cast(bindparam("given_rows", type_=Text()), postgresql.JSON())
    rows = func.json_to_recordset(text).table_valued(*columns, name="given").render_derived(with_types=True)
    return [_arrived(rows.c[name], type_).label(name) for name, type_ in types.items()]


def as_json(table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]], names: Sequence[str]) -> str:
    """Rows whose values stand in the order of these columns, each under its name."""
    found = converters(table, tuple(columns), _DIALECT, native)
    return text_of(names, [converted(row, found) for row in rows] if found else rows)


def text_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The same of values that need nothing done."""
    text = _encode([dict(zip(names, row, strict=True)) for row in rows])
    if _NUL in text:
        text = _encode([dict(zip(names, without_nul(row), strict=True)) for row in rows])
    return text.decode()


def _travelling(type_: Any) -> Any:
    """JSON has no bytes, and a cast to a text of limited length would cut it without a word."""
    return Text() if isinstance(type_, (String, LargeBinary)) else type_


def _arrived(of: ColumnElement[Any], type_: Any) -> ColumnElement[Any]:
    """Bytes came in base64."""
    return func.decode(of, literal_column("'base64'")) if isinstance(type_, LargeBinary) else of


def _plain(value: Any) -> str:
    if isinstance(value, str):  # of a class of its own
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a column")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
