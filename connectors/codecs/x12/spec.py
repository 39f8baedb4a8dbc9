"""The codec `x12` and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.codecs.x12.decode import decode_body
from connectors.codecs.x12.encode import Style, encode_documents
from connectors.codecs.x12.faults import read_profile
from connectors.codecs.x12.guide import read_guide
from connectors.codecs.x12.scan import ScanLimits
from connectors.codecs.x12.segment import Delimiters
from connectors.contract import DecodedDocument, Plain
from connectors.errors import SettingsError
from connectors.settings import Setting, SettingsSpec, read_settings

SETTINGS: SettingsSpec = (
    Setting("faults", "record", "Partner profile", "Severity by fault code: error, warning or ignore."),
    Setting(
        "encoding", "choice", "Characters", "Of the text.", "utf-8", choices=("utf-8", "latin-1", "ascii")
    ),
    Setting("max_bytes", "integer", "Largest body", "In bytes.", 64 * 1024 * 1024),
    Setting("max_segments", "integer", "Most segments", "In one body.", 500_000),
    Setting("max_segment_bytes", "integer", "Longest segment", "In bytes.", 1024 * 1024),
    Setting("max_sets", "integer", "Most transaction sets", "And interchanges, in one body.", 20_000),
    Setting("element_separator", "text", "Element separator", "When writing.", "*"),
    Setting("component_separator", "text", "Component separator", "When writing.", ">"),
    Setting("segment_terminator", "text", "Segment terminator", "When writing.", "~"),
    Setting(
        "repetition_separator", "text", "Repetition separator", "When writing release 00402 or later.", "^"
    ),
    Setting("newline", "boolean", "A line a segment", "Write a line break after each segment.", True),
)


@dataclass(frozen=True, slots=True)
class X12Codec:
    """X12 interchanges <-> one document a transaction set."""

    name: str = "x12"
    media_types: Sequence[str] = ("application/edi-x12",)
    settings: SettingsSpec = SETTINGS

    def decode(
        self, body: bytes, options: Mapping[str, Any], guide: Mapping[str, Any]
    ) -> list[DecodedDocument]:
        """Read the body; without a guide the sets are flat lists of segments."""
        given = read_settings(self.settings, options)
        limits = ScanLimits(
            *(given[name] for name in ("max_bytes", "max_segments", "max_segment_bytes", "max_sets"))
        )
        known = read_guide(guide) if guide else None
        return decode_body(body, known, read_profile(given["faults"]), limits, given["encoding"])

    def encode(
        self, documents: Sequence[Plain], options: Mapping[str, Any], guide: Mapping[str, Any]
    ) -> bytes:
        """Write the documents as interchanges."""
        given = read_settings(self.settings, options)
        style = Style(_delimiters(given), bool(given["newline"]), given["encoding"])
        return encode_documents(documents, read_guide(guide) if guide else None, style)


def _delimiters(given: Mapping[str, Any]) -> Delimiters:
    names = ("element_separator", "component_separator", "segment_terminator", "repetition_separator")
    marks = [given[name] for name in names]
    wrong = [
        f"{n}: one character, neither letter, digit nor blank"
        for n, m in zip(names, marks, strict=True)
        if len(m) != 1 or m.isalnum() or m == " " or m > "\x7f"
    ]
    if len(set(marks)) < 4:
        wrong.append("the four delimiters must differ")
    if wrong:
        raise SettingsError("; ".join(wrong), {"faults": wrong})
    return Delimiters(*marks)


CODEC = X12Codec()
