"""The forms of decision tables and lookups: cells as the text that stands in them."""

from dsl import syntax
from dsl.forms.reading import Form, columns_form, find, placed, text_of
from dsl.parser import Parsed


def table_form(parsed: Parsed, name: str) -> Form:
    """A decision table: columns, rows, default."""
    node = find(parsed, syntax.Table, name)
    otherwise = node.otherwise
    return {
        "kind": "table",
        "name": name,
        "policy": node.policy,
        "aggregation": node.aggregation if node.policy == "collect" else "",
        "inputs": columns_form(parsed, node.inputs),
        "outputs": columns_form(parsed, node.outputs),
        "rows": [_table_row(parsed, row, number) for number, row in enumerate(node.rows, 1)],
        "otherwise": None if otherwise is None else [text_of(parsed, value) for value in otherwise],
        **placed(parsed, node),
    }


def _table_row(parsed: Parsed, row: syntax.TableRow | syntax.Raw, number: int) -> Form:
    if isinstance(row, syntax.Raw):
        return {"id": f"raw:{number}", "kind": "raw", "text": text_of(parsed, row), **placed(parsed, row)}
    return {
        "id": row.id,
        "kind": "row",
        "cells": [text_of(parsed, cell) for cell in row.cells],
        "outputs": [text_of(parsed, value) for value in row.outputs],
        **placed(parsed, row),
    }


def lookup_form(parsed: Parsed, name: str) -> Form:
    """A lookup: columns and rows; a row's id is its number from 1."""
    node = find(parsed, syntax.Lookup, name)
    return {
        "kind": "lookup",
        "name": name,
        "two_way": node.two_way,
        "keys": columns_form(parsed, node.keys),
        "results": columns_form(parsed, node.results),
        "rows": [_lookup_row(parsed, row, number) for number, row in enumerate(node.rows, 1)],
        **placed(parsed, node),
    }


def _lookup_row(parsed: Parsed, row: syntax.LookupRow | syntax.Raw, number: int) -> Form:
    if isinstance(row, syntax.Raw):
        return {"id": str(number), "kind": "raw", "text": text_of(parsed, row), **placed(parsed, row)}
    return {
        "id": str(number),
        "kind": "row",
        "keys": [text_of(parsed, key) for key in row.keys],
        "results": [text_of(parsed, value) for value in row.results],
        **placed(parsed, row),
    }
