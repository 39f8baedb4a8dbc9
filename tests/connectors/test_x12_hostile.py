"""Hostile X12: bounded in time and memory, whatever the bytes."""

import time
import tomllib
from pathlib import Path

import pytest

from connectors.errors import DecodeError
from connectors.registry import codecs

ROOT = Path(__file__).resolve().parents[2]
GUIDE = tomllib.loads((ROOT / "examples/incoming-quality/schemas/x12.856@v1.toml").read_text("utf-8"))
ISA = b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260413*0650*U*00401*000004480*0*P*>~"
HEAD = ISA + b"GS*SH*S*R*20260413*0650*42*X*004010~ST*856*0042~BSN*00*1~"


def timed(body, guide=GUIDE, **options):
    start = time.process_time()
    try:
        documents = codecs()["x12"].decode(body, options, guide)
        outcome = [fault.code for fault in documents[0].faults]
    except DecodeError as error:
        outcome = error.details["reason"]
    assert time.process_time() - start < 8
    return outcome


def test_a_segment_without_an_end_is_refused():
    assert timed(HEAD + b"REF*" + b"A" * 20_000_000) == "segment_too_long"


def test_a_body_that_is_too_large_is_refused():
    assert timed(HEAD, max_bytes=50) == "too_large"


def test_too_many_segments_are_refused():
    assert timed(HEAD + b"REF*1~" * 2000, max_segments=1000) == "too_many_segments"


def test_too_many_sets_are_refused():
    assert timed(ISA * 100, max_sets=40) == "too_many_sets"


@pytest.mark.parametrize("filler", [b" ", b"\r\n", b"\t"])
def test_megabytes_of_white_space_are_skipped(filler):
    assert "interchange_not_closed" in timed(HEAD + filler * (20_000_000 // len(filler)))


def test_megabytes_of_empty_segments_are_refused():
    assert timed(HEAD + b"~" * 2_000_000) == "too_many_segments"


def test_a_million_separators_in_one_segment():
    assert "unexpected_segment" in timed(HEAD + b"ZZ9" + b"*" * 900_000 + b"~")


def test_a_hundred_thousand_faults_are_counted_not_kept():
    codes = timed(HEAD + b"ZZ9*1~" * 100_000)
    assert codes.count("unexpected_segment") == 500


def test_many_warnings_never_hide_an_error():
    assert "count" in timed(HEAD + b"HL*1**S~" + b"ZZ9*1~" * 1000 + b"SE*7*0042~GE*1*42~IEA*1*000004480~")


def test_a_chain_of_a_hundred_thousand_nodes():
    lines = b"".join(b"HL*%d*%d*I~" % (n, n - 1) for n in range(2, 100_000))
    assert "hl_too_deep" in timed(HEAD + b"HL*1**S~" + lines)


def test_a_hundred_thousand_nodes_that_point_forwards():
    lines = b"".join(b"HL*%d*%d*I~" % (n, n + 1) for n in range(1, 100_000))
    assert "hl_parent_later" in timed(HEAD + lines)


def test_a_cycle_of_a_hundred_thousand_nodes():
    lines = b"".join(b"HL*%d*%d*I~" % (n, n % 99_999 + 1) for n in range(1, 100_000))
    assert "hl_cycle" in timed(HEAD + lines)


def test_a_hundred_thousand_nodes_without_a_parent_that_exists():
    lines = b"".join(b"HL*%d*X%d*I~" % (n, n) for n in range(1, 100_000))
    assert "hl_parent" in timed(HEAD + lines)


def test_a_hundred_thousand_nodes_of_one_number():
    assert "hl_duplicate" in timed(HEAD + b"HL*1*1*I~" * 100_000)


@pytest.mark.parametrize("length", [b"99999999999999", b"0", b"-1", b"1e9", b"", b"5"])
def test_binary_lengths_lead_nowhere_else(length):
    codes = timed(HEAD + b"BIN*" + length + b"*ABC~SE*4*0042~GE*1*42~IEA*1*000004480~")
    assert codes[-1:] in (["binary_length"], ["unexpected_segment"]) or "binary_length" in codes


def test_every_cut_of_a_file_is_a_refusal_or_an_error():
    whole = HEAD + b"HL*1**S~HL*2*1*I~SE*5*0042~GE*1*42~IEA*1*000004480~"
    assert timed(whole) == []
    for length in range(len(whole) - 2):
        outcome = timed(whole[:length])
        assert isinstance(outcome, str) or "interchange_not_closed" in outcome or "control_number" in outcome
