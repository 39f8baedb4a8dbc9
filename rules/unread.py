"""Documents that are read when somebody asks for them: a run that needs no record makes none."""

from collections.abc import Callable
from decimal import getcontext, setcontext
from typing import Any

from dsl.decimals import CONTEXT


class exact:
    """Inside, numbers have 34 digits, half-even."""

    __slots__ = ("_outer",)

    def __enter__(self) -> None:
        self._outer = getcontext()
        setcontext(CONTEXT)

    def __exit__(self, *_: object) -> None:
        setcontext(self._outer)


class Unread:
    """A document as it arrived, and how it is read; equal to whatever it comes to."""

    __slots__ = ("_raw", "_read")

    def __init__(self, raw: Any, read: Callable[[Any], Any] | None) -> None:
        self._raw = raw
        self._read = read

    def value(self) -> Any:
        """The document by its schema."""
        if self._read is not None:
            with exact():
                self._raw, self._read = self._read(self._raw)[0], None
        return self._raw

    def __eq__(self, other: object) -> bool:
        return bool(self.value() == (other.value() if isinstance(other, Unread) else other))

    __hash__ = None  # type: ignore[assignment]
