"""ruleset.toml is read whole, and each wrong entry is named."""

from dsl.manifest import read_manifest

GOOD = """
name = "incoming"
title = "Incoming quality"
language = "1"
time_zone = "Europe/Berlin"
[calendars]
europe = ["2026-12-25"]
[endpoints."erp.hold"]
direction = "out"
codec = "json"
schema = "erp.hold@v1"
idempotent = true
[endpoints."edi.asn"]
direction = "in"
codec = "x12"
schema = "x12.856@v1"
on_undecodable = "dead_letter"
[lookups.items]
keys = ["item"]
[lookups.items.columns]
factor = "decimal"
"""


def problems(text):
    return [d.message.split(":")[0] for d in read_manifest(text)[1]]


def test_a_good_manifest():
    manifest, found = read_manifest(GOOD)
    assert found == ()
    assert (manifest.name, manifest.time_zone) == ("incoming", "Europe/Berlin")
    assert manifest.endpoints["erp.hold"].idempotent
    assert manifest.endpoints["edi.asn"].on_undecodable == "dead_letter"
    assert manifest.lookups["items"].columns == {"factor": "decimal"}
    assert manifest.calendars["europe"] == ("2026-12-25",)


def test_what_is_no_toml_gives_no_manifest():
    manifest, found = read_manifest("name = incoming")
    assert manifest is None
    assert [d.code for d in found] == ["M801"]


def test_every_wrong_entry_is_named():
    text = (
        GOOD.replace('"out"', '"outbound"').replace('"Europe/Berlin"', '"Berlin"').replace('["item"]', "[]")
    )
    assert problems(text) == ["time_zone", "endpoints.erp.hold.direction", "lookups.items.keys"]


def test_unknown_keys_are_refused():
    assert problems(GOOD + "\n[endpoints.x]\nurl = 1") == [
        "endpoints.x.url",
        "endpoints.x.direction",
        "endpoints.x.codec",
        "endpoints.x.schema",
    ]


def test_a_finding_stands_at_its_entry():
    text = GOOD.replace('time_zone = "Europe/Berlin"', 'time_zone = "Berlin"')
    diagnostic = read_manifest(text)[1][0]
    assert text[diagnostic.span.start : diagnostic.span.end] == "time_zone"
