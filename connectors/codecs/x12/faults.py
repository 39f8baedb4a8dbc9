"""Every fault the reader can report, declared once, and the partner profile that decides how bad each is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from connectors.codecs.x12.segment import Segment
from connectors.contract import Fault
from connectors.errors import SettingsError

Severity = Literal["error", "warning", "ignore"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind of fault: its usual severity and what it means."""

    severity: Severity
    meaning: str


FAULTS: Mapping[str, FaultKind] = {
    "byte_order_mark": FaultKind("warning", "the file begins with a byte order mark"),
    "encoding": FaultKind("warning", "a segment is not UTF-8; it was read as Latin-1"),
    "isa_length": FaultKind("warning", "the ISA segment does not have its fixed lengths"),
    "wrapped_lines": FaultKind("warning", "lines are wrapped inside segments; the breaks were removed"),
    "line_break": FaultKind("warning", "an element holds a line break; a segment terminator may be lost"),
    "empty_segment": FaultKind("warning", "two segment terminators follow each other"),
    "segment_id": FaultKind("error", "a segment does not begin with a segment id"),
    "binary_length": FaultKind("error", "the length of binary data (BIN, BDS) leads to no terminator"),
    "count": FaultKind("error", "SE01, GE01 or IEA01 is not the number counted"),
    "control_number": FaultKind("error", "SE02, GE02 or IEA02 is not the number of its header"),
    "control_number_repeated": FaultKind("warning", "two sets or groups have one control number"),
    "set_not_closed": FaultKind("error", "a transaction set has no SE"),
    "group_not_closed": FaultKind("error", "a functional group has no GE"),
    "interchange_not_closed": FaultKind("error", "the interchange has no IEA: the file may be cut off"),
    "group_missing": FaultKind("error", "a transaction set stands outside a functional group"),
    "stray_segment": FaultKind("error", "a segment outside a transaction set, or a trailer alone"),
    "no_transaction_set": FaultKind("error", "the interchange holds no transaction set"),
    "transaction": FaultKind("error", "the transaction set is not the one of the guide"),
    "unexpected_segment": FaultKind("warning", "the guide does not know the segment here; it is kept aside"),
    "segment_repeated": FaultKind("warning", "a segment or loop occurs more often than the guide allows"),
    "segment_order": FaultKind("warning", "a segment stands after a loop that it should stand before"),
    "segment_missing": FaultKind("error", "a required segment or loop is missing"),
    "element_missing": FaultKind("error", "a required element is empty"),
    "element_type": FaultKind("error", "an element is not of the type the guide says; it stays text"),
    "undeclared_composite": FaultKind("warning", "an element that is no composite holds the separator"),
    "total": FaultKind("warning", "an element that counts (CTT01) is not the number counted"),
    "hl_id_missing": FaultKind("error", "an HL segment has no number in HL01"),
    "hl_duplicate": FaultKind("error", "two HL segments of a set have one number in HL01"),
    "hl_parent": FaultKind("error", "HL02 names a parent that is not there; the node became a root"),
    "hl_parent_later": FaultKind("warning", "HL02 names a parent that comes later"),
    "hl_cycle": FaultKind("error", "HL02 leads back to the node itself; the node became a root"),
    "hl_too_deep": FaultKind("error", "the tree is more than 50 levels deep; the node became a root"),
    "hl_roots": FaultKind("warning", "more than one HL has no parent"),
    "hl_sequence": FaultKind("warning", "HL01 does not count 1, 2, 3, ..."),
    "hl_child_code": FaultKind("warning", "HL04 says the opposite of what the tree shows"),
}


def read_profile(given: Mapping[str, Any] | None) -> dict[str, Severity]:
    """The severity of each code: the partner's, else the usual one.

    Errors: SettingsError for a code or severity that doesn't exist
    """
    given = given or {}
    wrong = [f"faults.{code}: no such fault" for code in given if code not in FAULTS]
    wrong += [
        f"faults.{code}: error, warning or ignore, not {value!r}"
        for code, value in given.items()
        if value not in ("error", "warning", "ignore")
    ]
    if wrong:
        raise SettingsError("; ".join(wrong), {"faults": wrong})
    return {code: cast(Severity, given.get(code, kind.severity)) for code, kind in FAULTS.items()}


class Report:
    """Collects the faults of one scope: an interchange, a group or a transaction set.

    `most` warnings and `most` errors are kept, so that many warnings never hide the error after them.
    """

    def __init__(self, profile: Mapping[str, Severity], most: int = 500) -> None:
        self.profile = profile
        self.most = most
        self.faults: list[Fault] = []
        self._counts = {"error": 0, "warning": 0}

    def inner(self) -> "Report":
        """An empty report with the same profile."""
        return Report(self.profile, self.most)

    def add(self, code: str, message: str, segment: Segment | None = None, **place: Any) -> None:
        """Report one fault at a segment; `place` may hold element, expected, found, offset."""
        severity = self.profile[code]
        if severity == "ignore" or self._counts[severity] >= self.most:
            return
        self._counts[severity] += 1
        where: dict[str, Any] = {}
        if segment:
            where = {"segment": segment.number, "offset": segment.offset, "segment_id": segment.id}
        text = f"{message} (segment {segment.number}, byte {segment.offset})" if segment else message
        self.faults.append(Fault(code, severity, text, {**where, **place}))
