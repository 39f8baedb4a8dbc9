"""TOML of files that anybody may write: what is nested too deeply is a fault of the text like any other."""

import tomllib
from typing import Any


def read_toml(text: str) -> dict[str, Any]:
    """The document; raises tomllib.TOMLDecodeError for whatever is wrong with it."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from None
