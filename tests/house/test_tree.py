"""The house stands as docs and setup.cfg say: packages, one parent, no stray names."""

import configparser
import importlib
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "connectors", "dsl", "rules")
FORBIDDEN = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "manager",
    "managers",
    "misc",
    "base",
    "core",
    "lib",
}
TOP = {
    "setup.cfg", "pyproject.toml", "Makefile", "Procfile", "README.md", "CONTRIBUTING.md",
    "CHANGELOG.md", "LICENSE", "requirements.lock", "requirements-dev.lock", ".gitignore", ".ci",
    "dsl", "rules", "connectors", "app", "migrations", "tests", "examples", "benchmarks", "docs",
}  # fmt: skip


def tracked() -> list[Path]:
    """Every file that belongs to the project."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [Path(name) for name in listed.decode().split("\0") if name and (ROOT / name).exists()]


def modules() -> list[Path]:
    """Every Python module of the four packages, as a path below the root."""
    return sorted(
        p.relative_to(ROOT)
        for name in PACKAGES
        for p in (ROOT / name).rglob("*.py")
        if "node_modules" not in p.parts
    )


def packages() -> set[str]:
    """Dotted names of all packages of the project, those that setup.cfg takes from elsewhere included."""
    found = {
        ".".join(p.parent.parts) for p in tracked() if p.name == "__init__.py" and p.parts[0] in PACKAGES
    }
    return found | {"app.examples", "app.migrations", "app.migrations.versions", "rules.canonical"}


def test_nothing_stands_beside_the_house() -> None:
    assert {path.parts[0] for path in tracked()} <= TOP


def test_the_four_packages_have_one_parent() -> None:
    parents = {Path(importlib.import_module(name).__file__ or "").resolve().parents[1] for name in PACKAGES}
    assert len(parents) == 1


def test_setup_cfg_lists_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    assert listed == packages()


@pytest.mark.parametrize("path", modules(), ids=str)
def test_modules_are_named_for_what_they_hold(path: Path) -> None:
    assert path.stem not in FORBIDDEN


def test_tests_mirror_the_packages() -> None:
    folders = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders <= {
        *PACKAGES,
        "spec",
        "mutations",
        "fuzzing",
        "attacks",
        "golden",
        "conformance",
        "house",
        "browser",
        "faults",
        "cli",
    }


def test_test_files_have_unique_names_within_their_folder_and_no_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_procfile_commands_exist() -> None:
    from app.commands import COMMANDS

    for line in (ROOT / "Procfile").read_text().splitlines():
        name, _, command = line.partition(": ")
        assert command.split()[:3] == ["python", "-m", "app.cli"], name
        assert command.split()[3] in COMMANDS
