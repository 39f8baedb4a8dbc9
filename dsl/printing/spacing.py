"""The white space between the tokens of one line of text."""

from collections.abc import Sequence

from dsl.tree import CLOSING, OPENING, Token

_BINARY = frozenset({"=", "<>", "<", "<=", ">", ">=", "&", "+", "*", "/", "=>", "->", "|"})
_TIGHT_BEFORE = frozenset({")", "]", ",", ".", ".."})
_TIGHT_AFTER = frozenset({"(", "[", ".", ".."})


def spaced(tokens: Sequence[Token]) -> str:
    """Tokens with one space where words or operators need or had one."""
    written = ""
    for index, token in enumerate(tokens):
        text = " ".join(token.text.split()) if token.kind == "amount" else token.text
        written += (" " if index and _space(tokens[index - 1], token) else "") + text
    return written


def _space(left: Token, right: Token) -> bool:
    had_one = right.start > left.start + len(left.text)
    if left.kind != "operator" and right.kind != "operator":
        return had_one
    if right.kind == "operator" and right.text in _TIGHT_BEFORE:
        return False
    if left.kind == "operator" and left.text in _TIGHT_AFTER:
        return False
    if left.kind == "operator" and left.text in (",", ":"):
        return True
    if any(token.kind == "operator" and token.text in _BINARY for token in (left, right)):
        return True
    return had_one


def split_at(tokens: Sequence[Token], separators: frozenset[str]) -> list[list[Token]]:
    """The tokens between separators that stand outside brackets; separators are lists of their own."""
    depth = 0
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.text in OPENING:
            depth += 1
        elif token.text in CLOSING:
            depth -= 1
        if depth == 0 and token.text in separators and not _after_dot(parts[-1]):
            parts += [[token], []]
        else:
            parts[-1].append(token)
    return parts


def _after_dot(before: Sequence[Token]) -> bool:
    return bool(before) and before[-1].text == "."
