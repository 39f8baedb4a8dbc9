"""Two versions of a schema: each change is a sentence, and says which direction it breaks."""

import json

import pytest

from dsl.compatibility import between, chains, check_chain, compare, verdict
from dsl.schema import read_schema

TEXT = {"type": "string"}


def schema(version="v1", required=(), **properties):
    more = {name: properties.pop(name) for name in list(properties) if name in ("x_missing",)}
    document = {"type": "object", "properties": properties, "required": list(required)}
    document |= {"x-missing": more["x_missing"]} if more else {}
    return read_schema(f"schemas/s.order@{version}.json", json.dumps(document).encode())


BACKWARD, FORWARD, BOTH, NOTE, FINE = "backward", "forward", "both", "note", "fine"


def field(of, **more):
    return {"lot": {**of, **more}}


@pytest.mark.parametrize(
    ("old", "new", "sentence", "breaks"),
    [
        ((field(TEXT), ()), (field(TEXT), ["lot"]), "`lot` became required: messages of v1 without it will be refused.", BACKWARD),
        ((field(TEXT), ["lot"]), (field(TEXT), ()), "`lot` may now be missing: readers of v1 will refuse messages of v2 without it.", FORWARD),
        (({}, ()), (field(TEXT), ["lot"]), "`lot` is new and required: messages of v1, which don't have it, will be refused.", BACKWARD),
        (({}, ()), (field(TEXT), ()), "`lot` is new and may be missing.", FINE),
        ((field(TEXT), ()), ({}, ()), "`lot` is gone: what messages of v1 say there is no longer read.", NOTE),
        (
            (field(TEXT), ["lot"]), ({}, ()),
            "`lot` is gone: what messages of v1 say there is no longer read; readers of v1 will refuse messages of v2, which no longer have it.",
            FORWARD,
        ),
        ((field({"type": "integer"}), ()), (field({"type": "number"}), ()), "`lot` was integer and is decimal: readers of v1 will refuse values that are no integer.", FORWARD),
        ((field(TEXT), ()), (field({"type": "string", "format": "date"}), ()), "`lot` was text and is date: messages of v1 with a value that is no date will be refused.", BACKWARD),
        ((field({"type": "boolean"}), ()), (field({"type": "integer"}), ()), "`lot` was boolean and is integer: neither version reads it in messages of the other (v1, v2).", BOTH),
        ((field({"enum": ["a", "b"]}), ()), (field({"enum": ["a"]}), ()), "`lot` no longer allows `b`: messages of v1 with it will be refused.", BACKWARD),
        ((field({"enum": ["a"]}), ()), (field({"enum": ["a", "b", "c"]}), ()), "`lot` now allows `b` and `c`: readers of v1 will refuse messages of v2 with them.", FORWARD),
        ((field(TEXT, maxLength=10), ()), (field(TEXT, maxLength=8), ()), "`lot` may have at most 8 characters now, not 10: messages of v1 beyond that will be refused.", BACKWARD),
        ((field(TEXT, maxLength=8), ()), (field(TEXT, maxLength=10), ()), "`lot` may have at most 10 characters now, not 8: readers of v1 will refuse what v2 allows beyond.", FORWARD),
        ((field(TEXT), ()), (field(TEXT, pattern="^L"), ()), '`lot` has to be like the pattern "^L" now: messages of v1 beyond that will be refused.', BACKWARD),
        ((field({"type": "number", "multipleOf": 2}), ()), (field({"type": "number", "multipleOf": 4}), ()), "`lot` has to be a multiple of 4 now: messages of v1 beyond that will be refused.", BACKWARD),
        ((field(TEXT), ()), ({"lot": {"type": "array", "items": TEXT}}, ()), "`lot` became a list: readers of v1 will refuse messages of v2.", FORWARD),
        (({"lot": {"type": "array", "items": TEXT}}, ()), (field(TEXT), ()), "`lot` is no longer a list: messages of v1 will be refused.", BACKWARD),
        (
            (field({"x-type": "quantity", "x-unit": "KGM"}), ()), (field({"x-type": "quantity", "x-unit": "LBR"}), ()),
            "`lot` was in KGM and is in LBR: neither version reads messages of the other.", BOTH,
        ),
        (({**field(TEXT), "x_missing": []}, ["lot"]), ({**field(TEXT), "x_missing": ["-"]}, ["lot"]), '`lot` "-" now counts as missing: messages of v1 with it will be refused.', BACKWARD),
    ],
)  # fmt: skip
def test_a_change_is_told_and_breaks(old, new, sentence, breaks):
    changes = compare(schema("v1", old[1], **old[0]), schema("v2", new[1], **new[0]))
    found = changes[0]
    assert [change.sentence for change in changes] == [sentence]
    said = {(True, False): BACKWARD, (False, True): FORWARD, (True, True): BOTH}.get(
        (found.backward, found.forward)
    )
    assert (said or (NOTE if found.note else FINE)) == breaks


def test_paths_lead_into_lists_and_records():
    def nested(required):
        item = {"type": "object", "properties": {"Lot No": TEXT}, "required": required}
        return {"lines": {"type": "array", "items": item}}

    found = compare(schema("v1", **nested([])), schema("v2", **nested(["Lot No"])))
    assert [change.path for change in found] == ['lines[]."Lot No"']


def test_a_record_that_holds_itself_is_compared_once():
    def tree(version, kind):
        node = {
            "type": "object",
            "properties": {
                "id": {"type": kind},
                "children": {"type": "array", "items": {"$ref": "#/$defs/n"}},
            },
        }
        document = {"type": "object", "properties": {"top": {"$ref": "#/$defs/n"}}, "$defs": {"n": node}}
        return read_schema(f"schemas/t@{version}.json", json.dumps(document).encode())

    assert [change.path for change in compare(tree("v1", "string"), tree("v2", "integer"))] == ["top.id"]


def test_the_same_version_changes_nothing():
    assert compare(schema("v1", **field(TEXT, maxLength=3)), schema("v2", **field(TEXT, maxLength=3))) == []


def test_a_chain_is_checked_with_every_earlier_version():
    versions = [schema("v1"), schema("v10", ["lot"], **field(TEXT)), schema("v2", **field(TEXT))]
    (chain,) = chains(versions).values()
    assert [(v.old, v.new, v.holds("backward")) for v in check_chain(chain)] == [
        ("v1", "v2", True),
        ("v2", "v10", False),
        ("v1", "v10", False),
    ]
    assert [(v.old, v.new) for v in check_chain(chain, transitive=False)] == [("v1", "v2"), ("v2", "v10")]


def test_full_asks_for_both_directions():
    found = verdict(schema("v1", ["lot"], **field(TEXT)), schema("v2", **field(TEXT)))
    assert (found.holds("backward"), found.holds("forward"), found.holds("full")) == (True, False, False)
    assert (
        found.summary()
        == "v2 reads messages of v1: yes; v1 reads messages of v2: not all, 1 change breaks it."
    )


def test_two_states_of_a_rule_set():
    changed = between([schema("v1", **field(TEXT))], [schema("v1", ["lot"], **field(TEXT)), schema("v2")])
    assert [(v.old, v.new) for v in changed] == [("v1 as it was", "v1"), ("v1", "v2")]
    assert (
        changed[0].changes[0].sentence
        == "`lot` became required: messages of v1 as it was without it will be refused."
    )
