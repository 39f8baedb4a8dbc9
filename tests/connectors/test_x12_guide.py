"""Documents by the guide: fields, loops, HL trees, and what does not fit."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.errors import GuideError
from connectors.registry import codecs

ROOT = Path(__file__).resolve().parents[2]
GUIDE = tomllib.loads((ROOT / "examples/incoming-quality/schemas/x12.856@v1.toml").read_text("utf-8"))
HEAD = [
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260413*0650*^*00501*000004480*0*P*>",
    "GS*SH*SENDER*RECEIVER*20260413*0650*42*X*004010",
]


def body(lines, kind="856"):
    tail = [f"SE*{len(lines) + 2}*0042", "GE*1*42", "IEA*1*000004480", ""]
    return "~".join([*HEAD, f"ST*{kind}*0042", *lines, *tail]).encode()


def decode(lines, guide=None, kind="856", **options):
    (document,) = codecs()["x12"].decode(body(lines, kind), options, GUIDE if guide is None else guide)
    return document


def codes(document):
    return [fault.code for fault in document.faults]


def asn(*lines):
    return decode(["BSN*00*SHP-1*20260413*0645", *lines])


def shape(nodes):
    """An HL tree as text: A(B C(D))."""
    return " ".join(
        node.get("id", "?") + (f"({shape(node['children'])})" if node["children"] else "") for node in nodes
    )


def small(**extra):
    return {"format": "x12", "transaction": "856", "segment": [{"id": "BSN"}], **extra}


def test_segments_are_records_or_lists_as_declared():
    data = asn("DTM*011*20260413", "REF*BM*1", "HL*1**S").data
    assert data["BSN"] == {"01": "00", "02": "SHP-1", "03": "20260413", "04": "0645"}
    assert data["DTM"] == [{"01": "011", "02": "20260413"}]


def test_a_loop_entry_holds_the_elements_of_its_trigger():
    data = asn("HL*1**S", "N1*SF*ACME**X", "N3*A*B", "N4*LOS ANGELES*CA", "N1*ST*PLANT").data
    assert data["HL"][0]["N1"] == [
        {
            "01": "SF",
            "02": "ACME",
            "04": "X",
            "N3": [{"01": "A", "02": "B"}],
            "N4": {"01": "LOS ANGELES", "02": "CA"},
        },
        {"01": "ST", "02": "PLANT"},
    ]


def test_a_segment_belongs_to_the_innermost_loop_that_knows_it():
    data = asn("HL*1**S", "REF*BM*1", "N1*SF*ACME", "REF*ZZ*2", "HL*2*1*I", "REF*LT*3").data
    shipment = data["HL"][0]
    assert shipment["REF"] == [
        {"01": "BM", "02": "1"},
        {"01": "ZZ", "02": "2"},
    ]  # N1 of this guide has no REF
    assert shipment["children"][0]["REF"] == [{"01": "LT", "02": "3"}]


def test_the_summary_stands_after_the_tree():
    data = asn("HL*1**S", "CTT*1").data
    assert list(data) == ["ISA", "GS", "ST", "BSN", "HL", "CTT", "SE"]


def test_an_unknown_segment_is_kept_where_it_stood():
    document = asn("HL*1**S", "ZZ9*A*B>C", "HL*2*1*I")
    assert codes(document) == ["unexpected_segment"]
    assert document.data["HL"][0]["unexpected"] == [
        {"segment": "ZZ9", "number": 6, "elements": {"01": "A", "02": {"1": "B", "2": "C"}}}
    ]


def test_a_segment_never_leaves_the_tree_backwards():
    document = asn("HL*1**S", "BSN*00*2")
    assert codes(document) == ["unexpected_segment"]
    assert document.data["BSN"]["02"] == "SHP-1"


def test_a_segment_that_occurs_too_often_is_kept_aside():
    document = asn("HL*1**I", "SN1**1*EA", "SN1**2*EA")
    assert codes(document) == ["segment_repeated"]
    assert document.data["HL"][0]["SN1"]["02"] == "1"
    assert document.data["HL"][0]["unexpected"][0]["elements"]["02"] == "2"


def test_a_segment_after_a_loop_it_should_precede_is_a_warning():
    document = asn("HL*1**S", "N1*ST*X", "TD5*B")
    assert codes(document) == ["segment_order"]
    assert document.data["HL"][0]["TD5"] == [{"01": "B"}]


def test_missing_segments_and_elements_are_errors():
    document = decode(["BSN*00", "REF*BM*1"])
    found = [
        (fault.code, fault.place.get("element") or fault.place.get("expected")) for fault in document.faults
    ]
    assert found == [("element_missing", "02"), ("segment_missing", "HL")]
    assert {fault.severity for fault in document.faults} == {"error"}


def test_another_transaction_set_is_an_error_and_readable():
    document = decode(["BEG*00*SA*1"], kind="850")
    assert codes(document) == ["transaction"]
    assert document.data["segments"][0]["segment"] == "BEG"


def test_the_total_is_checked():
    document = asn("HL*1**S", "HL*2*1*I", "CTT*3")
    (fault,) = document.faults
    assert (fault.code, fault.place["expected"], fault.place["found"]) == ("total", 2, "3")


@pytest.mark.parametrize(
    ("lines", "tree"),
    [
        (["1**S", "2*1*O", "3*2*P", "4*3*I", "5*2*P", "6*5*I"], "1(2(3(4) 5(6)))"),
        (["1**S", "2*1*I", "3*1*I"], "1(2 3)"),
        (["10**S", "7*10*T", "X*7*I", "Y*10*I"], "10(7(X) Y)"),
        (["1**S", "2**O", "3**I"], "1 2 3"),
        (["1*2*I", "2**S"], "2(1)"),
        (["1**S", "1*1*I", "2*1*P"], "1(1(2))"),
    ],
)
def test_the_tree_follows_the_parent_numbers_only(lines, tree):
    assert shape(asn(*(f"HL*{line}" for line in lines)).data["HL"]) == tree


@pytest.mark.parametrize(
    ("lines", "code", "severity", "number", "tree"),
    [
        (["1**S", "2*9*O"], "hl_parent", "error", 6, "1 2"),
        (["1**S", "2*2*O"], "hl_cycle", "error", 6, "1 2"),
        (["1**S", "2*3*O", "3*2*I"], "hl_cycle", "error", 6, "1 2(3)"),
        (["1**S", "1*1*O"], "hl_duplicate", "error", 6, "1(1)"),
        (["1**S", "*1*O"], "hl_id_missing", "error", 6, "1(?)"),
        (["1**S", "2*3*O", "3*1*O"], "hl_parent_later", "warning", 6, "1(3(2))"),
        (["1**S", "2**O"], "hl_roots", "warning", 6, "1 2"),
        (["1**S", "3*1*O"], "hl_sequence", "warning", 6, "1(3)"),
        (["1**S*0", "2*1*I*0"], "hl_child_code", "warning", 5, "1(2)"),
        (["1**S*1", "2*1*I*1"], "hl_child_code", "warning", 6, "1(2)"),
    ],
)
def test_a_broken_tree_is_reported_and_still_a_tree(lines, code, severity, number, tree):
    document = asn(*(f"HL*{line}" for line in lines))
    found = [(fault.code, fault.severity, fault.place["segment"]) for fault in document.faults]
    assert (code, severity, number) in found
    assert shape(document.data["HL"]) == tree


def test_a_tree_deeper_than_fifty_is_cut_and_an_error():
    document = asn("HL*1**S", *(f"HL*{n}*{n - 1}*I" for n in range(2, 121)))
    assert codes(document).count("hl_too_deep") == 2
    depth, level = 0, document.data["HL"]
    while level:
        depth, level = depth + 1, [child for node in level for child in node["children"]]
    assert depth == 50


def test_typed_elements():
    elements = {
        "01": {"type": "integer"}, "02": {"type": "decimal"}, "03": {"type": "date"}, "04": {"type": "time"},
        "05": {"type": "decimal", "implied": 2}, "06": {"composite": {"1": {}, "2": {"type": "integer"}}},
        "07": {"repeat": True},
    }  # fmt: skip
    guide = small(segment=[{"id": "BSN", "elements": elements}])
    document = decode(["BSN*007*-1.50*20260413*0645*12550*HC>25*A^B^C"], guide)
    assert document.faults == ()
    assert document.data["BSN"] == {
        "01": 7,
        "02": Decimal("-1.50"),
        "03": "2026-04-13",
        "04": "06:45:00",
        "05": Decimal("125.50"),
        "06": {"1": "HC", "2": 25},
        "07": ["A", "B", "C"],
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "1.0"), ("integer", "1e5"), ("integer", "٣"), ("decimal", "1e5"), ("decimal", "."), ("decimal", "NaN"),
     ("decimal", "1,5"), ("date", "20211417"), ("date", "20260231"), ("date", "260413"), ("date", "00000000"),
     ("time", "2460"), ("time", "9"), ("integer", "9" * 35)],
)  # fmt: skip
def test_an_element_of_another_type_stays_text_and_is_an_error(kind, text):
    guide = small(segment=[{"id": "BSN", "elements": {"01": {"type": kind}}}])
    document = decode([f"BSN*{text}"], guide)
    assert codes(document) == ["element_type"]
    assert document.data["BSN"]["01"] == text


def test_a_component_separator_in_a_plain_element_is_a_warning():
    document = asn("HL*1**I", "PID*F****BLUE > RED")
    assert codes(document) == ["undeclared_composite"]
    assert document.data["HL"][0]["PID"][0]["05"] == "BLUE > RED"


@pytest.mark.parametrize(
    "guide",
    [
        {"format": "edifact"},
        {"format": "x12"},
        {"format": "x12", "transaction": 856},
        {"format": "x12", "transaction": "8567"},
        small(unknown=1),
        small(segment={"id": "BSN"}),
        small(segment=[{"id": "bsn"}]),
        small(segment=[{"id": "BSN"}, {"id": "BSN"}]),
        small(segment=[{"id": "ISA"}]),
        small(segment=[{"id": "BSN", "max": -1}]),
        small(segment=[{"id": "BSN", "max": True}]),
        small(segment=[{"id": "BSN", "required": "yes"}]),
        small(segment=[{"id": "BSN", "after": "HL"}]),
        small(segment=[{"id": "BSN", "elements": {"1": {}}}]),
        small(segment=[{"id": "BSN", "elements": {"00": {}}}]),
        small(segment=[{"id": "BSN", "elements": {"01": {"type": "float"}}}]),
        small(segment=[{"id": "BSN", "elements": {"01": {"implied": 2}}}]),
        small(segment=[{"id": "BSN", "elements": {"01": {"composite": {"01": {}}}}}]),
        small(segment=[{"id": "BSN", "elements": [1]}]),
        small(loop=[{"id": "BSN"}]),
        small(loop=[{"id": "N1"}, {"id": "N1"}]),
        small(loop=[{"id": "N1"}, {"id": "other", "trigger": "N1"}]),
        small(loop=[{"id": "HL", "kind": "tree"}]),
        small(loop=[{"id": "HL", "kind": "hl", "loop": [{"id": "children", "trigger": "N1"}]}]),
    ],
)
def test_a_guide_that_is_not_well_formed_is_refused(guide):
    with pytest.raises(GuideError):
        decode(["BSN*00*1"], guide)
