"""States are written in one place: nobody but `app.runtime.states` reaches the functions that write them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLES = {"messages_table", "deliveries_table", "timers_table", "batches_table", "breakers_table"}
WRITERS = {
    ("app/storage/messages.py", "_move_alike"),
    ("app/storage/deliveries.py", "move_deliveries"),
    ("app/storage/timers.py", "set_state"),
    ("app/storage/batches.py", "set_batch_state"),
    ("app/storage/breakers.py", "write_breaker"),
}
DOORS = {
    "app.storage.messages": "move",
    "app.storage.deliveries": "move_deliveries",
    "app.storage.timers": "set_state",
    "app.storage.batches": "set_batch_state",
    "app.storage.breakers": "write_breaker",
}
RAW = re.compile(r"\bupdate\s+(messages|deliveries|timers|batches|breakers)\b", re.I)


def modules() -> list[Path]:
    return sorted((ROOT / "app").rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def updates(node: ast.AST) -> bool:
    """Whether something updates a row of a table that has states: UPDATE, or the update of an upsert."""
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        words = {n.id for n in ast.walk(call) if isinstance(n, ast.Name)}
        if name == "on_conflict_do_update" or (name == "update" and words & TABLES):
            return True
    return False


def names_state(node: ast.AST) -> bool:
    """Whether `state` is given a value: as a keyword, as a key, or among names that become one."""
    for n in ast.walk(node):
        if isinstance(n, ast.keyword) and n.arg == "state":
            return True
        if isinstance(n, ast.Dict) and any(
            isinstance(k, ast.Constant) and k.value == "state" for k in n.keys
        ):
            return True
        if isinstance(n, ast.Tuple) and any(
            isinstance(e, ast.Constant) and e.value == "state" for e in n.elts
        ):
            return True
    return False


def violations(path: str, text: str) -> list[str]:
    tree = ast.parse(text)
    touched = any(name in text for name in TABLES)
    found = [
        f"{path}:{node.lineno} {node.name} writes a state"
        for node in functions(tree)
        if touched and updates(node) and names_state(node) and (path, node.name) not in WRITERS
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RAW.search(node.value):
            found.append(f"{path}:{node.lineno} updates in raw SQL")
        if isinstance(node, ast.ImportFrom) and path != "app/runtime/states.py":
            door = DOORS.get(node.module or "")
            found += [f"{path}:{node.lineno} imports {a.name}" for a in node.names if a.name == door]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_other_module_writes_a_state(path: Path) -> None:
    assert violations(str(path.relative_to(ROOT)), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "def f(tx):\n    tx.execute(update(messages_table).values(state='done'))",
        "def f(tx):\n    values = {'state': 'done'}\n    tx.execute(update(timers_table).values(values))",
        "def f(tx):\n    tx.execute(deliveries_table.update().values({'state': 'dead'}))",
        "def f(tx):\n    tx.execute(update(batches_table).values(state='done'))",
        "def f(tx, s):\n    s.on_conflict_do_update(set_={'state': 'open'})  # timers_table",
        "tx.execute(text('UPDATE messages SET state = 1'))",
        "from app.storage.messages import move",
    ],
)
def test_a_raw_update_is_found(text: str) -> None:
    assert violations("app/storage/elsewhere.py", text)


def test_what_may_write_is_there() -> None:
    for path, name in WRITERS:
        if (ROOT / path).exists():
            assert name in {node.name for node in functions(ast.parse((ROOT / path).read_text("utf-8")))}
