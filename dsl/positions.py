"""Lines and columns as editors count them: from 0, columns in UTF-16 units unless they say otherwise."""

from dsl.source import Source

ENCODINGS = ("utf-16", "utf-8", "utf-32")


def units(text: str, encoding: str = "utf-16") -> int:
    """How long a text is in the units of an encoding."""
    match encoding:
        case "utf-32":
            return len(text)
        case "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        case _:
            return len(text) + sum(char > "\uffff" for char in text)


def to_editor(source: Source, offset: int, encoding: str = "utf-16") -> tuple[int, int]:
    """Line and column of an offset in characters."""
    line, column = source.position(max(0, min(offset, len(source.text))))
    return line - 1, units(source.line(line)[: column - 1], encoding)


def from_editor(source: Source, line: int, column: int, encoding: str = "utf-16") -> int:
    """The offset of a line and column; places beyond the end of a line or the text are their end."""
    if line < 0:
        return 0
    if line > source.text.count("\n"):
        return len(source.text)
    text = source.line(line + 1).removesuffix("\r")
    start = source.offset(line + 1, 1)
    passed = 0
    for index, char in enumerate(text):
        passed += units(char, encoding)
        if passed > column:
            return start + index
    return start + len(text)
