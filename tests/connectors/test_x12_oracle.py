"""Every real X12 file against what an independent counter found in it (the shared ORACLE-EDI.csv)."""

import csv
import re
import tomllib
from pathlib import Path

import pytest

from connectors.codecs.x12.decode import decode_body
from connectors.codecs.x12.envelope import read_envelopes
from connectors.codecs.x12.faults import Report, read_profile
from connectors.codecs.x12.guide import read_guide
from connectors.codecs.x12.scan import ScanLimits, Scanner
from connectors.errors import DecodeError

ROOT = Path(__file__).resolve().parents[2]
GUIDE = tomllib.loads((ROOT / "examples/incoming-quality/schemas/x12.856@v1.toml").read_text("utf-8"))
# Faults of ours that the counter doesn't look for, by file; whatever is not listed here has to agree.
BEYOND_THE_COUNTER = {
    "byte_order_mark",
    "isa_length",
    "wrapped_lines",
    "no_transaction_set",
}
EXPLAINED = {
    "x12-gozer/x12.base.loop.txt": {
        "segment_id": "TEST, RUSH, PARENT and CHILD are longer than segment ids are"
    },
    "x12-x12parser/_SampleEdiFiles__ORD___860__Example1.txt": {
        "line_break": "the terminator after N1*BY is lost, so N3 reads as a part of it"
    },
}


def rows(folder):
    with open(folder / "ORACLE-EDI.csv", newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["syntax"] == "X12"]


def read(body):
    scanner = Scanner(body, ScanLimits(), "utf-8", Report(read_profile({})))
    return scanner, read_envelopes(scanner)


def faults_of(interchanges):
    for interchange in interchanges:
        yield from interchange.report.faults
        for group in interchange.groups:
            yield from group.report.faults
            for one in group.sets:
                yield from one.report.faults


def in_the_counters_words(fault):
    """A fault as the counter writes it; nothing for what it doesn't look for."""
    place = fault.place
    if fault.code == "count":
        return f"{place['segment_id']}01={place['found']} counted={place['expected']}"
    if fault.code == "control_number":
        header = {"SE": "ST02", "GE": "GS06", "IEA": "ISA13"}[place["segment_id"]]
        return f"{place['segment_id']}02={place['found']}!={header}={place['expected']}"
    return None


def found_in(body):
    """Counts, types, delimiters and findings of a body, in the counter's words."""
    try:
        scanner, interchanges = read(body)
    except DecodeError as error:
        assert error.details["reason"] == "no_isa"
        return "", "", "", {"no ISA found"}, set()
    groups = [group for interchange in interchanges for group in interchange.groups if group.gs]
    sets = [one for group in groups for one in group.sets]
    counts = f"isa={len(interchanges)} gs={len(groups)} st={len(sets)}"
    marks = interchanges[0].delimiters
    delimiters = f"elem={marks.element!r} comp={marks.component!r} term={marks.terminator!r}"
    faults = list(faults_of(interchanges))
    findings = {words for fault in faults if (words := in_the_counters_words(fault))} | (
        {"no GS"} if not groups else set()
    )
    others = {fault.code for fault in faults if not in_the_counters_words(fault)}
    types = " ".join(one.st.element(1) for one in sets)
    return counts, types, f"{delimiters} segments={scanner.number}", findings, others


def test_every_file_agrees_with_the_counter(shared_data):
    wrong = []
    for row in rows(shared_data):
        counts, types, delimiters, findings, others = found_in((shared_data / row["file"]).read_bytes())
        expected = re.sub(r"fixed_isa=\w+ ", "", row["delimiters"])
        wanted = {part for part in row["envelope_findings"].split("; ") if part}
        if (counts, types, delimiters, findings) != (row["counts"], row["types"], expected, wanted):
            wrong.append((row["file"], counts, types, delimiters, findings))
        if unexplained := others - BEYOND_THE_COUNTER - set(EXPLAINED.get(row["file"], {})):
            wrong.append((row["file"], unexplained))
    assert not wrong


def test_the_length_of_isa_is_reported_where_the_counter_saw_it(shared_data):
    for row in rows(shared_data):
        if "fixed_isa" not in row["delimiters"]:
            continue
        _, interchanges = read((shared_data / row["file"]).read_bytes())
        codes = {fault.code for fault in interchanges[0].report.faults}
        assert bool(codes & {"isa_length", "wrapped_lines"}) == ("fixed_isa=False" in row["delimiters"]), row[
            "file"
        ]


def test_the_differences_that_are_explained_are_still_there(shared_data):
    for name, reasons in EXPLAINED.items():
        *_, others = found_in((shared_data / name).read_bytes())
        assert set(reasons) <= others, name


# What stands against running each 856 of the shared data; every other one has to be clean.
MALFORMED_856 = {
    "x12-gozer/asn856__asn856.txt": [("control_number", 35)],
    "x12-libedi/library__Sample_4010_856.txt": [("control_number", 20)],
}


def test_every_856_is_read_by_the_guide_of_the_example(shared_data):
    names = [row["file"] for row in rows(shared_data) if "856" in row["types"].split()]
    names.append("scenarios/S3-asn-receipt-inspection/in/856.edi")
    assert len(names) >= 7
    for name in names:
        body = (shared_data / name).read_bytes()
        documents = decode_body(body, read_guide(GUIDE), read_profile({}), ScanLimits(), "utf-8")
        errors = [(f.code, f.place["segment"]) for d in documents for f in d.faults if f.severity == "error"]
        assert errors == MALFORMED_856.get(name, []), name
        assert all(
            document.data["HL"] and "unexpected" not in str(document.data) for document in documents
        ), name


def test_a_large_file_is_read_in_reasonable_time(shared_data):
    import time

    body = (shared_data / "x12-stedi-bootstrap/stedi_846_lowes.edi").read_bytes()
    start = time.process_time()
    (document,) = decode_body(body, None, read_profile({}), ScanLimits(), "utf-8")
    assert len(document.data["segments"]) == 22_217 - 6
    assert time.process_time() - start < 5


@pytest.mark.parametrize("name", sorted(EXPLAINED))
def test_every_explanation_says_why(name):
    assert all(EXPLAINED[name].values())
