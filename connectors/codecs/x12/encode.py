"""Documents -> bytes. Counts, trailers and HL numbers are computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from connectors.codecs.x12.guide import Guide
from connectors.codecs.x12.outgoing import SetWriter
from connectors.codecs.x12.scan import ISA_WIDTHS
from connectors.codecs.x12.segment import Delimiters
from connectors.codecs.x12.text import SegmentText
from connectors.contract import Plain
from connectors.errors import EncodeError

_ISA_DEFAULTS = {
    "01": "00",
    "03": "00",
    "05": "ZZ",
    "07": "ZZ",
    "12": "00401",
    "14": "0",
    "15": "P",
}
_ISA_NEEDED = ("06", "08", "09", "10", "13")
_GS_NEEDED = ("01", "04", "05", "06")
_NUMBERED = {"09", "10", "13"}


@dataclass(frozen=True, slots=True)
class Style:
    """How the file looks: delimiters, a line a segment or not, the characters it may hold."""

    delimiters: Delimiters
    newline: bool
    encoding: str


def encode_documents(documents: Sequence[Plain], guide: Guide | None, style: Style) -> bytes:
    """Write the documents; neighbours with one ISA (and GS) share an interchange (and group).

    Errors: EncodeError with the path of what X12 can't carry
    """
    lines: list[str] = []
    for document in documents:
        if not isinstance(document, dict):
            raise EncodeError("$: an X12 document is a record", {"path": "$"})
    for isa, inside in groupby(documents, lambda document: document.get("ISA")):
        lines += _interchange(isa, list(inside), guide, style)
    text = "".join(line + style.delimiters.terminator + ("\n" if style.newline else "") for line in lines)
    try:
        return text.encode(style.encoding)
    except UnicodeEncodeError as error:
        found = text[error.start]
        raise EncodeError(f"{style.encoding} has no {found!r}: set encoding", {"found": found}) from None


def _interchange(isa: Any, documents: list[dict[str, Any]], guide: Guide | None, style: Style) -> list[str]:
    given = {**_ISA_DEFAULTS, **_record(isa, "$.ISA")}
    _needed(given, _ISA_NEEDED, "$.ISA")
    marks = _marks(given, style.delimiters)
    fields = _isa_fields(given, marks)
    writer = SegmentText(marks)
    lines = [marks.element.join(["ISA", *(fields[f"{n:02}"] for n in range(1, 17))])]
    groups = [list(inside) for _, inside in groupby(documents, lambda document: document.get("GS"))]
    for inside in groups:
        lines += _group(inside, guide, writer, fields)
    return [*lines, writer.line("IEA", [str(len(groups)), fields["13"]], "$.IEA")]


def _marks(isa: Mapping[str, Any], marks: Delimiters) -> Delimiters:
    """Before release 00402, and where ISA11 says U, nothing repeats."""
    repeats = str(isa["12"]) >= "00402" and isa.get("11") != "U"
    return marks if repeats else Delimiters(marks.element, marks.component, marks.terminator)


def _isa_fields(given: Mapping[str, Any], marks: Delimiters) -> dict[str, str]:
    """All sixteen elements at their fixed lengths."""
    standard = str(given.get("11", "U"))
    if len(standard) != 1 or standard in (marks.element, marks.terminator) or standard < " ":
        standard = "U"
    known = {**given, "11": marks.repetition or standard, "16": marks.component}
    return {f"{n:02}": _fixed(known, f"{n:02}", width, marks) for n, width in enumerate(ISA_WIDTHS, 1)}


def _fixed(given: Mapping[str, Any], key: str, width: int, marks: Delimiters) -> str:
    path = f"$.ISA.{key}"
    if key in ("11", "16"):
        return str(given[key])
    text = SegmentText(marks).plain(given.get(key, ""), path).strip()
    text = text.rjust(width, "0") if key in _NUMBERED and text.isdigit() else text.ljust(width)
    if len(text) != width:
        raise EncodeError(f"{path}: {text!r} is longer than {width} characters", {"path": path})
    return text


def _group(
    documents: list[dict[str, Any]], guide: Guide | None, writer: SegmentText, isa: Mapping[str, str]
) -> list[str]:
    defaults = {
        "02": isa["06"].strip(),
        "03": isa["08"].strip(),
        "07": "X",
        "08": guide.version if guide else "",
    }
    gs = {**defaults, **_record(documents[0].get("GS"), "$.GS")}
    _needed(gs, (*_GS_NEEDED, "08"), "$.GS")
    lines = [writer.segment("GS", gs, "$.GS")]
    for number, document in enumerate(documents, 1):
        lines += _set(document, guide, writer, number)
    return [*lines, writer.line("GE", [str(len(documents)), writer.plain(gs["06"], "$.GS.06")], "$.GE")]


def _set(document: dict[str, Any], guide: Guide | None, writer: SegmentText, number: int) -> list[str]:
    defaults = {"01": guide.transaction if guide else "", "02": f"{number:04}"}
    st = {**defaults, **_record(document.get("ST", {}), "$.ST")}
    _needed(st, ("01", "02"), "$.ST")
    if guide and st["01"] != guide.transaction:
        text = f"$.ST.01: the set is {st['01']}, the guide is for {guide.transaction}"
        raise EncodeError(text, {"path": "$.ST.01"})
    body = SetWriter(writer).body(document, guide)
    end = writer.line("SE", [str(len(body) + 2), writer.plain(st["02"], "$.ST.02")], "$.SE")
    return [writer.segment("ST", st, "$.ST"), *body, end]


def _record(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EncodeError(f"{path}: a record of elements is needed", {"path": path})
    return value


def _needed(given: Mapping[str, Any], keys: Sequence[str], path: str) -> None:
    for key in keys:
        if given.get(key) in (None, ""):
            raise EncodeError(
                f"{path}.{key}: needed, and nothing can stand for it", {"path": f"{path}.{key}"}
            )
