"""An XSD becomes a schema the language reads; it reaches nothing beyond the files handed over."""

import json
from pathlib import Path

import pytest

from dsl import types
from dsl.errors import ExchangeError
from dsl.exchange.xsd import read_xsd
from dsl.schema import read_schema

FOLDER = Path(__file__).parent / "files"
FILES = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*.xsd")}
HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'


def test_elements_attributes_and_repeats_become_fields_and_lists():
    document, warnings = read_xsd(FILES, "order.xsd", "", "shop.order")
    record = read_schema("schemas/shop.order@v1.json", json.dumps(document).encode()).record
    shown = {name: (types.describe(spec.type), spec.required) for name, spec in record.fields.items()}
    assert shown == {
        "@version": ("integer", True),
        "Number": ("text", True),
        "Date": ("date", True),
        "Sent": ("datetime", False),
        "Priority": ("enum{urgent, normal}", False),
        "Buyer": ("Party", True),
        "Phone": ("text", False),
        "Mail": ("text", False),
        "Line": ("list of Line", True),
    }
    line = record.fields["Line"].type.item
    assert line.fields["Line"].type.item is line and not line.fields["Open"].required
    assert {
        name: types.describe(spec.type) for name, spec in line.fields["Quantity"].type.fields.items()
    } == {"@unit": "text", "#text": "decimal"}
    assert "Order offers a choice; each of its elements may be missing" in warnings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + "</xs:schema>", "DOCTYPE"),
        (HEAD + '<xs:include schemaLocation="http://127.0.0.1:9/x.xsd"/></xs:schema>', "stays in the folder"),
        (HEAD + '<xs:include schemaLocation="../x.xsd"/></xs:schema>', "stays in the folder"),
        (
            HEAD + '<xs:import namespace="urn:x" schemaLocation="/etc/passwd"/></xs:schema>',
            "stays in the folder",
        ),
        (HEAD + '<xs:include schemaLocation="gone.xsd"/></xs:schema>', "not in the folder"),
        (HEAD + '<xs:redefine schemaLocation="order.xsd"/></xs:schema>', "redefine is not read"),
        (HEAD + '<xs:element name="a" type="none"/></xs:schema>', "can't be read"),
        (HEAD + '<xs:element name="a" type="xs:string"/></xs:schema>', "one value"),
        (HEAD + "</xs:schema>", "there is none"),
        ("<a/>", "no XSD"),
        ("<a", "not XML"),
    ],
)
def test_refused(text, words):
    with pytest.raises(ExchangeError, match=words):
        read_xsd({"a.xsd": text.encode(), "order.xsd": FILES["order.xsd"]}, "a.xsd", "", "a")


def test_facets_become_limits():
    xsd = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="n"><xs:complexType><xs:sequence>
      <xs:element name="code"><xs:simpleType><xs:restriction base="xs:string"><xs:length value="3"/></xs:restriction></xs:simpleType></xs:element>
      <xs:element name="rate"><xs:simpleType><xs:restriction base="xs:decimal"><xs:minInclusive value="0"/><xs:maxExclusive value="1.5"/>
      </xs:restriction></xs:simpleType></xs:element>
      <xs:element name="count" type="xs:nonNegativeInteger"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""
    document, _ = read_xsd({"n.xsd": xsd}, "n.xsd", "", "shop.n")
    fields = read_schema("schemas/shop.n@v1.json", json.dumps(document).encode()).record.fields
    limits = {name: spec.limits for name, spec in fields.items()}
    assert (limits["code"].shortest, limits["code"].longest) == (3, 3)
    assert (limits["rate"].least, str(limits["rate"].below), limits["count"].least) == (0, "1.5", 0)
