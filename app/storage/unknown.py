"""What to say about a name or an id that is not known: the nearest there is, those there are, where to look."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from sqlalchemy import Connection

from app.errors import NotFound
from app.storage.environments import environments
from app.storage.identity import ID_LENGTH

_NAMED = 8
_LOOK = {
    "message": "`mapwright messages search -q WORD` finds one by a key or a word",
    "delivery": "`mapwright messages show MESSAGE` lists those of a message",
    "lane": "`mapwright lanes --all` lists them",
}


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` where a known name is near: a slip of the keys, or one that ends or begins like it."""
    names = sorted(known)
    folded = {one.casefold(): one for one in reversed(names)}
    asked = name.casefold()
    close = get_close_matches(asked, folded, n=1, cutoff=0.6)
    parts = [one for one in names if asked in one.casefold().replace("/", ".").split(".")]
    found = [folded[one] for one in close] or parts[:2]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def listed(names: Iterable[str]) -> str:
    """The first few names, or that there is none."""
    there = sorted(names)
    return ", ".join(there[:_NAMED]) + (", ..." if len(there) > _NAMED else "") or "none"


def instead(name: str, known: Collection[str], there: str = "there are") -> str:
    """The nearest of the known names, where one is near, and the first few of them all: the end of a sentence."""
    return f"{meant(name, known) or ';'} {there}: {listed(known)}"


def no_environment(connection: Connection, name: str) -> str:
    """That there is no such environment, and which ones there are."""
    names = [one.name for one in environments(connection)]
    guess = meant(name, names) or ";"
    return f"there is no environment {name[:60]}{guess} there are: {', '.join(names) or 'none'}"


def no_id(kind: str, id: str) -> NotFound:
    """That there is no message, delivery or lane of this id: mistyped, or no longer kept."""
    right = len(id) >= ID_LENGTH and all(sign in "0123456789abcdef" for sign in id)
    why = "perhaps its days are over" if right else "this is no whole id"
    return NotFound(f"there is no {kind} {id[:80]} ({why}): {_LOOK[kind]}", {kind: id[:80]})
