"""CONTRIBUTING works as it is written: its function and its page are added to a copy of the house and used."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
ASK = """
import sys
from pathlib import Path
from app.factory import create_app
from app.settings import load_settings
from app.storage.migrate import upgrade
from app.wiring import wire
settings = load_settings()
settings.home.mkdir()
upgrade(settings.database)
client = create_app(wire(settings)).test_client()
print(client.get("/clocks").status_code, client.get("/no-such-page").status_code)
"""
CALL = """
from dsl.functions import registry
from dsl.reference import function_pages
spec = registry()["initials"]
print(spec.implementation("Ana Maria"), spec.signature, "initials(" in function_pages())
"""


def blocks(section: str) -> list[str]:
    """The code blocks below a heading, without their indentation."""
    body = TEXT.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    return [textwrap.dedent(code) for code in re.findall(r"```\w+\n(.*?)```", body, re.DOTALL)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages to add things to."""
    copy = tmp_path_factory.mktemp("house")
    leave = shutil.ignore_patterns("node_modules", "__pycache__", "client")
    for name in ("app", "dsl", "rules", "connectors", "migrations"):
        shutil.copytree(ROOT / name, copy / name, ignore=leave)
    return copy


def run(house: Path, code: str) -> str:
    """What a program prints that uses the copy."""
    environ = {**os.environ, "PYTHONPATH": str(house), "MAPWRIGHT_HOME": str(house / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=house, env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_function_is_one_declaration(house: Path) -> None:
    target = house / "dsl" / "functions" / "text.py"
    target.write_text(target.read_text("utf-8") + "\n\n" + blocks("A function")[0], "utf-8")
    assert run(house, CALL) == "AM initials(value: text) : text True"


def test_a_page_is_a_module_a_template_and_a_name(house: Path) -> None:
    module, template = blocks("A page")
    (house / "app/web/clocks.py").write_text(module, "utf-8")
    (house / "app/web/templates/clocks.html").write_text(template, "utf-8")
    package = house / "app/web/__init__.py"
    text = package.read_text("utf-8")
    text = text.replace("from app.web import (", "from app.web import (\n    clocks,")
    text = re.sub(r"_NOUNS = \(", "_NOUNS = (clocks, ", text)
    package.write_text(text, "utf-8")
    there, elsewhere = run(house, ASK).split()
    assert there in ("302", "303") and elsewhere == "404"


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:app|connectors|dsl|migrations|tests|docs)/[\w./]+)`", TEXT)))
)
def test_the_paths_it_names_exist(path: str) -> None:
    made_by_the_reader = {
        "app/web/clocks.py",
        "app/web/templates/clocks.html",
        "migrations/versions/NNNN_pre_what.py",
    }
    assert path in made_by_the_reader or (ROOT / path).exists()
