"""Properties of the codecs on generated documents."""

import json
import tomllib
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.codecs.json.limits import Limits
from connectors.codecs.json.locate import locate
from connectors.errors import DecodeError
from connectors.registry import codecs
from connectors.testing import assert_plain

ROOT = Path(__file__).resolve().parents[2]
GUIDE = tomllib.loads((ROOT / "examples/incoming-quality/schemas/x12.856@v1.toml").read_text("utf-8"))
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MARKS = "*>~^"

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-(10**30), 10**30) | st.decimals(-(10**12), 10**12, allow_nan=False, places=4)
documents = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@QUICK
@given(documents)
def test_json_comes_back_as_it_was_written(document):
    codec = codecs()["json"]
    body = codec.encode([document], {}, {})
    assert codec.decode(body, {}, {})[0].data == document
    assert codec.encode([document], {}, {}) == body


@QUICK
@given(documents, st.integers(0, 4))
def test_indentation_changes_no_value(document, indent):
    codec = codecs()["json"]
    assert codec.decode(codec.encode([document], {"indent": indent}, {}), {}, {})[0].data == document


fragments = st.lists(
    st.sampled_from(
        ['{', '}', '[', ']', ',', ':', '"a"', '"b"', '"\\ud83d\\ude00"', '"\\ud800"', '"', '1', '-1.5e3', '1e999999', 'NaN',
         'true', 'null', ' ', '\n', '0', '01', "9" * 40, '"\\u0061"', '\\', '"\t"']
    ), max_size=12,
).map("".join)  # fmt: skip


@QUICK
@given(fragments | st.text(max_size=30))
@example('{"a":1,"\\u0061":2}')
@example('{"":0,"":1}')
def test_the_fast_reading_and_the_locating_one_agree(content):
    body = content.encode("utf-8", "surrogatepass")
    try:
        codecs()["json"].decode(body, {}, {})
        read = True
    except DecodeError as error:
        read = False
        assert error.details["reason"] != "syntax" or not strictly_json(content)
        assert 0 <= error.details["offset"] <= len(body)
    if not content.startswith("\ufeff") and not any(
        "\ud800" <= character <= "\udfff" for character in content
    ):
        assert read == (locate(content, Limits()) is None)


def strictly_json(content):
    try:
        json.loads(content, parse_constant=lambda name: 1 / 0)
        return True
    except (ValueError, ZeroDivisionError):
        return False


element = st.text(
    st.characters(min_codepoint=33, max_codepoint=382, exclude_categories=["Cs", "Cc"], exclude_characters=MARKS),
    min_size=1, max_size=12,
)  # fmt: skip
elements = st.dictionaries(st.integers(1, 12).map("{:02}".format), element, max_size=6)
names = st.sampled_from(["BEG", "REF", "N1", "PO1", "Z9", "CTT", "AMT"])
flat = st.lists(st.fixed_dictionaries({"segment": names, "elements": elements}), max_size=12)


def envelope(**content):
    isa = {
        "01": "00",
        "03": "00",
        "05": "ZZ",
        "06": "S",
        "07": "ZZ",
        "08": "R",
        "09": "260413",
        "10": "0650",
        "11": "^",
        "12": "00501",
        "13": "000000007",
        "14": "0",
        "15": "P",
        "16": ">",
    }
    gs = {
        "01": "SH",
        "02": "S",
        "03": "R",
        "04": "20260413",
        "05": "0650",
        "06": "7",
        "07": "X",
        "08": "005010",
    }
    return {"ISA": isa, "GS": gs, "ST": {"01": "856", "02": "0001"}, **content}


def without_trailer(document):
    return {key: value for key, value in document.items() if key != "SE"}


