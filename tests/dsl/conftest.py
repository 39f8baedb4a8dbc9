"""What tests of the language share: a module from its text, its findings by line."""

from collections.abc import Callable

import pytest

from dsl.parser import Parsed, parse
from dsl.source import Source


@pytest.fixture
def read() -> Callable[[str], Parsed]:
    """Parse a text as a module."""
    return lambda text: parse(Source("maps/a.mw", text))


@pytest.fixture
def findings(read: Callable[[str], Parsed]) -> Callable[[str], list[tuple[str, int]]]:
    """Code and line of everything that is wrong with a text."""

    def found(text: str) -> list[tuple[str, int]]:
        parsed = read(text)
        return [(d.code, parsed.source.position(d.span.start)[0]) for d in parsed.diagnostics]

    return found
