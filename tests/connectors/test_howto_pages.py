"""The how-to pages of codecs and transports work as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_FILE = re.compile(r"^`(?P<path>[\w./-]+)`:\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LOOK = "from connectors.registry import {kind}s; print({kind}s()['{name}'].name)"


def lay_out(page, folder):
    """Write every named block of a page as a file."""
    for match in _FILE.finditer((ROOT / "docs" / "howto" / page).read_text("utf-8")):
        path = folder / match["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        text = match["text"]
        path.write_text(text.rstrip("\n") if path.suffix == ".txt" else text, "utf-8")


def install(folder, package):
    """What an installer leaves behind: the metadata with the entry points, beside the package."""
    text = (folder / "pyproject.toml").read_text("utf-8")
    group, line = re.search(r'entry-points\."([\w.]+)"\]\n(.+)', text).groups()
    metadata = folder / f"{package}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{line.replace(chr(34), '')}\n", "utf-8")


def run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("page", "kind", "name", "package"),
    [
        ("write-a-codec.md", "codec", "pairs", "mapwright_pairs"),
        ("write-a-transport.md", "transport", "spool", "mapwright_spool"),
    ],
)
def test_a_connector_built_from_the_page_is_found_and_conforms(tmp_path, page, kind, name, package):
    lay_out(page, tmp_path)
    install(tmp_path, package)
    assert run(tmp_path, "-c", _LOOK.format(kind=kind, name=name)) == f"{name}\n"
    output = run(
        tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", f"test_{name}.py"
    )
    assert "1 passed" in output


@pytest.mark.parametrize("page", ["write-a-codec.md", "write-a-transport.md"])
def test_the_code_of_the_page_is_typed(tmp_path, page):
    lay_out(page, tmp_path)
    package = next(path.parent for path in tmp_path.glob("*/__init__.py"))
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    pytest.importorskip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases", "--cache-dir", str(tmp_path / "cache"),
         "--config-file", "", package.name],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
