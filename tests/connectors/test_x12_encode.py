"""Writing X12: counts computed, delimiters never inside a text, the order of the guide."""

import tomllib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.errors import EncodeError, SettingsError
from connectors.registry import codecs

ROOT = Path(__file__).resolve().parents[2]
GUIDE = tomllib.loads((ROOT / "examples/incoming-quality/schemas/x12.856@v1.toml").read_text("utf-8"))
ISA = {"06": "SENDER", "08": "RECEIVER", "09": "260413", "10": "0650", "13": "4480"}
GS = {"01": "SH", "04": "20260413", "05": "0650", "06": "42"}
BSN = {"01": "00", "02": "SHP-1"}


def encode(*documents, guide=None, **options):
    return codecs()["x12"].encode(list(documents), options, GUIDE if guide is None else guide).decode()


def asn(hl=None, **extra):
    return {"ISA": ISA, "GS": GS, "BSN": BSN, "HL": hl or [{"level": "S"}], **extra}


def lines(*documents, **options):
    return encode(*documents, **options).split("~\n")[:-1]


def refused(document, path, **options):
    with pytest.raises(EncodeError) as error:
        encode(document, **options)
    assert error.value.details["path"] == path


def test_the_envelope_is_complete_and_counted():
    assert lines(asn(CTT={})) == [
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260413*0650*U*00401*000004480*0*P*>",
        "GS*SH*SENDER*RECEIVER*20260413*0650*42*X*004010",
        "ST*856*0001",
        "BSN*00*SHP-1",
        "HL*1**S*0",
        "CTT*1",
        "SE*5*0001",
        "GE*1*42",
        "IEA*1*000004480",
    ]


def test_counts_of_the_document_are_not_believed():
    written = lines(asn(SE={"01": "99", "02": "X"}, CTT={"01": "99", "02": "7"}))
    assert written[-4:-2] == ["CTT*1*7", "SE*5*0001"]


def test_hl_numbers_come_from_the_tree():
    tree = [{"level": "S", "children": [{"level": "O", "children": [{"level": "I"}, {"level": "I"}]}]}]
    written = [line for line in lines(asn(tree)) if line.startswith("HL")]
    assert written == ["HL*1**S*1", "HL*2*1*O*1", "HL*3*2*I*0", "HL*4*2*I*0"]


def test_hl_numbers_that_are_given_are_kept():
    tree = [{"id": "A", "level": "S", "children": [{"id": "B", "parent": "wrong", "level": "I"}]}]
    assert [line for line in lines(asn(tree)) if line.startswith("HL")] == ["HL*A**S", "HL*B*A*I"]


def test_the_order_is_the_guides():
    node = {"level": "S", "N1": [{"N4": {"01": "X"}, "01": "ST"}], "REF": [{"01": "BM"}], "TD1": [{"02": 3}]}
    assert lines(asn([node]))[4:-3] == ["HL*1**S*0", "TD1**3", "REF*BM", "N1*ST", "N4*X"]


def test_sets_of_one_group_share_it_and_are_counted():
    written = lines(asn(), asn(), {**asn(), "GS": {**GS, "06": "43"}})
    assert [line for line in written if line[:2] in ("ST", "GS", "GE", "IE")] == [
        "GS*SH*SENDER*RECEIVER*20260413*0650*42*X*004010",
        "ST*856*0001",
        "ST*856*0002",
        "GE*2*42",
        "GS*SH*SENDER*RECEIVER*20260413*0650*43*X*004010",
        "ST*856*0001",
        "GE*1*43",
        "IEA*2*000004480",
    ]


def test_another_isa_is_another_interchange():
    assert encode(asn(), {**asn(), "ISA": {**ISA, "13": "4481"}}).count("ISA*") == 2


def test_delimiters_are_a_choice():
    text = encode(
        asn(), element_separator="|", segment_terminator="'", component_separator="<", newline=False
    )
    assert text.startswith("ISA|00|") and "\n" not in text and text.endswith("|000004480'")


@pytest.mark.parametrize("mark", ["*", ">", "~", "^", "\n", "\x00", "\x7f"])
def test_a_delimiter_in_a_text_is_refused(mark):
    refused(
        asn([{"level": "S", "REF": [{"02": f"a{mark}b"}]}], ISA={**ISA, "12": "00501"}), "$.HL[0].REF[0].02"
    )


def test_the_repetition_separator_is_free_before_00402():
    assert "REF**a^b" in encode(asn([{"level": "S", "REF": [{"02": "a^b"}]}]))


