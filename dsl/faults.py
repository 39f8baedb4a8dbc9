"""What is wrong with a line, in the analyst's words: from a fault of the grammar to a diagnostic."""

import unicodedata
from collections.abc import Iterable, Iterator

from dsl import elsewhere
from dsl.diagnostics import Fix
from dsl.findings import Findings
from dsl.lines import Fault, grammar
from dsl.literals import CURRENCIES, TIME_UNITS
from dsl.repairs import repairs
from dsl.source import Span
from dsl.tree import Line, Token
from dsl.units import unit_fault

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = BIDI | frozenset("\u00ad\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff")
LOOK_ALIKES = dict(
    zip(
        "аеорсухіјѕԁһАВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧο“”„‟’‘–—−×÷≤≥≠→⇒",
        [
            *"aeopcyxijsdhABEKMHOPCTXIJSABEZHIKMNOPTYXo",
            *'""""',
            "'",
            "'",
            *"---*/",
            "<=",
            ">=",
            "<>",
            "->",
            "=>",
        ],
        strict=True,
    )
)
INSTEAD = {"==": "=", "!=": "<>", "&&": "and", "||": "or", "!": "not"}
NAMED = {
    "NAME": "a name", "STRING": 'a "text"', "KEY": "a name with a colon", "INTEGER": "a number", "NUMBER": "a number",
    "CONSTANT": "a constant", "$END": "the end of the line", "COLON": "`:`", "LPAR": "`(`", "RPAR": "`)`",
    "EQUAL": "`=`", "COMMA": "`,`", "QMARK": "`?`", "LBRACE": "`{`", "RBRACE": "`}`", "LSQB": "`[`", "RSQB": "`]`",
    "DOT": "`.`", "VBAR": "`|`", "LESSTHAN": "`<`", "MORETHAN": "`>`", "PLUS": "`+`", "MINUS": "`-`", "STAR": "`*`",
    "SLASH": "`/`", "AMPERSAND": "`&`",
}  # fmt: skip
ARROWS = ("=>", "->", "..")
VALUE = frozenset({"NAME", "STRING", "INTEGER", "LPAR"})
OPERATORS = frozenset(
    {"AMPERSAND", "PLUS", "MINUS", "STAR", "SLASH", "AND", "OR", "LESSTHAN", "MORETHAN", "IN", "IS", "NOT"}
)


def character_faults(line: Line, findings: Findings) -> bool:
    """Report characters of a line that no token knows, and texts without an end; whether there are any."""
    before = len(findings.found)
    wrong = False
    for token in line.tokens:
        if token.kind == "foreign":
            _foreign(token, findings)
        elif token.kind == "open_string":
            findings.unclosed_text(token.span)
        elif token.kind == "wrong" and not wrong:
            wrong = True
            _wrong(token, line, findings)
        elif token.kind == "string" and not BIDI.isdisjoint(token.text):
            _hidden(token, BIDI, findings)
    return len(findings.found) > before


def comment_faults(tokens: Iterable[Token], findings: Findings) -> None:
    """Report comments that hide something: direction marks and characters without width."""
    for token in tokens:
        if token.kind == "comment" and not INVISIBLE.isdisjoint(token.text):
            _hidden(token, INVISIBLE, findings)


def _foreign(token: Token, findings: Findings) -> None:
    char = token.text[0]
    help_ = []
    if char in LOOK_ALIKES:
        help_.append(f"it only looks like `{LOOK_ALIKES[char]}`")
    elif char.isalpha():
        help_.append(f'a field with such a name is written in quotes: nc."{token.text}"')
    plain = [" " if c.isspace() else "" if c in INVISIBLE else LOOK_ALIKES.get(c) for c in token.text]
    fixes = (
        [findings.fix("Write it plain", token.span, "".join(map(str, plain)))] if None not in plain else []
    )
    findings.character(token.span, _called(char), help_, fixes)


