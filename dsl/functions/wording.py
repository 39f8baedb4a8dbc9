"""Words and characters: parts before and after a mark, spaces, capitals, other scripts in plain letters."""

import unicodedata

from dsl.errors import FunctionFailure
from dsl.functions import safety
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.functions.text import LONGEST, within_limit
from dsl.types import BOOLEAN, INTEGER, TEXT, ListOf, Maybe

VALUE = P("value", TEXT)
_MARK = safety.constants(mark=safety.text)
_LETTERS = str.maketrans({
    "Ä": "AE", "Ö": "OE", "Ü": "UE", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "OE", "ø": "oe",
    "Å": "AA", "å": "aa", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Þ": "TH", "þ": "th", "ð": "d", "Œ": "OE", "œ": "oe", "ı": "i",
    "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "€": "EUR", "…": "...", "×": "x", "µ": "u", "°": " ",
})  # fmt: skip


def _mark(mark: str) -> str:
    if not mark:
        raise FunctionFailure("error", "the text to look for is empty")
    return mark


@function(
    "before",
    [VALUE, P("mark", TEXT)],
    Maybe(TEXT),
    "The text before the first mark; missing if it has none.",
    [
        ('before("L-42/A", "/")', '"L-42"'),
        ('before("L-42", "/")', "missing"),
        ('before("a", "")', "fails error"),
    ],
    fails=["error"],
    safe=_MARK,
)
def before(value: str, mark: str) -> str | None:
    head, found, _ = value.partition(_mark(mark))
    return head if found else None


@function(
    "after",
    [VALUE, P("mark", TEXT)],
    Maybe(TEXT),
    "The text after the first mark; missing if it has none.",
    [('after("L-42/A", "/")', '"A"'), ('after("L-42", "/")', "missing")],
    fails=["error"],
    safe=_MARK,
)
def after(value: str, mark: str) -> str | None:
    _, found, tail = value.partition(_mark(mark))
    return tail if found else None


@function(
    "after_last",
    [VALUE, P("mark", TEXT)],
    Maybe(TEXT),
    "The text after the last mark; missing if it has none.",
    [('after_last("a/b/c", "/")', '"c"'), ('after_last("abc", "/")', "missing")],
    fails=["error"],
    safe=_MARK,
)
def after_last(value: str, mark: str) -> str | None:
    _, found, tail = value.rpartition(_mark(mark))
    return tail if found else None


@function(
    "between",
    [VALUE, P("start", TEXT), P("end", TEXT)],
    Maybe(TEXT),
    "The text between the first start mark and the end mark that follows it; missing if one is not there.",
    [('between("Lot (L-42) bad", "(", ")")', '"L-42"'), ('between("Lot (L-42", "(", ")")', "missing")],
    fails=["error"],
    safe=safety.constants(start=safety.text, end=safety.text),
)
def between(value: str, start: str, end: str) -> str | None:
    rest = after(value, start)
    return None if rest is None else before(rest, end)


@function(
    "reverse_text",
    [VALUE],
    TEXT,
    "The characters in reverse order.",
    [('reverse_text("ABC")', '"CBA"')],
)
def reverse_text(value: str) -> str:
    return value[::-1]


@function(
    "squeeze",
    [VALUE],
    TEXT,
    "The text without white space at both ends and with one space for each run of it inside.",
    [('squeeze("  Box   of\\t12 ")', '"Box of 12"')],
)
def squeeze(value: str) -> str:
    return " ".join(value.split())


@function(
    "without_spaces",
    [VALUE],
    TEXT,
    "The text without any white space.",
    [('without_spaces("DE 89 3704")', '"DE893704"')],
)
def without_spaces(value: str) -> str:
    return "".join(value.split())


@function(
    "title",
    [VALUE],
    TEXT,
    "Each word with a capital first letter and small ones after it.",
    [('title("ACME steel WORKS")', '"Acme Steel Works"'), ('title("o\'neil")', '"O\'neil"')],
)
def title(value: str) -> str:
    return within_limit(" ".join(word.capitalize() for word in value.split(" ")))


@function(
    "transliterate",
    [VALUE],
    TEXT,
    "The text in plain ASCII letters, for systems that know no others: ä is ae, é is e, ł is l; what has no such letter is ?.",
    [('transliterate("Müller & Søn, Łódź")', '"Mueller & Soen, Lodz"'), ('transliterate("日")', '"?"')],
    fails=["error"],
    safe=safety.constants(value=safety.any_value),
)
def transliterate(value: str) -> str:
    if len(value) > LONGEST // 10:
        raise FunctionFailure(
            "error", f"a text of more than {LONGEST // 10} characters can't be transliterated"
        )
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", value).translate(_LETTERS))
    return "".join(c if c.isascii() else "?" for c in parts if not unicodedata.combining(c))


@function(
    "keep",
    [VALUE, P("characters", TEXT)],
    TEXT,
    "The text with only those characters that are named.",
    [('keep("Tel. 0711/42", "0123456789")', '"071142"')],
)
def keep(value: str, characters: str) -> str:
    wanted = set(characters)
    return "".join(character for character in value if character in wanted)


@function(
    "drop",
    [VALUE, P("characters", TEXT)],
    TEXT,
    "The text without the characters that are named.",
    [('drop("4-711.0", ".-")', '"47110"')],
)
def drop(value: str, characters: str) -> str:
    unwanted = set(characters)
    return "".join(character for character in value if character not in unwanted)


@function(
    "remove_start",
    [VALUE, P("start", TEXT)],
    TEXT,
    "The text without this start, if it has it.",
    [('remove_start("SAP-88", "SAP-")', '"88"'), ('remove_start("88", "SAP-")', '"88"')],
)
def remove_start(value: str, start: str) -> str:
    return value.removeprefix(start)


@function(
    "remove_end",
    [VALUE, P("ending", TEXT)],
    TEXT,
    "The text without this ending, if it has it.",
    [('remove_end("a.pdf", ".pdf")', '"a"')],
)
def remove_end(value: str, ending: str) -> str:
    return value.removesuffix(ending)


@function(
    "occurrences",
    [VALUE, P("part", TEXT)],
    INTEGER,
    "How many times a text holds another; overlaps count once.",
    [('occurrences("A;B;C", ";")', "2"), ('occurrences("A", "")', "0")],
)
def occurrences(value: str, part: str) -> int:
    return value.count(part) if part else 0


@function(
    "lines",
    [VALUE],
    ListOf(TEXT),
    "The lines of a text, as a list.",
    [('lines("a\\nb")', '["a", "b"]'), ('lines("")', "[]")],
)
def lines(value: str) -> list[str]:
    return value.replace("\r\n", "\n").split("\n") if value else []


@function(
    "all_digits",
    [VALUE],
    BOOLEAN,
    "Whether the text is made of the digits 0 to 9 only, at least one.",
    [('all_digits("0042")', "true"), ('all_digits("4.2")', "false"), ('all_digits("")', "false")],
)
def all_digits(value: str) -> bool:
    return value.isascii() and value.isdigit()
