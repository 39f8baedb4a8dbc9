"""A check after an edit finds what a check from nothing finds, whatever was kept of the checks before."""

import random
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from dsl import incremental, knownlines, syntax, types
from dsl.checker import check
from dsl.program import Program

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "incoming-quality"
WORDS = [
    "nc",
    "end",
    "missing",
    "on",
    "use",
    "=",
    "5",
    '"x"',
    "(",
    ")",
    "severity",
    "map",
    "if",
    "#",
    "\n",
    "|",
    "lot",
]
STEPS = 15


def rule_set() -> dict[str, bytes]:
    """The files of the example, without samples."""
    found = {p.relative_to(EXAMPLE).as_posix(): p.read_bytes() for p in EXAMPLE.rglob("*") if p.is_file()}
    return {path: content for path, content in found.items() if not path.startswith("samples/")}


def edited(draw: random.Random, text: str) -> str:
    """A text after one thing that people do to texts."""
    lines = text.split("\n")
    at, to = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(7):
        case 0:
            lines[at], lines[to] = lines[to], lines[at]
        case 1:
            lines.insert(to, lines[at])
        case 2:
            del lines[at]
        case 3:
            words = lines[at].split(" ")
            words[draw.randrange(len(words))] = draw.choice(WORDS)
            lines[at] = " ".join(words)
        case 4:
            place = draw.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + draw.choice("abcz(\"'|#= é") + lines[at][place:]
        case 5:
            lines[at] = lines[at][: draw.randrange(len(lines[at]) + 1)]
        case _:
            lines.insert(at, "# a comment")
    return "\n".join(lines)


def edits(seed: int) -> list[dict[str, bytes]]:
    """The states of the example while somebody works on it, now and then going back to the beginning."""
    draw = random.Random(seed)
    files = rule_set()
    states = []
    for _ in range(STEPS):
        path = draw.choice(sorted(path for path in files if path.endswith((".mw", ".toml"))))
        files = {**files, path: edited(draw, files[path].decode()).encode()}
        states.append(files)
        if draw.random() < 0.15:
            files = rule_set()
    return states


def shown(program: Program) -> dict[str, Any]:
    """All that a check has found, without the identity of nodes."""
    nodes = [node for module in program.modules.values() for node in below(module.declarations)]
    return {
        "diagnostics": program.diagnostics,
        "modules": {path: dump(module.declarations) for path, module in program.modules.items()},
        "types": [of and types.describe(of) for of in map(program.types.get, nodes)],
        "failures": [program.failures.get(node) for node in nodes],
        "names": [dump(program.names.get(node)) for node in nodes],  # type: ignore[call-overload]
        "copies": [dump(program.copies.get(node)) for node in nodes],  # type: ignore[call-overload]
        "declared": {
            kind: list(getattr(program, kind)) for kind in ("maps", "lookups", "tables", "rules", "flows")
        },
        "tests": [test.node.name for test in program.tests],
    }


def below(value: Any) -> list[Any]:
    """All nodes of a tree."""
    if isinstance(value, tuple | list):
        return [node for part in value for node in below(part)]
    if isinstance(value, syntax.Node):
        return [value, *(node for field in fields(value) for node in below(getattr(value, field.name)))]
    return []


def dump(value: Any) -> Any:
    """A node as data."""
    if isinstance(value, tuple | list):
        return [dump(part) for part in value]
    if isinstance(value, syntax.Node):
        return (type(value).__name__, *(dump(getattr(value, field.name)) for field in fields(value)))
    if type(value).__name__ in ("Variable", "EnumValue"):
        return (type(value).__name__, getattr(value, "name", ""), getattr(value, "value", ""))
    return value


def forget() -> None:
    """As if nothing had ever been checked."""
    incremental.forget()
    knownlines.forget()


def from_nothing(files: Mapping[str, bytes]) -> Program:
    """A check that can take nothing from another."""
    forget()
    return check(files)


@pytest.mark.parametrize("seed", range(2))
def test_a_check_after_an_edit_finds_what_one_from_nothing_finds(seed: int) -> None:
    forget()
    states = edits(seed)
    kept = [shown(check(files)) for files in states]
    for number, (files, found) in enumerate(zip(states, kept, strict=True)):
        fresh = shown(from_nothing(files))
        for part, value in fresh.items():
            assert found[part] == value, f"{part} after edit {number}"


def test_a_program_shares_no_node_between_equal_lines() -> None:
    forget()
    text = rule_set()
    program = check({**text, "maps/copy.mw": text[next(path for path in text if path.startswith("maps/"))]})
    nodes = [id(node) for module in program.modules.values() for node in below(module.declarations)]
    assert len(nodes) == len(set(nodes))


def test_an_unchanged_module_is_read_once() -> None:
    forget()
    first, second = check(rule_set()), check(rule_set())
    assert all(first.modules[path] is second.modules[path] for path in first.modules)


def test_a_body_is_judged_again_when_what_it_uses_has_changed() -> None:
    forget()
    files = {
        "ruleset.toml": b'name = "a"\nlanguage = "1"\n',
        "schemas/s@v1.json": b'{"type": "object", "properties": {"a": {"type": "string"}}}',
        "lookups.mw": b'lookup codes : text -> text\n  | "1" => "one" |\nend\n',
        "maps.mw": b'use schema s "v1"\nmap m : n in s -> s\n  on missing skip\n  on no_match skip\n'
        b"  a = lookup codes(n.a)\nend\n",
    }
    assert check(files).ok
    renamed = {**files, "lookups.mw": files["lookups.mw"].replace(b"codes", b"words")}
    assert [d.code for d in check(renamed).diagnostics] == ["M305"]
    assert check(files).ok


def test_a_changed_schema_is_seen_by_unchanged_maps() -> None:
    forget()
    files = {
        "ruleset.toml": b'name = "a"\nlanguage = "1"\n',
        "schemas/s@v1.json": b'{"type": "object", "properties": {"a": {"type": "string"}}}',
        "maps.mw": b'use schema s "v1"\nmap m : n in s -> s\n  on missing skip\n  a = n.a\nend\n',
    }
    assert check(files).ok
    changed = {**files, "schemas/s@v1.json": files["schemas/s@v1.json"].replace(b'"a"', b'"b"')}
    assert {d.code for d in check(changed).diagnostics} == {"M201", "M302"}
