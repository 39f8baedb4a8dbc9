"""Code objects in the data folder: taken where they are ours and fit, never else."""

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.runtime.codes import MOST_FILES, SignedFolder
from dsl.checker import check
from rules.compiler import compile_program

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "incoming-quality"
FILES = {
    "ruleset.toml": b'name = "a"\nlanguage = "1"\n',
    "schemas/s@v1.json": b'{"type": "object", "properties": {"a": {"type": "string"}}}',
    "a.mw": b'use schema s "v1"\nmap m : d in s -> s\n  on missing skip\n  a = trim(d.a)\nend\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> SignedFolder:
    return SignedFolder(tmp_path / "code", ("key",))


def only_file(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "code").iterdir()
    return found


def test_what_is_put_is_given_back(folder: SignedFolder) -> None:
    folder.put("name", b"code")
    assert folder.get("name") == b"code" and folder.get("other") is None


def test_a_touched_file_is_no_file(folder: SignedFolder, tmp_path: Path) -> None:
    folder.put("name", b"code")
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"f")
    assert folder.get("name") is None


def test_a_file_of_another_name_is_no_file(folder: SignedFolder, tmp_path: Path) -> None:
    folder.put("name", b"code")
    only_file(tmp_path).rename(folder._path("other"))
    assert folder.get("other") is None


def test_a_file_of_another_installation_is_no_file(folder: SignedFolder, tmp_path: Path) -> None:
    SignedFolder(tmp_path / "code", ("another",)).put("name", b"code")
    assert folder.get("name") is None


def test_a_file_signed_before_the_keys_were_turned_still_verifies(
    folder: SignedFolder, tmp_path: Path
) -> None:
    folder.put("name", b"code")
    assert SignedFolder(tmp_path / "code", ("new", "key")).get("name") == b"code"


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = SignedFolder(tmp_path / "file" / "code", ("key",))
    folder.put("name", b"code")
    assert folder.get("name") is None


def test_only_the_last_files_stay(folder: SignedFolder, tmp_path: Path) -> None:
    for number in range(MOST_FILES + 3):
        folder.put(str(number), b"code")
    assert len(list((tmp_path / "code").iterdir())) == MOST_FILES


def test_a_rule_set_is_compiled_once_for_all_processes(
    folder: SignedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compile_program(check(FILES), "release", folder)
    monkeypatch.setattr("rules.compiler._code", lambda unit: pytest.fail("compiled again"))
    second = compile_program(check(FILES), "release", folder)
    assert first.map("m").function.__code__ == second.map("m").function.__code__


def test_code_of_another_release_is_not_taken(folder: SignedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_program(check(FILES), "release", folder)
    monkeypatch.setattr(
        "rules.compiler._code", lambda unit: marshal.loads(marshal.dumps(compile("", "", "exec")))
    )
    with pytest.raises(KeyError):
        compile_program(check(FILES), "another", folder)


def test_code_and_names_are_the_same_in_every_process() -> None:
    """Generated names are bound anew, so their order must not hang on how a process hashes texts."""
    script = (
        "import sys, marshal, hashlib\nfrom pathlib import Path\nfrom dsl.checker import check\n"
        "from rules import codes, compiler\nroot = Path(sys.argv[1])\n"
        "files = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob('*') if p.is_file()}\n"
        "files = {k: v for k, v in files.items() if not k.startswith('samples/')}\n"
        "def walk(code):\n  yield repr((code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_linetable))\n"
        "  for part in code.co_consts:\n    yield from walk(part) if hasattr(part, 'co_code') else ()\n"
        "class Store:\n  def get(self, name):\n    print(name)\n  def put(self, name, content):\n"
        "    print(hashlib.sha256(''.join(walk(marshal.loads(content))).encode()).hexdigest())\n"
        "compiler.compile_program(check(files), 'r', Store())\n"
    )
    names = [
        subprocess.run(
            [sys.executable, "-c", script, str(EXAMPLE)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert names[0] == names[1] and len(names[0].split()) == 2
