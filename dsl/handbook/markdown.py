"""A handbook as Markdown."""

from collections.abc import Iterator

from dsl.handbook.content import Cell, Entry, Grid, Handbook


def markdown(book: Handbook) -> str:
    """The whole handbook as one Markdown page."""
    lines = [
        f"# {_plain(book.title)}",
        "",
        f"Rule set `{book.name}`, owner {_plain(book.owner)}, times in {book.time_zone}.",
    ]
    if book.errors:
        lines += ["", f"**{book.errors} errors: some of it may be wrong or missing here.**"]
    for chapter in book.chapters:
        lines += ["", f"## {chapter.title}"]
        for entry in chapter.entries:
            lines += _entry(entry)
    return "\n".join(lines) + "\n"


def _entry(entry: Entry) -> Iterator[str]:
    place = f"`{entry.file}`" + (f", line {entry.line}" if entry.line > 1 else "")
    yield from ("", f'<a id="{entry.id}"></a>', "", f"### {_plain(entry.title)}", "")
    yield f"{_plain(entry.summary)} ({place})" if entry.summary else place
    yield from (line for note in entry.notes for line in ("", _plain(note)))
    if entry.facts:
        yield ""
        yield from (f"- {_plain(name)}: {_cell(cell)}" for name, cell in entry.facts)
    for grid in entry.grids:
        yield from _grid(grid)
    if entry.text:
        yield from ("", "```", entry.text, "```")
    for words, cells in (("Proved by", entry.tests), ("Used by", entry.users)):
        if cells:
            yield from ("", f"{words}: {', '.join(map(_cell, cells))}.")


def _grid(grid: Grid) -> Iterator[str]:
    yield from ("", f"| {' | '.join(_plain(head) for head in grid.heads)} |", f"|{'---|' * len(grid.heads)}")
    for row in grid.rows:
        cells = [*row, *[Cell("")] * (len(grid.heads) - len(row))]
        yield f"| {' | '.join(_cell(cell).replace(chr(10), '<br>') for cell in cells)} |"
    if grid.more:
        yield from ("", f"... and {grid.more} more rows.")


def _cell(cell: Cell) -> str:
    if not cell.text.strip():
        return ""
    lines = cell.text.replace("|", "\\|").replace("`", "'").split("\n")
    words = "<br>".join(f"`{line}`" for line in lines) if cell.code else _plain(cell.text)
    return f"[{words}](#{cell.link})" if cell.link else words


def _plain(text: str) -> str:
    """Words without a meaning for Markdown or HTML."""
    escaped = "".join(f"\\{char}" if char in "\\`*_[]|#" else char for char in text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