def test_numbers_and_dates_by_type():
    elements = {
        "01": {"type": "decimal", "implied": 2}, "02": {"type": "date"}, "03": {"type": "time"}, "04": {"type": "decimal"},
        "05": {"composite": {"1": {}, "2": {"type": "integer"}}}, "06": {"repeat": True}, "07": {"type": "integer"},
    }  # fmt: skip
    guide = {"format": "x12", "transaction": "856", "segment": [{"id": "BSN", "elements": elements}]}
    values = {
        "01": Decimal("125.50"), "02": "2026-04-13", "03": "06:45:00", "04": Decimal("1E+2"), "05": {"1": "HC", "2": 25},
        "06": ["A", "B"], "07": "007",
    }  # fmt: skip
    document = {"ISA": {**ISA, "12": "00501"}, "GS": {**GS, "08": "005010"}, "BSN": values}
    assert "BSN*12550*20260413*0645*100*HC>25*A^B*7~" in encode(document, guide=guide)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("integer", Decimal("1.5")), ("integer", "x"), ("decimal", "1,5"), ("date", "2026-02-31"), ("date", "20260413"),
     ("time", "25:00"), ("text", 1.5), ("text", True), ("text", Decimal("Infinity")), ("text", Decimal("1e999")),
     ("text", datetime(2026, 4, 13)), ("text", object())],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(kind, value):
    guide = {
        "format": "x12",
        "transaction": "856",
        "segment": [{"id": "BSN", "elements": {"01": {"type": kind}}}],
    }
    refused({"ISA": ISA, "GS": {**GS, "08": "004010"}, "BSN": {"01": value}}, "$.BSN.01", guide=guide)


def test_too_many_decimal_places_are_refused_not_rounded():
    elements = {"01": {"type": "decimal", "implied": 2}}
    guide = {"format": "x12", "transaction": "856", "segment": [{"id": "BSN", "elements": elements}]}
    refused({"ISA": ISA, "GS": {**GS, "08": "1"}, "BSN": {"01": Decimal("1.005")}}, "$.BSN.01", guide=guide)


def test_a_plain_date_is_written_as_x12_has_it():
    assert "DTM*011*20260413" in encode(asn(DTM=[{"01": "011", "02": date(2026, 4, 13)}]))


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({**asn(), "ZZZ": {}}, "$.ZZZ"),
        ({**asn(), "01": "x"}, "$.01"),
        ({key: value for key, value in asn().items() if key != "BSN"}, "$.BSN"),
        ({**asn(), "HL": []}, "$.HL"),
        ({**asn(), "HL": {}}, "$.HL"),
        (asn([{"level": "S", "XX": {}}]), "$.HL[0].XX"),
        (asn([{}]), "$.HL[0].level"),
        (asn([{"id": "1", "level": "S"}, {"id": "1", "level": "S"}]), "$.HL[1].id"),
        (asn([{"level": "S", "LIN": [{}]}]), "$.HL[0].LIN"),
        (asn([{"level": "S", "REF": {}}]), "$.HL[0].REF"),
        (asn([{"level": "S", "REF": [{"1": "a"}]}]), "$.HL[0].REF[0].1"),
        (asn(BSN={"01": "00"}), "$.BSN.02"),
        ({**asn(), "ISA": {**ISA, "06": "A NAME THAT IS TOO LONG"}}, "$.ISA.06"),
        ({**asn(), "ISA": {}}, "$.ISA.06"),
        ({**asn(), "GS": {}}, "$.GS.01"),
        ({**asn(), "ST": {"01": "850"}}, "$.ST.01"),
        ({"BSN": BSN}, "$.ISA"),
        ("text", "$"),
    ],
)
def test_what_does_not_fit_the_guide_is_refused_with_its_path(document, path):
    refused(document, path)


def test_a_tree_that_contains_itself_is_refused():
    node = {"level": "S", "children": []}
    node["children"].append(node)
    with pytest.raises(EncodeError, match="too deep"):
        encode(asn([node]))


def test_characters_the_encoding_lacks_are_refused():
    document = asn(BSN={**BSN, "02": "MÜ"})
    assert "MÜ" in encode(document)
    with pytest.raises(EncodeError):
        encode(document, encoding="ascii")


@pytest.mark.parametrize(
    "options",
    [{"element_separator": ">"}, {"segment_terminator": ""}, {"element_separator": "a"}, {"segment_terminator": "ab"},
     {"component_separator": " "}, {"element_separator": "ä"}],
)  # fmt: skip
def test_delimiters_that_can_not_work_are_refused(options):
    with pytest.raises(SettingsError):
        encode(asn(), **options)


def test_without_a_guide_segments_are_a_flat_list():
    segments = [{"segment": "BEG", "elements": {"01": "00", "03": "4500017203"}}]
    document = {"ISA": ISA, "GS": {**GS, "08": "004010"}, "ST": {"01": "850"}, "segments": segments}
    assert lines(document, guide={})[2:5] == ["ST*850*0001", "BEG*00**4500017203", "SE*3*0001"]
