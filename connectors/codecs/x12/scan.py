"""Bytes -> segments. Knows ISA (delimiters), BIN and BDS (counted bytes) only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from connectors.codecs.x12.faults import Report
from connectors.codecs.x12.segment import Delimiters, Segment
from connectors.errors import DecodeError

ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_LONGEST_ISA = 1024
_WHITE = b" \t\r\n"
_BREAKS = re.compile(rb"[\r\n]+")
_SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_BINARY = {"BIN": 1, "BDS": 2}
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """How much is read before the body is refused."""

    bytes: int = 64 * 1024 * 1024
    segments: int = 500_000
    segment_bytes: int = 1024 * 1024
    sets: int = 20_000


class Scanner:
    """Reads segment after segment; `delimiters` are those of the interchange it is in."""

    def __init__(self, body: bytes, limits: ScanLimits, encoding: str, report: Report) -> None:
        self.body, self.limits, self.encoding, self.report = body, limits, encoding, report
        self.at, self.number, self.empty = 0, 0, 0
        self.delimiters = Delimiters()
        self.wrapped = False
        if len(body) > limits.bytes:
            raise _refusal("too_large", f"the body has {len(body)} bytes; at most {limits.bytes} are read", 0)
        if body.startswith(_MARK):
            self.at = len(_MARK)
            self.report.add("byte_order_mark", "the file begins with a byte order mark", offset=0)

    def segments(self) -> Iterator[Segment]:
        """Every segment in order.

        Errors: DecodeError where there is no ISA, it is cut off, or a limit is reached
        """
        while self._skip():
            self.number += 1
            if self.number > self.limits.segments:
                text = f"more than {self.limits.segments} segments"
                raise _refusal("too_many_segments", text, self.at, self.number)
            if self._at_isa():
                yield self._isa()
            elif self.number == 1:
                found = self.body[self.at : self.at + 20].decode("latin-1")
                raise _refusal("no_isa", f"an interchange begins with ISA, not with {found!r}", self.at, 1)
            else:
                yield self._segment()
        if not self.number:
            raise _refusal("no_isa", "the body is empty", self.at, 1)

    def refuse(self, reason: str, message: str, segment: Segment) -> NoReturn:
        """Stop at a segment.

        Errors: DecodeError
        """
        raise _refusal(reason, message, segment.offset, segment.number)

    def _skip(self) -> bool:
        """Past white space that is no delimiter; past empty segments. False at the end."""
        terminator = self.delimiters.terminator.encode() if self.number else b""
        while True:
            self.at = _blank(self._delimiter_bytes()).match(self.body, self.at).end()  # type: ignore[union-attr]
            if not terminator or self.body[self.at : self.at + 1] != terminator:
                return self.at < len(self.body)
            self._empty()

    def _delimiter_bytes(self) -> bytes:
        if not self.number:
            return b""
        marks = self.delimiters
        return (marks.element + marks.component + marks.terminator + marks.repetition).encode()

    def _empty(self) -> None:
        if self.delimiters.terminator not in "\r\n":  # blank lines are no fault
            here = Segment(self.number + 1, self.at, "", ())
            self.report.add("empty_segment", "an empty segment", here)
        self.empty += 1
        if self.empty > self.limits.segments:
            raise _refusal(
                "too_many_segments", f"more than {self.limits.segments} empty segments", self.at, self.number
            )
        self.at += 1

    def _at_isa(self) -> bool:
        after = self.body[self.at + 3 : self.at + 4]
        return self.body.startswith(b"ISA", self.at) and bool(after) and not after.isalnum()

    def _isa(self) -> Segment:
        if self.number > 1:  # what is found from here on belongs to the next interchange
            self.report = self.report.inner()
        start = self.at
        window = self.body[start : start + _LONGEST_ISA]
        parts = window.split(window[3:4], 16)
        if len(parts) < 17 or len(parts[16]) < 1:
            raise _refusal(
                "isa_truncated", f"ISA has 16 elements; {len(parts) - 1} were found", start, self.number
            )
        elements = [self._text(_BREAKS.sub(b"", part), start) for part in parts[1:16]]
        self.wrapped = any(_BREAKS.search(part) for part in parts[:16]) and window[3:4] not in (b"\r", b"\n")
        self.delimiters = _delimiters(window[3:4], parts[16], elements, start, self.number)
        self.at = start + len(window) - len(parts[16]) + 2
        segment = Segment(self.number, start, "ISA", (*elements, self.delimiters.component))
        self._check_isa(segment)
        return segment

    def _check_isa(self, segment: Segment) -> None:
        if self.wrapped:
            self.report.add("wrapped_lines", "the file is wrapped into lines inside its segments", segment)
        for position, width in enumerate(ISA_WIDTHS, 1):
            if len(segment.element(position)) != width:
                found = len(segment.element(position))
                text = f"ISA{position:02} has {found} characters, not {width}"
                self.report.add(
                    "isa_length", text, segment, element=f"{position:02}", expected=width, found=found
                )
                return

    def _segment(self) -> Segment:
        start = self.at
        raw = self._raw(start)
        if self.wrapped:
            raw = _BREAKS.sub(b"", raw)
        text = self._text(raw.rstrip(b"\r\n") if self.delimiters.element not in "\r\n" else raw, start)
        parts = self._split(text)
        segment = Segment(self.number, start, parts[0], tuple(parts[1:]))
        if not _SEGMENT_ID.fullmatch(segment.id):
            self.report.add("segment_id", f"{segment.id[:10]!r} is not a segment id", segment)
        if "\n" in text and segment.id not in _BINARY:
            self.report.add("line_break", f"{segment.id} holds a line break", segment)
        return segment

    def _raw(self, start: int) -> bytes:
        end = self._binary_end(start)
        if end is None:
            end = self.body.find(
                self.delimiters.terminator.encode(), start, start + self.limits.segment_bytes + 1
            )
        if end < 0:
            end = len(self.body)
        if end - start > self.limits.segment_bytes:
            text = f"a segment is longer than {self.limits.segment_bytes} bytes: its terminator is missing"
            raise _refusal("segment_too_long", text, start, self.number)
        self.at = end + 1
        return self.body[start:end]

    def _binary_end(self, start: int) -> int | None:
        """Where counted data ends; None for every other segment and where the count is wrong."""
        skip = _BINARY.get(self.body[start : start + 3].decode("latin-1"))
        if skip is None:
            return None
        head = self.body[start : start + 60].split(self.delimiters.element.encode(), skip + 1)
        if len(head) == skip + 2 and re.fullmatch(rb"[0-9]{1,15}", head[skip]):
            end = start + sum(len(part) + 1 for part in head[: skip + 1]) + int(head[skip])
            if end == len(self.body) or self.body[end : end + 1] == self.delimiters.terminator.encode():
                return end
        bad = Segment(self.number, start, self.body[start : start + 3].decode("latin-1"), ())
        self.report.add("binary_length", "the length does not lead to a segment terminator", bad)
        return None

    def _split(self, text: str) -> list[str]:
        mark = self.delimiters.element
        name = text[:3]
        return text.split(mark, _BINARY[name] + 1) if name in _BINARY else text.split(mark)

    def _text(self, raw: bytes, start: int) -> str:
        if self.encoding == "latin-1":
            return raw.decode("latin-1")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            here = Segment(self.number, start + error.start, raw[:3].decode("latin-1"), ())
            self.report.add("encoding", "a segment is not UTF-8; it was read as Latin-1", here)
            return raw.decode("latin-1")


@lru_cache(maxsize=64)
def _blank(delimiters: bytes) -> re.Pattern[bytes]:
    """White space that is no delimiter."""
    white = bytes(byte for byte in _WHITE if byte not in delimiters)
    return re.compile(b"[" + re.escape(white) + b"]*" if white else b"")


def _delimiters(element: bytes, rest: bytes, isa: list[str], start: int, number: int) -> Delimiters:
    """The delimiters of an ISA; `rest` is what follows its last element separator."""
    component, terminator = rest[:1], rest[1:2]
    repetition = isa[10] if isa[11] >= "00402" else ""
    if len(repetition) != 1 or repetition.isalnum() or repetition == " ":
        repetition = ""
    marks = [mark.decode("latin-1") for mark in (element, component, terminator)]
    wrong = len(set(marks)) < 3 or any(m.isalnum() or m == " " or m > "\x7f" for m in marks) or not terminator
    if wrong:
        names = f"element {marks[0]!r}, component {marks[1]!r}, segment {marks[2]!r}"
        raise _refusal("delimiters", f"the delimiters of ISA can't be told apart: {names}", start, number)
    return Delimiters(marks[0], marks[1], marks[2], "" if repetition in marks else repetition)


def _refusal(reason: str, message: str, offset: int, segment: int = 1) -> DecodeError:
    place = {"reason": reason, "segment": segment, "offset": offset}
    return DecodeError(f"{message} (segment {segment}, byte {offset})", place)