def _hidden(token: Token, which: frozenset[str], findings: Findings) -> None:
    offset = next(i for i, char in enumerate(token.text) if char in which)
    place = Span(token.start + offset, token.start + offset + 1)
    findings.character(place, _called(token.text[offset]), fixes=[findings.fix("Take it out", place, "")])


def _called(char: str) -> str:
    name = unicodedata.name(char, "CONTROL CHARACTER").lower()
    shown = f"`{char}` " if char.isprintable() and char not in INVISIBLE else ""
    return f"{shown}U+{ord(char):04X} ({name})"


def _wrong(token: Token, line: Line, findings: Findings) -> None:
    if token.text in ("'", "`"):
        _other_quotes(token, line, findings)
        return
    instead = INSTEAD.get(token.text)
    advice = f"write `{instead}`" if instead else elsewhere.WORDS.get(token.text)
    help_ = [advice] if advice else []
    fixes = (
        [findings.fix(f"Write {instead}", token.span, instead)]
        if instead
        else _word_fixes(line, token, findings)
    )
    findings.not_understood(token.span, f"`{token.text}`", help_, fixes)


def _other_quotes(token: Token, line: Line, findings: Findings) -> None:
    """Report 'text': the fix puts double quotes around what the two marks hold."""
    second = next((t for t in line.tokens if t.start > token.start and t.text == token.text), None)
    fixes = []
    if second is not None:
        between = [t for t in line.tokens if token.start < t.start < second.start]
        inner = "".join(_spaced(between, token.span.end))
        if '"' not in inner:
            fixes = [findings.fix("Write double quotes", Span(token.start, second.span.end), f'"{inner}"')]
    findings.not_understood(token.span, f"`{token.text}`", ['a text stands in double quotes: "text"'], fixes)


def _spaced(tokens: list[Token], start: int) -> Iterator[str]:
    """The texts of tokens with the blanks between them."""
    for token in tokens:
        yield " " * (token.start - start) + token.text
        start = token.span.end


def line_fault(line: Line, fault: Fault, findings: Findings, start: str = "") -> None:
    """Report a line that the grammar does not take; `start` is what it was read as."""
    token = fault.token
    if line.unclosed is not None:
        findings.unclosed_bracket(line.unclosed.span, line.unclosed.text)
    elif token is None:
        end = Span(line.span.end, line.span.end)
        findings.not_understood(end, "the end of the line", _help(fault, findings))
    elif fault.literal is not None:
        findings.literal(token.span, fault.literal)
    elif _is_unit(line, token):
        _unit(line, token, findings)
    elif line.first != "|" and (comma := _decimal_comma(line, token)):
        written = ".".join(
            t.text for t in line.tokens if comma.start <= t.start < comma.end and t.kind == "number"
        )
        fixes = [findings.fix(f"Write {written}", comma, written)]
        findings.not_understood(token.span, "`,`", [f"a decimal has a point: {written}"], fixes)
    else:
        _unexpected(line, token, fault, findings, start)


def _unexpected(line: Line, token: Token, fault: Fault, findings: Findings, start: str) -> None:
    """A token that no kind of line has at this place: what was probably meant, what would fit, the one word to fix it."""
    first = elsewhere.FIRST.get(line.first)
    advice = first or _advice(line, token, fault, start)
    fixes = _first_fixes(line, findings) if first else _word_fixes(line, token, findings) if advice else []
    fixes = fixes if fixes or first else repairs(line, fault, start, findings)
    help_ = [advice] if first and advice else [*([advice] if advice else []), *_help(fault, findings)]
    findings.not_understood(token.span, f"`{token.text}`", help_, fixes)


def _advice(line: Line, token: Token, fault: Fault, start: str) -> str | None:
    """What elsewhere is written so, by the kind of line it stands in."""
    if start == "table_line":
        return elsewhere.CELLS.get(token.text)
    if start == "rule_line" and token.text in elsewhere.IN_RULES:
        return elsewhere.IN_RULES[token.text]
    if token.text == ":" and "EQUAL" not in fault.expected():
        return None
    if token.text == "," and any(t.text == "in" for t in line.tokens[: line.tokens.index(token)]):
        return "a list stands in square brackets: [a, b]"
    return (
        elsewhere.WORDS.get(token.text)
        if start in ("map_line", "rule_line", "expression_line", "rules_line")
        else None
    )


