"""Delimiters, envelopes, counts and control numbers of X12."""

import pytest

from connectors.errors import DecodeError, SettingsError
from connectors.registry import codecs

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260413*0650*U*00401*000004480*0*P*>"
HEAD = [ISA, "GS*SH*SENDER*RECEIVER*20260413*0650*42*X*004010", "ST*856*0042"]
TAIL = ["SE*3*0042", "GE*1*42", "IEA*1*000004480"]
GOOD = [*HEAD, "BSN*00*SHP-1", *TAIL]


def decode(segments, options=None, end="~"):
    body = segments if isinstance(segments, bytes) else end.join([*segments, ""]).encode()
    return codecs()["x12"].decode(body, options or {}, {})


def faults(segments, options=None, end="~"):
    """The faults of the first document: code, segment number, byte offset."""
    return [
        (f.code, f.place.get("segment"), f.place.get("offset"))
        for f in decode(segments, options, end)[0].faults
    ]


def offset(segments, number):
    """Where the segment of that number (from 1) begins."""
    return sum(len(segment) + 1 for segment in segments[: number - 1])


def changed(number, segment):
    return [*GOOD[: number - 1], segment, *GOOD[number:]]


def test_a_good_interchange_has_no_faults():
    (document,) = decode(GOOD)
    assert document.faults == ()
    assert document.label == "856 0042"
    assert document.data["ISA"]["06"] == "SENDER"
    assert document.data["segments"] == [{"segment": "BSN", "elements": {"01": "00", "02": "SHP-1"}}]


@pytest.mark.parametrize("element", "*~^|\x1d\x07:+\t")
@pytest.mark.parametrize("end", ["!", "}", "\n", "\r", "\r\n", "\x1c", "\\", "'", "`\r\n"])
def test_delimiters_come_from_isa(element, end):
    body = end.join([*GOOD, ""]).replace("*", element).replace(">", "<").encode()
    (document,) = decode(body)
    assert document.faults == ()
    assert document.data["segments"][0]["elements"] == {"01": "00", "02": "SHP-1"}


def test_the_component_separator_splits_without_a_guide():
    (document,) = decode(changed(4, "SV1*HC>99213>>25*1"))
    assert document.data["segments"][0]["elements"] == {"01": {"1": "HC", "2": "99213", "4": "25"}, "02": "1"}


@pytest.mark.parametrize(
    "isa", [ISA.replace("          ", ""), ISA.replace("SENDER         ", "SENDER"), ISA.replace(" ", "")]
)
def test_an_isa_of_another_length_is_read_and_reported(isa):
    (document,) = decode([isa, *GOOD[1:]])
    assert [fault.code for fault in document.faults] == ["isa_length"]
    assert document.data["ISA"]["13"] == "000004480"


def test_indented_segments_and_blank_lines_are_fine():
    body = "\n\n".join("    " + segment + "~\r" for segment in GOOD).encode()
    assert decode(body)[0].faults == ()


def test_a_missing_terminator_at_the_very_end_is_fine():
    assert decode("~".join(GOOD).encode())[0].faults == ()


def test_a_byte_order_mark_is_reported_and_counted_in_offsets():
    body = b"\xef\xbb\xbf" + "~".join(changed(5, "SE*9*0042")).encode()
    found = [(fault.code, fault.place.get("offset")) for fault in decode(body)[0].faults]
    assert found == [("byte_order_mark", 0), ("count", offset(GOOD, 5) + 3)]


def test_lines_wrapped_inside_segments_are_joined():
    text = "~".join([*GOOD, ""])
    body = "\r\n".join(text[at : at + 80] for at in range(0, len(text), 80)).encode()
    (document,) = decode(body)
    assert [fault.code for fault in document.faults] == ["wrapped_lines"]
    assert document.data["segments"] == decode(GOOD)[0].data["segments"]


@pytest.mark.parametrize(
    ("number", "segment", "code"),
    [
        (5, "SE*4*0042", "count"),
        (5, "SE**0042", "count"),
        (5, "SE*x*0042", "count"),
        (5, "SE*99999999999999999999*0042", "count"),
        (5, "SE*3*0043", "control_number"),
        (5, "SE*3", "control_number"),
        (6, "GE*2*42", "count"),
        (6, "GE*1*43", "control_number"),
        (7, "IEA*0*000004480", "count"),
        (7, "IEA*1*000004481", "control_number"),
    ],
)
def test_a_wrong_count_or_control_number_is_an_error_at_its_trailer(number, segment, code):
    assert faults(changed(number, segment)) == [(code, number, offset(GOOD, number))]


def test_a_fault_says_what_would_be_right():
    (fault,) = decode(changed(5, "SE*4*0042"))[0].faults
    assert fault.severity == "error"
    assert (
        fault.message
        == f"SE01 is 4, but 3 segments from ST to SE were counted (segment 5, byte {offset(GOOD, 5)})"
    )
    place = {
        "segment": 5,
        "offset": offset(GOOD, 5),
        "segment_id": "SE",
        "element": "01",
        "expected": 3,
        "found": "4",
    }
    assert fault.place == place


def test_leading_zeros_of_a_count_are_fine():
    assert faults(changed(5, "SE*0003*0042")) == []


@pytest.mark.parametrize(
    ("drop", "code", "number"),
    [(5, "set_not_closed", 4), (6, "group_not_closed", 2), (7, "interchange_not_closed", 1)],
)
def test_a_missing_trailer_is_reported(drop, code, number):
    assert (code, number, offset(GOOD, number)) in faults([*GOOD[: drop - 1], *GOOD[drop:]])


