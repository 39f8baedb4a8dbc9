"""FEEL, as far as decision tables need it, as cells and values of the language.

Read:    unary tests (values, comparisons, ranges, lists, not(...), null, starts with and the like) and simple
         expressions of level 2 (constants, names, arithmetic, comparison), lists of them
Refused: everything else, by name
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from dsl.errors import ExchangeError
from dsl.exchange.content import WORD
from dsl.literals import quote

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r'|(?P<at>@"(?:[^"\\]|\\.)*")'
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<phrase>(?:date and time|starts with|ends with)(?=\s*\())"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<operator>\.\.|<=|>=|!=|\*\*|[-+*/<>=()\[\],.?{}:])",
)
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(["\\nrt\']))')
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t", "'": "'"}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII)
_SECONDS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
_RESERVED = frozenset("missing true false not and or is in otherwise row lookup table recall".split())
_TEMPORAL = ("date", "time", "date and time", "duration")
_BEYOND = frozenset("if for some every function instance between and or in".split())
LONGEST = 10_000
DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of FEEL and where it stands in its entry."""

    kind: str
    text: str
    start: int


def tokens_of(text: str, names: Mapping[str, str]) -> list[Token]:
    """The tokens of an entry; names with spaces in them are known beforehand."""
    if len(text) > LONGEST:
        raise ExchangeError(f"the entry has more than {LONGEST} characters")
    known = sorted((name for name in names if " " in name), key=len, reverse=True)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        name = next(
            (
                n
                for n in known
                if text.startswith(n, position) and not text[position + len(n) :][:1].isalnum()
            ),
            "",
        )
        match = None if name else _TOKEN.match(text, position)
        if not name and match is None:
            raise ExchangeError(f"`{text[position]}` at character {position + 1} is no FEEL")
        word = name or (match.group() if match else "")
        kind = "name" if name else (match.lastgroup or "") if match else ""
        if kind != "space":
            tokens.append(Token(kind, word, position))
        position += len(word)
    return tokens


