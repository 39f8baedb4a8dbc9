"""Bytes -> documents, one a transaction set."""

from collections.abc import Mapping
from typing import Any

from connectors.codecs.x12.elements import plain_elements
from connectors.codecs.x12.envelope import Group, Interchange, TransactionSet, read_envelopes
from connectors.codecs.x12.faults import Report, Severity
from connectors.codecs.x12.guide import Guide
from connectors.codecs.x12.loops import read_body
from connectors.codecs.x12.scan import ScanLimits, Scanner
from connectors.codecs.x12.segment import Segment
from connectors.contract import DecodedDocument


def decode_body(
    body: bytes, guide: Guide | None, profile: Mapping[str, Severity], limits: ScanLimits, encoding: str
) -> list[DecodedDocument]:
    """Read all interchanges of a body into documents.

    Shape:  {"ISA", "GS", "ST", <the guide's fields, or "segments">, "SE"}
    Errors: DecodeError (reason, segment, offset) where no segment can be told from the next
    Source: ASC X12.5 (interchange), X12.6 (syntax)
    """
    scanner = Scanner(body, limits, encoding, Report(profile))
    documents: list[DecodedDocument] = []
    for interchange in read_envelopes(scanner):
        documents += _documents(interchange, guide)
    return documents


def _documents(interchange: Interchange, guide: Guide | None) -> list[DecodedDocument]:
    found = [(group, one) for group in interchange.groups for one in group.sets]
    if not found:
        return [_without_sets(interchange)]
    return [_document(interchange, group, one, guide) for group, one in found]


def _document(
    interchange: Interchange, group: Group, one: TransactionSet, guide: Guide | None
) -> DecodedDocument:
    data: dict[str, Any] = {"ISA": _isa(interchange.isa)}
    marks = interchange.delimiters
    if group.gs:
        data["GS"] = plain_elements(group.gs, marks)
    data["ST"] = plain_elements(one.st, marks)
    kind = one.st.element(1).strip()
    if guide and kind != guide.transaction:
        text = f"the transaction set is {kind}, the guide is for {guide.transaction}"
        one.report.add("transaction", text, one.st, element="01", expected=guide.transaction, found=kind)
    if guide and kind == guide.transaction:
        data |= read_body(guide, one.st, one.body, marks, one.report)
    else:
        data["segments"] = [_flat(segment, interchange) for segment in one.body]
    if one.se:
        data["SE"] = plain_elements(one.se, marks)
    faults = (*interchange.report.faults, *group.report.faults, *one.report.faults)
    return DecodedDocument(data, faults, f"{kind} {one.st.element(2)}".strip())


def _without_sets(interchange: Interchange) -> DecodedDocument:
    text = "the interchange holds no transaction set"
    interchange.report.add("no_transaction_set", text, interchange.isa)
    segments = [_flat(segment, interchange) for segment in interchange.beside]
    data = {"ISA": _isa(interchange.isa), "segments": segments}
    return DecodedDocument(data, tuple(interchange.report.faults), "TA1" if segments else "")


def _flat(segment: Segment, interchange: Interchange) -> dict[str, Any]:
    return {"segment": segment.id, "elements": plain_elements(segment, interchange.delimiters)}


def _isa(segment: Segment) -> dict[str, str]:
    """ISA pads its elements with blanks; a document doesn't."""
    return {f"{n:02}": text.strip() for n, text in enumerate(segment.elements, 1) if text.strip()}
