"""Code objects of compiled rule sets kept for the next process: making them is a third of compiling.

Everything else that a rule set needs to run is made anew from its release. A code object is only taken for a unit that
binds the same names to the same kinds of values, compiled by the same compiler for the same Python: all of that is in
its name. Python's marshal is not made for bytes of unknown origin, so the store has to give back nothing that it
was not given (`app.runtime.codes` signs what it writes).
"""

import hashlib
import importlib.util
import marshal
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Protocol

import dsl
import rules
from rules.generation.unit import Unit


class CodeStore(Protocol):
    """Keeps bytes by name; gives back what it was given under that name, or None."""

    def get(self, name: str) -> bytes | None:
        """What was put under this name."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Keep something; a store that can't keeps nothing."""
        ...


def code_of(unit: Unit, release: str, store: CodeStore | None, make: Callable[[], CodeType]) -> CodeType:
    """The code of a unit, from the store where it has it, else made and given to the store."""
    if store is None:
        return make()
    name = _name(unit, release)
    kept = store.get(name)
    if kept is not None:
        found = marshal.loads(kept)
        if isinstance(found, CodeType):
            return found
    made = make()
    store.put(name, marshal.dumps(made))
    return made


def _name(unit: Unit, release: str) -> str:
    """A hash of all that the code depends on."""
    digest = hashlib.sha256(f"{release}\0{compiler_mark()}\0{len(unit.sites)}\0{len(unit.stations)}".encode())
    for definition in unit.definitions:
        digest.update(f"\0{getattr(definition, 'name', '')}".encode())
    for name, value in unit.namespace.items():
        digest.update(f"\0{name}={described(value)}".encode())
    return digest.hexdigest()


def described(value: Any) -> str:
    """What kind of thing a name is bound to, in the same words in every process."""
    if value is None or isinstance(value, str | int):
        return repr(value)
    if isinstance(value, frozenset | set):
        return f"{type(value).__name__} {sorted(map(described, value))}"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} {list(map(described, value))}"
    inner = getattr(value, "func", None)
    if inner is not None and hasattr(value, "args"):
        return f"partial {described(inner)} {list(map(described, value.args))}"
    name = getattr(value, "__qualname__", "")
    return f"{getattr(value, '__module__', '')}.{name}" if name else type(value).__qualname__


@cache
def compiler_mark() -> str:
    """Which compiler on which Python: code of another is of no use."""
    digest = hashlib.sha256(importlib.util.MAGIC_NUMBER)
    for package in (dsl, rules):
        root = Path(package.__file__ or "").parent
        for path in sorted([*root.rglob("*.py"), *root.rglob("*.lark")]):
            stat = path.stat()
            digest.update(f"\0{path.relative_to(root)} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()
