"""Edits of datasets: other key columns, another schema."""

from collections.abc import Sequence

from dsl import syntax
from dsl.diagnostics import Edit
from dsl.edits.applying import checked
from dsl.forms.reading import find
from dsl.literals import quote
from dsl.parser import Parsed
from dsl.source import Span


def set_dataset_keys(parsed: Parsed, name: str, keys: Sequence[str]) -> tuple[Edit, ...]:
    """Other key columns, each as `item: text`; the records that are kept already are found by the old ones."""
    node = find(parsed, syntax.Dataset, name)
    span, text = Span(node.keys[0].span.start, node.keys[-1].span.end), ", ".join(key.strip() for key in keys)
    if [parsed.source.slice(key.span) for key in node.keys] == [key.strip() for key in keys]:
        return ()
    return checked(parsed, [Edit(parsed.source.path, span, text)])


def set_dataset_schema(parsed: Parsed, name: str, schema: str, version: str) -> tuple[Edit, ...]:
    """Another schema of the records; an empty version is that which the module uses."""
    node = find(parsed, syntax.Dataset, name)
    if (node.schema, node.version) == (schema.strip(), version.strip()):
        return ()
    line = parsed.tree.line_at(node.span.start)
    assert line is not None
    arrow = next(token for token in line.tokens if token.text == "->")
    text = f" {schema.strip()} {quote(version.strip())}" if version.strip() else f" {schema.strip()}"
    return checked(parsed, [Edit(parsed.source.path, Span(arrow.span.end, node.span.end), text)])
