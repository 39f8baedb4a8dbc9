"""What is wrong with a line, in the analyst's words: from a fault of the grammar to a diagnostic."""

import unicodedata
from collections.abc import Iterable

from dsl.codes import diagnostic
from dsl.diagnostics import Diagnostic, Edit, Fix
from dsl.lines import Fault, grammar
from dsl.source import Span
from dsl.tree import MAX_DEPTH, Line, Token

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = BIDI | frozenset("\u00ad\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff")
LOOK_ALIKES = dict(zip("аеорсухіјѕԁһАВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧο“”„‟’‘–—−×÷≤≥≠→⇒",
                       [*"aeopcyxijsdhABEKMHOPCTXIJSABEZHIKMNOPTYXo", *'""""', "'", "'", *"---*/", "<=", ">=", "<>", "->", "=>"],
                       strict=True))  # fmt: skip
INSTEAD = {"==": "=", "!=": "<>", "&&": "and", "||": "or", "!": "not", "'": '"', "`": '"'}
NAMED = {
    "NAME": "a name", "STRING": 'a "text"', "KEY": "a name with a colon", "INTEGER": "a number", "NUMBER": "a number",
    "CONSTANT": "a constant", "$END": "the end of the line", "COLON": "`:`", "LPAR": "`(`", "RPAR": "`)`",
    "EQUAL": "`=`", "COMMA": "`,`", "QMARK": "`?`", "LBRACE": "`{`", "RBRACE": "`}`", "LSQB": "`[`", "RSQB": "`]`",
    "DOT": "`.`", "VBAR": "`|`",
}  # fmt: skip
VALUE = frozenset({"NAME", "STRING", "INTEGER", "LPAR"})
OPERATORS = frozenset(
    {"PLUS", "MINUS", "STAR", "SLASH", "AND", "OR", "LESSTHAN", "MORETHAN", "IN", "IS", "NOT"}
)


def character_faults(line: Line, file: str, subject: str) -> list[Diagnostic]:
    """The characters of a line that no token knows, and texts without an end."""
    found = []
    for token in line.tokens:
        if token.kind == "foreign":
            found.append(_foreign(token, file, subject))
        elif token.kind == "open_string":
            fix = Fix("Close the text", (Edit(file, Span(token.span.end, token.span.end), '"'),))
            found.append(diagnostic("M105", file, token.span, subject, fixes=(fix,)))
        elif token.kind == "wrong" and not any(d.code == "M101" for d in found):
            found.append(_wrong(token, file, subject))
        elif token.kind == "string" and not BIDI.isdisjoint(token.text):
            found.append(_hidden(token, BIDI, file, subject))
    return found


def comment_faults(tokens: Iterable[Token], file: str) -> list[Diagnostic]:
    """Comments that hide something: direction marks and characters without width."""
    return [
        _hidden(token, INVISIBLE, file, "")
        for token in tokens
        if token.kind == "comment" and not INVISIBLE.isdisjoint(token.text)
    ]


def _foreign(token: Token, file: str, subject: str) -> Diagnostic:
    char = token.text[0]
    help_ = []
    fixes: tuple[Fix, ...] = ()
    if char in LOOK_ALIKES:
        help_.append(f"it only looks like `{LOOK_ALIKES[char]}`")
    plain = "".join(
        " " if c.isspace() else "" if c in INVISIBLE else LOOK_ALIKES.get(c, "\0") for c in token.text
    )
    if "\0" not in plain:
        fixes = (Fix("Write it plain", (Edit(file, token.span, plain),)),)
    if not help_ and char.isalpha():
        help_.append('a field with such a name is written in quotes: nc."' + token.text + '"')
    return diagnostic("M104", file, token.span, subject, help=help_, fixes=fixes, character=_called(char))


def _hidden(token: Token, which: frozenset[str], file: str, subject: str) -> Diagnostic:
    offset = next(i for i, char in enumerate(token.text) if char in which)
    place = Span(token.start + offset, token.start + offset + 1)
    fixes = (Fix("Take it out", (Edit(file, place, ""),)),)
    return diagnostic("M104", file, place, subject, fixes=fixes, character=_called(token.text[offset]))


def _called(char: str) -> str:
    name = unicodedata.name(char, "CONTROL CHARACTER").lower()
    shown = f"`{char}` " if char.isprintable() and char not in INVISIBLE else ""
    return f"{shown}U+{ord(char):04X} ({name})"


def _wrong(token: Token, file: str, subject: str) -> Diagnostic:
    instead = INSTEAD.get(token.text)
    help_ = [f"write `{instead}`"] if instead else []
    fixes = (
        (Fix(f"Write {instead}", (Edit(file, token.span, instead),)),) if instead and instead != '"' else ()
    )
    return diagnostic("M101", file, token.span, subject, help=help_, fixes=fixes, found=f"`{token.text}`")


def line_fault(line: Line, fault: Fault | None, file: str, subject: str) -> Diagnostic:
    """The diagnostic of a line that the grammar does not take."""
    if line.too_deep is not None:
        return diagnostic("M107", file, line.too_deep.span, subject, limit=MAX_DEPTH)
    if line.unclosed is not None:
        return diagnostic("M106", file, line.unclosed.span, subject, found=f"`{line.unclosed.text}`")
    fault = fault or Fault(None, frozenset())
    token = fault.token
    if fault.literal is not None and token is not None:
        return diagnostic(fault.literal.code, file, token.span, subject, **fault.literal.words)
    if token is None:
        end = line.span.end
        return _unexpected(Span(end, end), "the end of the line", fault, file, subject)
    if unit := _unit(line, token):
        return diagnostic("M114", file, token.span, subject, found=unit)
    return _unexpected(token.span, f"`{token.text}`", fault, file, subject)


def _unit(line: Line, token: Token) -> str:
    """A word directly after a number was meant as its unit."""
    before = line.tokens[line.tokens.index(token) - 1] if token is not line.tokens[0] else None
    meant = token.kind == "word" and token.text not in grammar()[1]
    return token.text if meant and before is not None and before.kind == "number" else ""


def _unexpected(span: Span, found: str, fault: Fault, file: str, subject: str) -> Diagnostic:
    help_ = [f"expected here: {', '.join(expected)}"] if (expected := _expected(fault.expected)) else []
    return diagnostic("M101", file, span, subject, help=help_, found=found)


def _expected(terminals: frozenset[str]) -> list[str]:
    """At most eight things a person would write here; a value and an operator stand for all of theirs."""
    words = set(terminals)
    listed = []
    if words >= VALUE:
        listed.append("a value")
        words -= VALUE | {"NUMBER", "CONSTANT", "LSQB", "LBRACE", "MINUS", "NOT", "MISSING", "TRUE", "FALSE"}
        words -= {"LOOKUP", "TABLE", "RECALL"}
    if words >= {"PLUS", "AND"}:
        listed.append("an operator")
        words = {
            word
            for word in words - OPERATORS
            if not word.startswith("__ANON") and word not in ("EQUAL", "DOT")
        }
    listed += sorted(
        {NAMED.get(word, f"`{word.lower()}`") for word in words if not word.startswith("__ANON")}
    )
    return listed[:8]
