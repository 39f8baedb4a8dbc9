"""Where a JSON pointer stands in the text of a file, so that a finding in a schema has its line."""

import re

from dsl.source import Span

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def place(text: str, pointer: str) -> Span:
    """The key (or the item of a list) that a pointer such as `#/properties/lot/maxLength` names.

    Where the pointer goes on in what is not written there (a combined subschema), the last step that is.
    """
    wanted = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    best, depth = Span(0, 0), 0
    way: list[str | int] = []
    key: Span | None = None
    before = ""
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in "{[":
            way.append(0 if word == "[" else "")
        elif word in "}]":
            way = way[:-1]
        elif word == "," and way and isinstance(way[-1], int):
            way[-1] += 1
        elif word[0] == '"' and way and way[-1].__class__ is str and before in ("{", ","):
            way[-1], key = _unquoted(word), Span(token.start(), token.end())
        before = word
        reached = (
            len(way)
            if way and len(way) <= len(wanted) and [str(step) for step in way] == wanted[: len(way)]
            else 0
        )
        if reached > depth:
            best, depth = (
                key if way[-1].__class__ is str and key else Span(token.start(), token.end()),
                reached,
            )
            if depth == len(wanted):
                break
    return best


def _unquoted(word: str) -> str:
    inner = word[1:-1]
    return re.sub(r"\\u([0-9a-fA-F]{4})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], inner)
