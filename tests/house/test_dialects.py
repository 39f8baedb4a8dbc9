"""SQLite and PostgreSQL are told apart in app/storage/dialects and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "app" / "storage" / "dialects"
# Who names a database all the same, and why.
ALLOWED = {
    "app/settings.py": {"sqlite"},  # where the embedded database stands unless another is set
    "app/sandbox/store.py": {"sqlite3"},  # the sandbox is no part of the installation: a file of its own
}
NAMED = re.compile(r"\b(sqlite3?|postgresql|postgres|psycopg)(?!\.md)\b|\bpg_\w+|\b(?:sqlite|postgresql)_\w+")
SPOKEN = re.compile(
    r"\bPRAGMA\b|\bLOCK TABLE\b|\bTEMP(?:ORARY)? TABLE\b|\bSKIP LOCKED\b|\bON CONFLICT\b|\bCOPY \"|\bregclass\b"
    r"|\bunnest\s*\(|\b(?:statement|lock|transaction)_timeout\b|\bclock_timestamp\b|\bset_config\b|::[a-z]\w+\b"
    r"|\bFROM STDIN\b|\bATTACH PARTITION\b|\b(?:datetime|strftime|julianday)\('|\bON COMMIT DROP\b"
)
ATTRIBUTES = {"exec_driver_sql", "driver_connection", "lateral", "render_derived", "ARRAY", "distinct_on"}
FUNCTIONS = {"count", "sum", "min", "max", "coalesce", "lower", "length", "substr"}  # both have them


def modules() -> list[Path]:
    return sorted(path for path in (ROOT / "app").rglob("*.py") if PLACE not in path.parents)


def _documentation(tree: ast.AST) -> set[int]:
    """The constants that nobody runs: docstrings and texts that stand alone."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def spoken(text: str) -> Iterator[tuple[int, str]]:
    """Line and word of everything in a module's code that only one of the databases understands."""
    tree = ast.parse(text)
    documentation = _documentation(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield from ((line, m.group()) for p in (NAMED, SPOKEN) for m in p.finditer(node.value))
        elif isinstance(node, ast.keyword | ast.alias | ast.Name):
            name = getattr(node, "arg", None) or getattr(node, "name", None) or getattr(node, "id", "")
            yield from ((line, m.group()) for m in NAMED.finditer(str(name)))
        elif isinstance(node, ast.ImportFrom):
            yield from ((line, m.group()) for m in NAMED.finditer(node.module or ""))
        elif isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
            foreign = of == "func" and node.attr not in FUNCTIONS
            if foreign or node.attr in ATTRIBUTES or NAMED.fullmatch(node.attr):
                yield line, node.attr
            elif node.attr == "name" and of == "dialect" and isinstance(node.value, ast.Attribute):
                yield line, "dialect.name"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_other_module_speaks_of_one_database(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    found = [
        f"{name}:{line} {word}"
        for line, word in spoken(path.read_text("utf-8"))
        if word not in ALLOWED.get(name, set())
    ]
    assert found == [], "ask app.storage.dialects instead"


@pytest.mark.parametrize(
    "text",
    [
        "if tx.dialect.name == kind: pass",
        "kind = 'sqlite'",
        "x = database.kind == 'postgresql'",
        "from sqlalchemy.dialects import postgresql",
        "import psycopg",
        "Index('a', c, postgresql_where=c)",
        "tx.execute(text('select pg_advisory_lock(1)'))",
        "tx.execute(text('PRAGMA foreign_keys'))",
        "tx.exec_driver_sql('select 1')",
        "tx.execute(text('select x::int'))",
        "rows = func.unnest(values)",
        "tx.execute(text(f'COPY \"{table}\" from x'))",
    ],
)
def test_what_only_one_understands_is_found(text: str) -> None:
    assert list(spoken(text))


def test_words_for_people_are_no_code() -> None:
    assert not list(
        spoken('"""On PostgreSQL, pg_dump; on SQLite PRAGMA."""\nx = "SQLite in the data folder"')
    )


def test_exceptions_are_still_needed() -> None:
    for name, words in ALLOWED.items():
        assert words <= {word for _, word in spoken((ROOT / name).read_text("utf-8"))}, name
