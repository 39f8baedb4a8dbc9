"""Where the first fault of a text is: a slow reading with its path, used only after a refusal."""

import re
from dataclasses import dataclass, field

from connectors.codecs.json.limits import Limits, NumberFault, check_number

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?", re.ASCII)
_WORD = re.compile(r"-?[A-Za-z]+")
_HALF = re.compile(r"[\ud800-\udfff]")
_LONGEST_PATH = 200
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: why, in words, at which character, at which path."""

    reason: str
    message: str
    position: int
    path: str


@dataclass(slots=True)
class _Level:
    """An open list or object: the keys seen, the current step, and what may come next."""

    is_object: bool
    keys: set[str] = field(default_factory=set)
    step: str = ""
    index: int = 0
    expects: str = "first"


class _Stop(Exception):
    """The first fault was found."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


def locate(text: str, limits: Limits) -> Finding | None:
    """The first fault of a text, or None where it is fine."""
    try:
        _Reading(text, limits).run()
    except _Stop as stop:
        return stop.finding
    return None


class _Reading:
    """One pass over the text; a stack in place of recursion, so that depth costs nothing."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text, self.limits = text, limits
        self.at = 0
        self.levels: list[_Level] = []

    def run(self) -> None:
        """Read one value and nothing after it."""
        self.skip()
        self.value()
        while self.levels:
            self.skip()
            self.member(self.levels[-1])
        self.skip()
        if self.at < len(self.text):
            self.stop("syntax", "there is text after the end of the value")

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def stop(self, reason: str, message: str, at: int | None = None) -> None:
        path = "$" + "".join(level.step for level in self.levels)
        path = path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + "..."
        raise _Stop(Finding(reason, message, self.at if at is None else at, path))

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def value(self) -> None:
        start = self.peek()
        if start in ("{", "["):
            self.open(start)
        elif start == '"':
            self.string()
        elif match := _NUMBER.match(self.text, self.at):
            self.number(match.group())
        else:
            self.word()

    def open(self, bracket: str) -> None:
        if len(self.levels) >= self.limits.depth:
            self.stop("too_deep", f"lists and objects are nested more than {self.limits.depth} deep")
        self.levels.append(_Level(bracket == "{"))
        self.at += 1

    def member(self, level: _Level) -> None:
        close = "}" if level.is_object else "]"
        if self.peek() == close and level.expects != "entry":
            self.levels.pop()
            self.at += 1
        elif level.expects == "separator":
            self.separator(close)
        else:
            level.expects = "separator"
            self.key(level) if level.is_object else self.entry(level)
            self.value()

    def separator(self, close: str) -> None:
        if self.peek() != ",":
            self.stop("syntax", f"a comma or {close} was expected")
        self.levels[-1].expects = "entry"
        self.at += 1

    def entry(self, level: _Level) -> None:
        level.step = f"[{level.index}]"
        level.index += 1

    def key(self, level: _Level) -> None:
        start = self.at
        if self.peek() != '"':
            self.stop("syntax", "a name in double quotes or } was expected")
        key = self.string()
        level.step = f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", key) else f'."{key}"'
        if key in level.keys:
            self.stop("duplicate_key", f"the name {key!r} occurs twice in one object", start)
        level.keys.add(key)
        self.skip()
        if self.peek() != ":":
            self.stop("syntax", "a colon was expected")
        self.at += 1
        self.skip()

    def string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            self.stop("syntax", "a text is not closed, or holds a control character or a wrong escape")
            return ""
        content = _unescape(match.group()[1:-1])
        if _HALF.search(content):
            self.stop("lone_surrogate", "a text holds half of a surrogate pair")
        self.at = match.end()
        return content

    def number(self, text: str) -> None:
        try:
            check_number(text, self.limits)
        except NumberFault as fault:
            self.stop(fault.reason, str(fault))
        self.at += len(text)

    def word(self) -> None:
        match = _WORD.match(self.text, self.at)
        word = match.group() if match else ""
        if word in _NOT_FINITE:
            self.stop("not_finite", f"{word} is not a JSON number")
        if word not in ("true", "false", "null"):
            self.stop("syntax", "a value was expected" if self.peek() else "the text ends too early")
        self.at += len(word)


def _unescape(content: str) -> str:
    """The text behind the escapes; a surrogate pair becomes one character, half of one stays."""
    if "\\" not in content:
        return content
    plain = re.sub(r"\\u([0-9a-fA-F]{4})|\\(.)", _character, content)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _character(match: re.Match[str]) -> str:
    if match.group(1):
        return chr(int(match.group(1), 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(match.group(2), match.group(2))
