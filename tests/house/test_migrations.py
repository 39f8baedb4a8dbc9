"""A `pre` step does no harm to processes of the version before: it takes nothing away that they read or write."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.schema import Step, scripts, steps

TAKES_AWAY = {"drop_column", "drop_table", "drop_index", "rename_table"}
KINDS = ("nullable", "new_column_name", "type_")
SINCE = "0013"  # from here on processes of two versions work side by side


def harm(text: str) -> Iterator[str]:
    """What a step does that the version before would feel."""
    made = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, words = node.func.attr, {word.arg: word.value for word in node.keywords}
        if name == "create_table":
            made |= set(map(id, node.args))
        if name in TAKES_AWAY:
            yield f"line {node.lineno}: {name}"
        if name == "alter_column" and any(word in words for word in KINDS):
            yield f"line {node.lineno}: alter_column"
        nullable = words.get("nullable")
        required = isinstance(nullable, ast.Constant) and nullable.value is False
        if name == "Column" and id(node) not in made and required and "server_default" not in words:
            yield f"line {node.lineno}: a column that the version before does not fill in"


def _text(step: Step) -> str:
    return Path(scripts() / "versions" / f"{step.name}.py").read_text("utf-8")


@pytest.mark.parametrize(
    "step", [s for s in steps() if s.phase == "pre" and s.revision >= SINCE], ids=lambda s: s.name
)
def test_a_pre_step_takes_nothing_away(step: Step) -> None:
    assert list(harm(_text(step))) == [], "do it in a post step"


@pytest.mark.parametrize(
    "said",
    [
        'op.drop_column("lanes", "x")',
        'op.rename_table("a", "b")',
        'op.alter_column("a", "b", nullable=False)',
        'op.add_column("a", sa.Column("b", sa.Integer(), nullable=False))',
    ],
)
def test_harm_is_found(said: str) -> None:
    assert list(harm(said))


def test_what_only_adds_is_no_harm() -> None:
    assert not list(
        harm(
            'op.create_table("a", sa.Column("b", sa.Integer(), nullable=False))\n'
            'op.add_column("a", sa.Column("c", sa.Integer(), nullable=False, server_default="0"))\n'
            'op.create_index("i", "a", ["b"])'
        )
    )