@QUICK
@given(st.lists(flat, min_size=1, max_size=3))
def test_flat_x12_comes_back_as_it_was_written(sets):
    codec = codecs()["x12"]
    given_sets = [envelope(ST={"01": "850", "02": f"{n:04}"}, segments=s) for n, s in enumerate(sets, 1)]
    decoded = codec.decode(codec.encode(given_sets, {}, {}), {}, {})
    assert [without_trailer(document.data) for document in decoded] == given_sets
    assert all(document.faults == () for document in decoded)


def nodes(inner, most=3):
    children = st.lists(inner, max_size=most) if most else st.just([])
    return st.fixed_dictionaries(
        {"level": st.sampled_from("SOTPI"), "children": children},
        optional={
            "LIN": elements,
            "REF": st.lists(elements, min_size=1, max_size=3),
            "N1": st.lists(
                st.builds(lambda e, n4: {**e, "N4": n4}, elements, elements), min_size=1, max_size=2
            ),
        },
    )


trees = st.recursive(nodes(st.nothing(), 0), nodes, max_leaves=12)


def numbered(node, counter, parent=None):
    """The node as the reader gives it back: with numbers, parent and child code."""
    own = str(next(counter))
    children = [numbered(child, counter, own) for child in node["children"]]
    known = {"id": own, "has_children": str(int(bool(children))), "children": children}
    return {**node, **known, **({"parent": parent} if parent else {})}


@QUICK
@given(trees)
def test_a_tree_of_any_shape_comes_back_as_it_was_written(tree):
    codec = codecs()["x12"]
    body = codec.encode([envelope(BSN={"01": "00", "02": "S"}, HL=[tree])], {}, GUIDE)
    (document,) = codec.decode(body, {}, GUIDE)
    assert document.data["HL"] == [numbered(tree, iter(range(1, 10_000)))]
    assert [fault for fault in document.faults if fault.severity == "error"] == []


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from(["HL", "LIN", "N1", "REF", "CTT", "SE", "ST", "GS", "GE", "IEA", "ISA", "", "zz", "BIN"]),
                  st.lists(st.sampled_from(["1", "2", "3", "", "S", "856", "x>y", "0001"]), max_size=4)), max_size=25,
    )
)  # fmt: skip
def test_any_order_of_segments_ends_in_plain_documents(segments):
    head = codecs()["x12"].encode([envelope(segments=[])], {"newline": False}, {}).split(b"SE*")[0]
    body = head + "".join("*".join([name, *parts]) + "~" for name, parts in segments).encode()
    try:
        documents = codecs()["x12"].decode(body, {}, GUIDE)
    except DecodeError as error:
        assert error.details["reason"] == "isa_truncated" or error.details["reason"] == "delimiters"
        return
    for document in documents:
        assert_plain(document.data, "generated")
        assert all("segment" in fault.place for fault in document.faults if fault.severity == "error")


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_after_a_header_end_in_documents_or_a_refusal(tail):
    head = codecs()["x12"].encode([envelope(segments=[])], {"newline": False}, {}).split(b"SE*")[0]
    try:
        codecs()["x12"].decode(head + tail, {}, GUIDE)
    except DecodeError as error:
        assert error.details["offset"] >= 0


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from("12345"), st.sampled_from(["", "1", "2", "3", "4", "5", "9"])), max_size=8
    )
)
def test_any_parent_numbers_give_a_tree_that_loses_no_node(links):
    lines = "".join(f"HL*{own}*{parent}*I~" for own, parent in links)
    head = codecs()["x12"].encode([envelope(segments=[])], {"newline": False}, {}).split(b"SE*")[0]
    document = codecs()["x12"].decode(head + b"BSN*00*1~" + lines.encode(), {}, GUIDE)[0]
    count, level = 0, document.data.get("HL", [])
    while level:
        count, level = count + len(level), [child for node in level for child in node["children"]]
    assert count == len(links)


def test_decimals_keep_their_scale():
    assert str(codecs()["json"].decode(b"1.500", {}, {})[0].data) == "1.500"
    assert codecs()["json"].encode([Decimal("1.500")], {}, {}) == b"1.500"
