"""What commands print: one JSON object to stdout, words for people to stderr, diagnostics with their line."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dsl.diagnostics import Diagnostic
from dsl.excerpts import excerpt
from dsl.source import Source

Item = TypeVar("Item")
PROBLEMS, USAGE, REFUSED = 1, 2, 3
_STYLES = {"error": "bold red", "warning": "bold yellow", "title": "bold", "place": "dim", "label": "blue"}


class Stop(Exception):
    """End the command with an exit code and, where there is something to say, one line."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def console() -> Console:
    """The terminal people read: stderr, plain where NO_COLOR is set or it is no terminal."""
    width = None if sys.stderr.isatty() else 160
    return Console(
        width=width,
        file=sys.stderr,
        highlight=False,
        soft_wrap=True,
        no_color=bool(os.environ.get("NO_COLOR")),
    )


def say(text: str) -> None:
    """A line for people."""
    click.echo(text, err=True)


def complain(text: str) -> None:
    """A line that says what is wrong."""
    click.echo(f"mapwright: {text}", err=True)


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def print_json(value: Any) -> None:
    """The one object of `--json`."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def print_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; long cells wrap, nothing is cut."""
    table = Table(*heads, title=title or None, title_justify="left", show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    console().print(table)


def progress(items: Iterable[Item], label: str, length: int | None = None) -> Iterator[Item]:
    """Go through items with a bar on stderr that shows how far it is; nothing where nobody looks."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(items, length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield from bar


def print_diagnostics(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> None:
    """Each with its file, line and column, the line itself, carets and help."""
    shown = console()
    for diagnostic in diagnostics:
        shown.print(diagnostic_text(diagnostic, sources))


def diagnostic_text(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> Text:
    """One finding as a terminal shows it."""
    text = Text()
    for piece in excerpt(diagnostic, sources):
        text.append(piece.text, style=_STYLES.get(piece.role))
    return text