@dataclass(slots=True)
class FeelReader:
    """One entry being read for a column of a type; `names` are FEEL names and what they are called here.

    Types: `words` says that texts are values of an enumeration, `percent` that numbers are shares of one
    """

    text: str
    type: str
    names: Mapping[str, str] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    kinds: set[str] = field(default_factory=set)
    tokens: list[Token] = field(default_factory=list)
    place: int = 0
    depth: int = 0

    def condition(self) -> str:
        """Unary tests as a cell."""
        self.tokens = tokens_of(self.text, self.names)
        if not self.tokens or (len(self.tokens) == 1 and self._is("-")):
            return "-"
        if self._is("not") and self._next_is("("):
            self.place += 2
            tests = f"not({self._tests()})"
            self._take(")")
        else:
            tests = self._tests()
        self._end()
        return tests

    def value(self) -> str:
        """A simple expression as a value; an empty entry is null."""
        self.tokens = tokens_of(self.text, self.names)
        if not self.tokens or (len(self.tokens) == 1 and self._is("-")):
            self.kinds.add("missing")
            return "missing"
        text = self._comparison()
        self._end()
        return text

    def values(self) -> list[str]:
        """The constants of a list of allowed values."""
        self.tokens = tokens_of(self.text, self.names)
        found = [self._constant()]
        while self._accept(","):
            found.append(self._constant())
        self._end()
        return found

    # ------------------------------------------------------------ unary tests

    def _tests(self) -> str:
        tests = [self._test()]
        while self._accept(","):
            tests.append(self._test())
        return ", ".join(tests)

    def _test(self) -> str:
        token = self._peek()
        if token.text in ("<", "<=", ">", ">=", "=", "!="):
            self.place += 1
            sign = {"!=": "<>"}.get(token.text, token.text)
            return f"{sign} {self._constant()}"
        if token.text in ("[", "(", "]") and token.kind == "operator":
            return self._range()
        if token.kind == "phrase" or token.text in ("contains", "matches"):
            return self._words_test()
        text = self._constant()
        return f"= {text}" if token.kind == "string" and set(text) & {"*", "?"} else text

    def _range(self) -> str:
        opening = "[" if self._next().text == "[" else "("
        low = self._constant()
        self._take("..")
        high = self._constant()
        closing = self._next()
        if closing.text not in ("]", ")", "["):
            raise self._refused(closing, "a range ends with ] or )", "")
        return f"{opening}{low}..{high}{']' if closing.text == ']' else ')'}"

    def _words_test(self) -> str:
        token = self._next()
        if token.text in _TEMPORAL:
            self.place -= 1
            return self._constant()
        if token.text == "matches":
            raise self._refused(token, "a regular expression (`matches`) has no equal in a cell", "")
        self._take("(")
        self._take("?")
        self._take(",")
        text = _unquoted(self._take_kind("string"))
        self._take(")")
        if set(text) & {"*", "?"}:
            raise self._refused(token, f"`{token.text}` with * or ? in its text has no equal in a cell", "")
        self.kinds.add("text")
        return quote({"starts with": f"{text}*", "ends with": f"*{text}"}.get(token.text, f"*{text}*"))

    # ------------------------------------------------------------ expressions

    def _comparison(self) -> str:
        left = self._sum()
        if self._peek().text in ("<", "<=", ">", ">=", "=", "!=") and self._peek().kind == "operator":
            sign = self._next().text
            self.kinds = {"boolean"}
            return f"{left} {'<>' if sign == '!=' else sign} {self._sum()}"
        return left

    def _sum(self) -> str:
        start = self.place
        text = self._product()
        while self._peek().kind == "operator" and self._peek().text in ("+", "-"):
            sign = self._next().text
            text = f"{text} {sign} {self._product()}"
        used = self.tokens[start : self.place]
        if any(t.kind == "string" or t.text in self.texts for t in used) and any(t.text == "+" for t in used):
            raise self._refused(used[0], "adding texts with + is beyond simple expressions", "")
        return text

    def _product(self) -> str:
        text = self._signed()
        while self._peek().kind == "operator" and self._peek().text in ("*", "/", "**"):
            token = self._next()
            if token.text == "**":
                raise self._refused(token, "`**` (power) has no equal", "")
            text = f"{text} {token.text} {self._signed()}"
        return text

    def _signed(self) -> str:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExchangeError("the expression is nested too deeply")
        try:
            if self._accept("-"):
                return f"-{self._signed()}"
            if self._accept("("):
                inner = self._comparison()
                self._take(")")
                return f"({inner})"
            if self._accept("["):
                return self._list()
            return self._operand()
        finally:
            self.depth -= 1

    def _list(self) -> str:
        items: list[str] = []
        while not self._accept("]"):
            if items:
                self._take(",")
            items.append(self._comparison())
        return f"[{', '.join(items)}]"

    def _operand(self) -> str:
        token = self._peek()
        if token.kind == "name" and token.text in self.names:
            self.place += 1
            path = self.names[token.text]
            while self._accept("."):
                path += f".{self._take_kind('name')}"
            self.kinds.add("name")
            return path
        return self._constant()

    # ------------------------------------------------------------ constants

    def _constant(self) -> str:
        negative = "-" if self._accept("-") else ""
        token = self._next()
        if token.kind == "number":
            return negative + self._number(token.text)
        if negative:
            raise self._refused(token, "after - a number is needed", "")
        if token.kind == "string":
            return self._string(_unquoted(token.text))
        if token.kind == "at":
            return self._temporal(token, "", _unquoted(token.text[1:]))
        if token.text in ("true", "false", "null"):
            self.kinds.add("missing" if token.text == "null" else "boolean")
            return "missing" if token.text == "null" else token.text
        if token.text in _TEMPORAL and self._is("("):
            self.place += 1
            text = _unquoted(self._take_kind("string"))
            self._take(")")
            return self._temporal(token, token.text, text)
        raise self._refused(token, self._what(token))

    def _what(self, token: Token) -> str:
        if token.text in _BEYOND:
            return f"`{token.text}`, which is beyond level 2,"
        if token.kind == "name":
            return f"a call of `{token.text}`" if self._is("(") else f"the name `{token.text}`"
        return "a context" if token.text == "{" else f"`{token.text}`"

    def _number(self, text: str) -> str:
        number = f"0{text}" if text.startswith(".") else text
        if self.type.rstrip("?") == "percent":
            self.kinds.add("percent")
            return f"{Decimal(number).scaleb(2):f}%"
        self.kinds.add("decimal" if "." in number else "integer")
        return number

    def _string(self, text: str) -> str:
        self.kinds.add("text")
        words = self.type.rstrip("?") not in ("text", "", "any")
        return (
            text
            if words and WORD.fullmatch(text) and text not in _RESERVED and text.isascii()
            else quote(text)
        )

    def _temporal(self, token: Token, kind: str, text: str) -> str:
        try:
            found, value = _temporal(kind, text)
        except ValueError:
            raise self._refused(token, f"`{text}` as a {kind or 'constant'}") from None
        self.kinds.add(found)
        return value

    # ------------------------------------------------------------ tokens

    def _peek(self) -> Token:
        return self.tokens[self.place] if self.place < len(self.tokens) else Token("end", "", len(self.text))

    def _next(self) -> Token:
        token = self._peek()
        self.place += 1
        return token

    def _is(self, text: str) -> bool:
        return self._peek().text == text and self._peek().kind != "string"

    def _next_is(self, text: str) -> bool:
        return self.place + 1 < len(self.tokens) and self.tokens[self.place + 1].text == text

    def _accept(self, text: str) -> bool:
        if not self._is(text):
            return False
        self.place += 1
        return True

    def _take(self, text: str) -> None:
        token = self._next()
        if token.text != text:
            raise self._refused(token, f"`{text}` is missing", "")

    def _take_kind(self, kind: str) -> str:
        token = self._next()
        if token.kind != kind:
            raise self._refused(token, f"a {kind} is missing", "")
        return token.text

    def _end(self) -> None:
        token = self._peek()
        if token.kind != "end":
            raise self._refused(token, self._what(self._next()))

    def _refused(self, token: Token, what: str, says: str = " is not read") -> ExchangeError:
        return ExchangeError(f"{what}{says} (character {token.start + 1} of `{self.text[:80]}`)")


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else _ESCAPES[m[3]], text[1:-1])


def _temporal(kind: str, text: str) -> tuple[str, str]:
    """Kind and text of a date, time, datetime or duration; ValueError where it is none."""
    if kind == "duration" or (not kind and text.startswith("P")):
        return "duration", _duration(text)
    if kind == "date and time" or (not kind and "T" in text):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return "datetime", moment.isoformat()
    if kind == "time" or (not kind and ":" in text):
        of_day = time.fromisoformat(text)
        if of_day.tzinfo is not None:
            raise ValueError("a time with an offset")
        return "time", of_day.isoformat()
    return "date", date.fromisoformat(text).isoformat()


def _duration(text: str) -> str:
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError("years, months or nothing")
    parts = [
        (int(amount), unit, seconds)
        for amount, (unit, seconds) in zip(match.groups(), _SECONDS, strict=True)
        if amount
    ]
    _, unit, step = parts[-1]
    return f"{sum(amount * seconds for amount, _, seconds in parts) // step} {unit}"