def _first_fixes(line: Line, findings: Findings) -> list[Fix]:
    first = line.tokens[0]
    if first.text in ("elseif", "elif", "elsif"):
        return [findings.fix("Write else if", first.span, "else if")]
    return (
        [findings.fix("Leave the rest out", Span(first.span.end, line.span.end), "")]
        if first.text == "end"
        else []
    )


def _word_fixes(line: Line, token: Token, findings: Findings) -> list[Fix]:
    at = line.tokens.index(token)
    last, before = line.tokens[-1], line.tokens[at - 1]
    if token.text in (";", "then") and token is last:
        return [findings.fix("Take it out", Span(before.span.end, token.span.end), "")]
    if token.text == ":" and len(line.tokens) > at + 1:
        following = line.tokens[at + 1]
        end = following.span.end if following.text == "=" else token.span.end
        return [findings.fix("Write =", Span(before.span.end, end), " =")]
    if token.text in ("null", "empty"):
        word = "missing" if token.text == "null" else "blank"
        return [findings.fix(f"Write {word}", token.span, word)]
    return []


def _unit(line: Line, token: Token, findings: Findings) -> None:
    """A word behind a number: no unit, or one that the blank is missing before."""
    known = token.text in CURRENCIES or token.text in TIME_UNITS or unit_fault(token.text) is None
    if not known:
        findings.no_unit(token.span, token.text)
        return
    fixes = [findings.fix("Put a blank between", Span(token.start, token.start), " ")]
    findings.not_understood(
        token.span, f"`{token.text}`", ["a blank stands between a number and its unit: 5 KGM"], fixes
    )


def _is_unit(line: Line, token: Token) -> bool:
    """A word directly after a number was meant as its unit."""
    before = line.tokens[line.tokens.index(token) - 1] if token is not line.tokens[0] else None
    meant = token.kind == "word" and token.text not in grammar()[1] and token.text not in elsewhere.WORDS
    return meant and before is not None and before.kind == "number"


def _help(fault: Fault, findings: Findings) -> list[str]:
    expected = [] if findings.full else _expected(fault.expected())
    return [f"expected here: {', '.join(expected)}"] if expected else []


def _decimal_comma(line: Line, token: Token) -> Span | None:
    """Where `12,5` stands, if the token is the comma in it."""
    at = line.tokens.index(token)
    around = line.tokens[at - 1 : at + 2] if at and token.text == "," else []
    if [t.kind for t in around] != ["number", "operator", "number"] or "." in around[0].text + around[2].text:
        return None
    span = Span(around[0].start, around[2].span.end)
    return span if span.end - span.start == sum(len(t.text) for t in around) else None


def _expected(terminals: frozenset[str]) -> list[str]:
    """At most eight things a person would write here; a value and an operator stand for all of theirs."""
    words = set(terminals)
    listed = []
    if words >= VALUE:
        listed.append("a value")
        words -= VALUE | {"NUMBER", "CONSTANT", "LSQB", "LBRACE", "MINUS", "NOT", "MISSING", "TRUE", "FALSE"}
        words -= {"LOOKUP", "REVERSE", "TABLE", "RECALL"}
    if words >= {"PLUS", "AND"}:
        listed.append("an operator")
        words = {
            word
            for word in words - OPERATORS
            if not word.startswith("__ANON") and word not in ("EQUAL", "DOT")
        }
    listed += sorted(
        {NAMED.get(word, f"`{word.lower()}`") for word in words if not word.startswith("__ANON")}
        | {f"`{text}`" for text in ARROWS if grammar()[1].get(text) in terminals}
    )
    return listed[:8]
