"""Constants of the language: from their text to their run-time value."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dsl.syntax import LiteralKind

CURRENCIES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
    "HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD "
    "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN "
    "PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY "
    "TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)
TIME_UNITS = frozenset({"seconds", "minutes", "hours", "days", "weeks", "business_days"})
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
MAX_DIGITS = 34


class LiteralFault(ValueError):
    """A literal that has the form of its kind but no value; `words` fill the message of its code."""

    code = "M109"

    def __init__(self, **words: Any) -> None:
        super().__init__(self.code)
        self.words = words


class EscapeFault(LiteralFault):
    """An escape of a text that stands for no character."""

    code = "M110"


def decode(kind: str, text: str) -> tuple[LiteralKind, Any]:
    """The kind and value of a literal token; LiteralFault where there is none."""
    try:
        return _DECODERS[kind](text)
    except LiteralFault:
        raise
    except (ValueError, ArithmeticError):
        raise LiteralFault(found=text, kind=kind) from None


def _string(text: str) -> tuple[LiteralKind, Any]:
    inner = text[1:-1]
    return "text", _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def place(text: str, position: int) -> int:
    """Where in the literal text (quotes and escapes included) the character of this position stands."""
    at = 1
    for _ in range(position):
        escape = _ESCAPE.match(text, at)
        at = escape.end() if escape else at + 1
    return min(at, max(len(text) - 1, 0))


def _unescape(match: re.Match[str]) -> str:
    number, char = match.groups()
    if number is None and char in _ESCAPES:
        return _ESCAPES[char]
    if number is None or int(number, 16) > 0x10FFFF or 0xD800 <= int(number, 16) <= 0xDFFF:
        raise EscapeFault(found=match.group())
    return chr(int(number, 16))


def _number(text: str) -> tuple[LiteralKind, Any]:
    if len(text.replace(".", "").lstrip("0")) > MAX_DIGITS:
        raise LiteralFault(found=text[:40], kind=f"number of at most {MAX_DIGITS} digits")
    return ("decimal", Decimal(text)) if "." in text else ("integer", int(text))


def _percent(text: str) -> tuple[LiteralKind, Any]:
    _number(text[:-1])
    return "percent", Decimal(text[:-1] + "E-2")


def _amount(text: str) -> tuple[LiteralKind, Any]:
    digits, unit = text.split()
    _number(digits)
    if unit in CURRENCIES:
        return "money", {"value": Decimal(digits), "currency": unit}
    if unit.isupper():
        return "quantity", {"value": Decimal(digits), "unit": unit}
    if "." in digits:
        raise LiteralFault(found=text, kind="duration (a whole number is needed)")
    plural = unit if unit.endswith("s") else unit + "s"
    return "duration", {"amount": int(digits), "unit": plural}


def _datetime(text: str) -> tuple[LiteralKind, Any]:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise LiteralFault(found=text, kind="datetime (it needs an offset, like Z or +01:00)")
    return "datetime", value


_DECODERS = {
    "string": _string,
    "number": _number,
    "percent": _percent,
    "amount": _amount,
    "date": lambda text: ("date", date.fromisoformat(text)),
    "time": lambda text: ("time", time.fromisoformat(text)),
    "datetime": _datetime,
}


def quote(text: str) -> str:
    """A text as the literal that stands for it."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + "".join(char if _shows(char) else f"\\u{{{ord(char):X}}}" for char in plain) + '"'


def _shows(char: str) -> bool:
    return (
        char >= " "
        and char != "\x7f"
        and not 0x202A <= ord(char) <= 0x202E
        and not 0x2066 <= ord(char) <= 0x2069
    )