def test_a_file_cut_off_says_so_on_every_level():
    assert [code for code, *_ in faults(GOOD[:4])] == [
        "interchange_not_closed",
        "group_not_closed",
        "set_not_closed",
    ]


def test_a_set_outside_a_group():
    assert [code for code, *_ in faults([ISA, *GOOD[2:5], "IEA*0*000004480"])] == ["group_missing"]


@pytest.mark.parametrize("place", [1, 2, 5, 6])
def test_a_segment_outside_a_set_is_an_error(place):
    segments = [*GOOD[:place], "REF*BM*1", *GOOD[place:]]
    assert faults(segments) == [("stray_segment", place + 1, offset(segments, place + 1))]


def test_what_follows_the_end_is_an_error():
    assert [code for code, *_ in faults([*GOOD, "REF*1"])] == ["stray_segment"]


def test_faults_of_one_set_do_not_touch_the_other():
    sets = [*HEAD, "BSN*1", "SE*4*0042", "ST*856*0043", "BSN*2", "SE*3*0043", "GE*2*42", "IEA*1*000004480"]
    first, second = decode(sets)
    assert [fault.code for fault in first.faults] == ["count"]
    assert second.faults == ()


def test_faults_of_the_envelope_are_on_each_set():
    sets = [*HEAD, "BSN*1", "SE*3*0042", "ST*856*0043", "BSN*2", "SE*3*0043", "GE*3*42", "IEA*1*000004480"]
    assert [[fault.code for fault in document.faults] for document in decode(sets)] == [["count"], ["count"]]


def test_a_control_number_used_twice():
    sets = [*HEAD, "BSN*1", "SE*3*0042", "ST*856*0042", "BSN*2", "SE*3*0042", "GE*2*42", "IEA*1*000004480"]
    assert faults(sets) == [("control_number_repeated", 6, offset(sets, 6))]


def test_interchanges_with_other_delimiters_may_follow():
    body = "~".join([*GOOD, ""]) + "\n" + "|\r\n".join([*GOOD, ""]).replace("*", "^")
    first, second = decode(body.encode())
    assert first.faults == second.faults == ()
    assert first.data == second.data


def test_an_acknowledgement_without_sets_is_one_document():
    (document,) = decode([ISA, "TA1*000000001*260413*0650*A*000", "IEA*0*000004480"])
    assert [fault.code for fault in document.faults] == ["no_transaction_set"]
    assert document.data["segments"][0]["segment"] == "TA1"


def test_counted_binary_data_may_hold_delimiters():
    data = "~*\n>ISA~" * 3
    segments = changed(4, f"BIN*{len(data)}*{data}")
    (document,) = decode(segments)
    assert document.faults == ()
    assert document.data["segments"][0]["elements"] == {"01": str(len(data)), "02": data}


def test_binary_data_with_a_wrong_count_is_an_error():
    assert [code for code, *_ in faults(changed(4, "BIN*999*abc"))] == ["binary_length"]


def test_latin1_is_read_and_reported():
    body = "~".join(changed(4, "N1*ST*MÜLLER")).encode("latin-1")
    (document,) = decode(body)
    assert [(f.code, f.place["offset"]) for f in document.faults] == [("encoding", offset(GOOD, 4) + 7)]
    assert document.data["segments"][0]["elements"]["02"] == "MÜLLER"
    assert decode(body, {"encoding": "latin-1"})[0].faults == ()


def test_an_empty_segment_is_reported_and_not_counted():
    assert faults([*GOOD[:4], "", *GOOD[4:]]) == [("empty_segment", 5, offset(GOOD, 5))]


def test_a_partner_profile_changes_severities():
    bad = changed(5, "SE*3*0043")
    severities = [
        [fault.severity for fault in decode(bad, {"faults": {"control_number": severity}})[0].faults]
        for severity in ("error", "warning", "ignore")
    ]
    assert severities == [["error"], ["warning"], []]


@pytest.mark.parametrize("profile", [{"no_such": "error"}, {"count": "fatal"}, {"count": 1}])
def test_a_profile_that_does_not_exist_is_refused(profile):
    with pytest.raises(SettingsError):
        decode(GOOD, {"faults": profile})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no_isa"),
        (b" \r\n ", "no_isa"),
        (b"GS*SH*1~", "no_isa"),
        (b"UNB+UNOA:1+S+R'", "no_isa"),
        (b"ISAAC~", "no_isa"),
        (b"ISA", "no_isa"),
        (b"ISA*00*", "isa_truncated"),
        (ISA.encode()[:-1], "isa_truncated"),
        (ISA.encode(), "delimiters"),
        (ISA.encode() + b"A", "delimiters"),
        (ISA.encode() + b"*", "delimiters"),
        (ISA.encode() + b">", "delimiters"),
        (ISA.encode() + b" ", "delimiters"),
        (ISA.encode() + b"\xe4", "delimiters"),
        (b"ISA" + b"*" * 50, "delimiters"),
    ],
)
def test_what_can_not_be_cut_into_segments_is_refused(body, reason):
    with pytest.raises(DecodeError) as error:
        decode(body)
    assert error.value.details["reason"] == reason
    assert {"segment", "offset"} <= set(error.value.details)


def test_an_isa_cut_at_any_byte_is_refused():
    whole = (ISA + "~").encode()
    for length in range(len(whole)):
        with pytest.raises(DecodeError):
            decode(whole[:length])
