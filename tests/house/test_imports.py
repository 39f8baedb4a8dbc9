"""Imports go one way; a rule set is never turned into Python source; nothing foreign is in the tree."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {
    "dsl": {"dsl"},
    "rules": {"rules", "dsl"},
    "connectors": {"connectors"},
    "app": {"app", "rules", "dsl", "connectors"},
}
PURE = {"dsl", "rules"}
IMPURE_MODULES = {
    "socket",
    "subprocess",
    "requests",
    "urllib.request",
    "http.client",
    "sqlite3",
    "random",
    "secrets",
}


def modules(package: str) -> list[Path]:
    """Every module of a package."""
    return sorted(p for p in (ROOT / package).rglob("*.py") if "node_modules" not in p.parts)


def imported(path: Path) -> set[str]:
    """Dotted names a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_they_may(package: str) -> None:
    ours = set(ALLOWED)
    for path in modules(package):
        roots = {name.partition(".")[0] for name in imported(path)} & ours
        assert roots <= ALLOWED[package], path.relative_to(ROOT)


@pytest.mark.parametrize("package", sorted(PURE))
def test_the_core_does_no_input_or_output(package: str) -> None:
    for path in modules(package):
        assert not imported(path) & IMPURE_MODULES, path.relative_to(ROOT)


@pytest.mark.parametrize("package", ["dsl", "rules"])
def test_no_python_source_is_made_or_run(package: str) -> None:
    for path in modules(package):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"eval", "exec", "compile"}:
                first = node.args[0] if node.args else None
                assert not isinstance(first, ast.Constant | ast.JoinedStr), (
                    f"{path.relative_to(ROOT)}:{node.lineno}"
                )


def test_quick_commands_do_not_load_the_web() -> None:
    code = "import app.cli, app.commands.folder, app.design.trials, sys; sys.exit('flask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_the_web_bundle_is_committed_with_its_sources() -> None:
    assert (ROOT / "app/web/client/package-lock.json").is_file()
    assert list((ROOT / "app/web/static").rglob("*.js"))


def test_nothing_committed_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    odd = re.compile(rb"/root/|/simple/[a-z]|https?://registry")
    own = Path(__file__).relative_to(ROOT).as_posix()
    for name in filter(None, listed.split("\0")):
        if name != own and (ROOT / name).is_file():
            assert not odd.search((ROOT / name).read_bytes()), name
