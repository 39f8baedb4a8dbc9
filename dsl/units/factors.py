"""The conversion factors of the list as fractions: "2,834 952 x 10⁻² kg" is 0.02834952 of kg."""

import re
from decimal import Context, Decimal
from fractions import Fraction

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_NUMBER = r"(?P<number>[0-9]+(?: [0-9]{3})*(?:[,.][0-9]+(?: [0-9]+)*)?)(?:/(?P<over>[0-9]+))?"
_TEN = r"10(?P<power>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
_BASE = r"(?: ?(?:x )?(?P<base>[^\W\d_].*|\(.*))?"
_FORMS = (
    re.compile(_TEN + _BASE),
    re.compile(_NUMBER + r" ?x " + _TEN + _BASE),
    re.compile(_NUMBER + r"(?P<ten> x 10(?= |$))?(?: (?:x )?(?P<base>[^\W\d_].*|\(.*))?"),
    re.compile(r"(?P<base>[^\W\d_].*|\(.*)"),
)
_PER_TIME = {"/min": 60, "/h": 3_600, "/d": 86_400}


def factor(text: str) -> tuple[Fraction, str] | None:
    """The factor and the base it counts in, or None where the text says no such thing."""
    plain = _SPACES.sub(" ", text.replace("×", "x")).strip()
    found = next((match for form in _FORMS if (match := form.fullmatch(plain))), None)
    if found is None:
        return None
    parts = found.groupdict()
    number = Fraction((parts.get("number") or "1").replace(" ", "").replace(",", ".")) / int(
        parts.get("over") or "1"
    )
    power = int((parts.get("power") or "0").translate(_RAISED)) + (1 if parts.get("ten") else 0)
    return number * Fraction(10) ** power, _base(parts["base"])


def _base(text: str | None) -> str:
    return re.sub(r"[\s.]+", " ", text or "").strip()


def sharpened(number: Fraction, symbol: str, digits: int) -> Fraction:
    """A factor of a unit per minute, hour or day that the list has rounded: the exact one behind it.

    1.66667 x 10⁻⁵ of `l/min` times 60 is all but 10⁻³: so it is 10⁻³ / 60.
    """
    for ending, seconds in _PER_TIME.items():
        if symbol.endswith(ending) and digits >= 5:
            whole = _rounded(number * seconds, 3)
            if abs(whole - number * seconds) * 10 ** (digits - 1) <= number * seconds:
                return whole / seconds
    return number


def _rounded(number: Fraction, digits: int) -> Fraction:
    context = Context(prec=digits)
    return Fraction(context.divide(Decimal(number.numerator), Decimal(number.denominator)))


def significant(text: str) -> int:
    """How many digits the factor is given with."""
    head = re.split(r"x|×|[^\d\s,.\u00a0]", text, maxsplit=1)[0]
    return len(re.sub(r"\D", "", head).lstrip("0"))
