"""Inputs nobody writes on purpose: examples cut, mixed and sprinkled with what readers trip over."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from app.design.rulesets import read_folder
from tests.rules.documents import HEAD, files
from tests.rules.programs import Generator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ODD = (
    "\u200b", "\u202e", "\ufeff", "\x00", "\r", "\u2028", "é", "ﬁ", "\U0001f600", "\ud800", "\\", '"', '"""', "#", "\t", "=", "=>",
    "|", "(", ")", "[", "]", "{", "}", "..", "...", "? ", "*", "1e999999", "9" * 60, "0.0000000001", "-", "%", "5%", "5 EA", "EUR",
    "2026-02-30", "2026-01-31T25:00:00Z", "\\u{110000}", "\\u{d800}", "missing", "not", "in", "is", "for", "where", "end", "end\n",
    "each ", "if ", "else", "use ", "on missing ", "otherwise ", "policy ", "map ", "rule ", "test ", "flow ", "lookup ", "table ",
    "function ", "type ", "dataset ", "collect ", "expect ", "remember ", "recall ", "call ", "reply ", "jmespath(", "tree(", "((((", "]]]]",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, "", " ", "0", "00000000", "20260230", "1e1500000", "\x00", "\ud800", "\u202e", "a" * 5000, "-1", "NaN", True, False, 0, -1,
    2**53 + 1, 10**40, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+6000"), Decimal("1E-6000"), Decimal("-0"), [], {}, [[]], [{}],
    {"value": "1"}, {"value": "x", "uom": "EA"}, {"": 1}, {"__class__": 1}, float("nan"), float("inf"), 1.5,
)  # fmt: skip


@cache
def example_files() -> dict[str, dict[str, bytes]]:
    """The examples, samples left out."""
    folders = sorted(path.parent for path in EXAMPLES.glob("*/ruleset.toml"))
    return {
        folder.name: {p: c for p, c in read_folder(folder).items() if not p.startswith("samples/")}
        for folder in folders
    }


@cache
def example_samples() -> tuple[bytes, ...]:
    """The samples of the examples, as they come."""
    found = (
        path
        for path in sorted(EXAMPLES.glob("*/samples/*"))
        if not path.name.endswith((".expected.json", ".md"))
    )
    return tuple(path.read_bytes() for path in found)


@cache
def modules() -> tuple[str, ...]:
    """The texts of the examples."""
    return tuple(
        c.decode() for f in example_files().values() for p, c in sorted(f.items()) if p.endswith(".mw")
    )


def module(random: Random) -> str:
    """A module: of the examples, generated, or characters alone."""
    match random.randrange(8):
        case 0:
            return Generator(random.randrange(10**6)).program()
        case 1:
            return "".join(random.choice(ODD) for _ in range(random.randrange(60)))
        case _:
            return random.choice(modules())


def spoilt(text: str, random: Random) -> str:
    """The text with some edits that no editor makes."""
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        place, other = random.randrange(len(text) + 1), random.randrange(len(text) + 1)
        start, end = sorted((place, min(len(text), place + random.choice((1, 3, 20, 200)))))
        match random.randrange(7):
            case 0:
                text = text[:start] + text[end:]
            case 1 | 2:
                text = text[:start] + random.choice(ODD) + text[start:]
            case 3:
                text = text[:start] + text[min(other, len(text)) : other + 40] + text[start:]
            case 4:
                lines = text.split("\n")
                one = random.randrange(len(lines))
                lines[one : one + 1] = [lines[one]] * random.choice((0, 2, 2, 5))
                text = "\n".join(lines)
            case 5:
                lines = text.split("\n")
                one, two = random.randrange(len(lines)), random.randrange(len(lines))
                lines[one], lines[two] = lines[two], lines[one]
                text = "\n".join(lines)
            case _:
                text = text[:start] + random.choice(ODD) * random.choice((2, 50, 3000)) + text[end:]
    return text[:200_000]


def spoilt_bytes(body: bytes, random: Random) -> bytes:
    """The same for a body."""
    found = bytearray(body)
    for _ in range(random.choice((1, 2, 6))):
        place = random.randrange(len(found) + 1)
        match random.randrange(4):
            case 0:
                del found[place : place + random.choice((1, 5, 100))]
            case 1:
                found[place:place] = bytes(random.randrange(256) for _ in range(random.choice((1, 4))))
            case 2:
                found[place:place] = found[: random.randrange(len(found) + 1)][:300]
            case _:
                token = random.choice(
                    (
                        b"NaN",
                        b"1e1500000",
                        b'"\\ud800"',
                        b"[" * 3000,
                        b'{"a":' * 3000,
                        b"~",
                        b"*",
                        b"\n",
                        b'"',
                        b",",
                    )
                )
                found[place:place] = token
    return bytes(found[:500_000])


def rule_set(random: Random) -> dict[str, bytes]:
    """A rule set of which one file is spoilt."""
    if random.random() < 0.3:
        program = spoilt(HEAD + Generator(random.randrange(10**6)).program(), random)
        return {**files(""), "maps/generated.mw": encoded(program)}
    found = dict(random.choice(list(example_files().values())))
    path = random.choice(sorted(found))
    if random.random() < 0.8:
        path = random.choice([p for p in sorted(found) if p.endswith(".mw")])
    if random.random() < 0.2:
        found[path] = spoilt_bytes(found[path], random)
    else:
        found[path] = encoded(spoilt(found[path].decode(), random))
    return found


def encoded(text: str) -> bytes:
    """A text as a file; half of a pair stays what it is, which is no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def hostile(document: Any, random: Random, depth: int = 0) -> Any:
    """A document with values of every wrong kind in it."""
    if depth > 3 and random.random() < 0.02:
        return nested(random.choice((50, 100)))
    if random.random() < 0.06:
        return random.choice(VALUES)
    if isinstance(document, dict):
        made = {
            name: hostile(value, random, depth + 1)
            for name, value in document.items()
            if random.random() > 0.04
        }
        if random.random() < 0.05:
            made[random.choice(("__class__", "", "a.b", "\x00", "value"))] = random.choice(VALUES)
        return made
    if isinstance(document, list):
        made_list = [hostile(value, random, depth + 1) for value in document]
        return made_list * random.choice((0, 1, 1, 1, 1, 3)) if len(made_list) < 200 else made_list
    return document


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


def choose(random: Random, names: Sequence[str]) -> str:
    """One of the names, or a name nothing has."""
    return random.choice([*names, "nope"]) if names else "nope"
