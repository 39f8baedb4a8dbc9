"""A line that is one word off: the one keyword or sign that makes it a statement, as a fix."""

from collections.abc import Iterator

from dsl.diagnostics import Fix
from dsl.findings import Findings
from dsl.lines import Fault, grammar, read_line
from dsl.tree import Line, Token

MOST_FAULTS = 50
_OTHER_MEANING = frozenset({"and", "or", ",", ".", "?", "not", "-", "+", "*", "/", "&"})
"""What would make a statement readable by saying something that nobody meant."""
_LONGEST_LINE = 60


def repairs(line: Line, fault: Fault, start: str, findings: Findings) -> list[Fix]:
    """The fix, where exactly one keyword put before the faulty token, or in its place, makes the line readable."""
    token = fault.token
    if token is None or not start or len(findings.found) > MOST_FAULTS or len(line.tokens) > _LONGEST_LINE:
        return []
    at = line.tokens.index(token)
    words = sorted(_words(fault))
    same = [word for word in words if word == token.text.lower()]
    instead = [
        word
        for word in same or words
        if _reads([*line.tokens[:at], _made(word, token), *line.tokens[at + 1 :]], start)
    ]
    if same and instead:
        return [findings.fix(f"Write {same[0]}", token.span, same[0])]
    before = [
        word for word in words if _reads([*line.tokens[:at], _made(word, token), *line.tokens[at:]], start)
    ]
    if len(before) == 1 and not instead:
        place = type(token.span)(token.start, token.start)
        return [findings.fix(f"Insert {before[0]}", place, f"{before[0]} ")]
    if len(instead) == 1 and not before:
        return [findings.fix(f"Write {instead[0]}", token.span, instead[0])]
    return []


def _words(fault: Fault) -> Iterator[str]:
    """The keywords and signs that fit at the fault, as they are written."""
    expected = fault.expected()
    return (text for text, name in grammar()[1].items() if name in expected and text not in _OTHER_MEANING)


def _made(word: str, token: Token) -> Token:
    return Token("word" if word[0].isalpha() else "operator", word, token.start)


def _reads(tokens: list[Token], start: str) -> bool:
    return read_line(tokens, start).fault is None
