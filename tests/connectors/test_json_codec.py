"""Strict JSON: what is refused says where; what is read is exact; what is written is the same every time."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.errors import DecodeError, EncodeError, SettingsError
from connectors.registry import codecs


def decode(body, **options):
    return codecs()["json"].decode(body, options, {})


def encode(*documents, **options):
    return codecs()["json"].encode(list(documents), options, {})


def refusal(body, **options):
    with pytest.raises(DecodeError) as error:
        decode(body, **options)
    return error.value


def test_numbers_are_exact():
    (document,) = decode(b"[9007199254740993, 0.1, 33.30, 1e-7, -0, 18446744073709551617]")
    assert document.data == [
        9007199254740993,
        Decimal("0.1"),
        Decimal("33.30"),
        Decimal("1E-7"),
        0,
        2**64 + 1,
    ]
    assert [type(value) for value in document.data] == [int, Decimal, Decimal, Decimal, int, int]


def test_a_refusal_says_line_column_offset_and_path():
    body = '{\n  "ä": 1,\n  "b": [{"c": 1, "c": 2}]\n}'.encode()
    details = refusal(body).details
    assert details == {"reason": "duplicate_key", "line": 3, "column": 18, "offset": 30, "path": "$.b[0].c"}
    assert body[30:33] == b'"c"'


def test_offsets_count_the_byte_order_mark():
    assert refusal(b"\xef\xbb\xbf[NaN]").details["offset"] == 4


def test_the_place_of_a_byte_that_is_not_utf8():
    details = refusal(b'{\n"a": "\xe4"}').details
    assert (details["line"], details["column"], details["offset"]) == (2, 7, 8)


def test_names_that_are_no_plain_words_are_quoted_in_the_path():
    assert refusal(b'{"a b": {"x": NaN}}').details["path"] == '$."a b".x'


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b"[" * 500_000,
        (b'{"a":[' * 5_000) + b"1",
    ],
    ids=["lists", "objects", "closed", "many", "mixed"],
)
def test_ten_thousand_brackets_are_a_clean_refusal(body):
    start = time.process_time()
    assert refusal(body).details["reason"] == "too_deep"
    assert time.process_time() - start < 1


def test_depth_up_to_the_limit_is_read():
    assert decode(b"[" * 100 + b"]" * 100)
    assert refusal(b"[" * 101 + b"]" * 101).details["reason"] == "too_deep"
    assert decode(b"[" * 5 + b"]" * 5, max_depth=5)
    assert refusal(b"[" * 6 + b"]" * 6, max_depth=5).details["reason"] == "too_deep"


def test_many_shallow_brackets_are_fine():
    assert len(decode(b"[" + b"[]," * 50_000 + b"[]]")[0].data) == 50_001


@pytest.mark.parametrize(
    "number",
    [b"1e999999999", b"1e1500000", b"1e-999999999", b"-1E+401", b"1e" + b"9" * 100_000, b"1." + b"0" * 2000],
)
def test_magnitudes_are_refused_before_they_are_converted(number):
    start = time.process_time()
    assert refusal(b'{"a": ' + number + b"}").details["reason"] == "exponent_too_large"
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    "number", [b"9" * 35, b"9" * 1_000_000, b"0." + b"1" * 35, b"1" * 20 + b"." + b"1" * 20]
)
def test_too_many_digits_are_refused_before_they_are_converted(number):
    start = time.process_time()
    assert refusal(number).details["reason"] == "too_many_digits"
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    "number", [b"1" * 34, b"1" + b"0" * 40, b"0." + b"0" * 40 + b"1", b"1e400", b"1e-400"]
)
def test_numbers_within_the_limits_are_read(number):
    assert decode(number)[0].data == Decimal(number.decode())


def test_a_body_that_is_too_large_is_refused():
    assert refusal(b'"' + b"a" * 100 + b'"', max_bytes=100).details["reason"] == "too_large"


@pytest.mark.parametrize(
    "text", ["\\ud800", "\\udc00", "a\\ud83dA", "\\ud83d\\ud83d\\ude00", "\\ude00\\ud83d", "\\uD800\\u0041"]
)
def test_half_a_surrogate_pair_is_refused(text):
    assert refusal(f'{{"a": "{text}"}}'.encode()).details["reason"] == "lone_surrogate"


@pytest.mark.parametrize(
    ("text", "value"),
    [("\\ud83d\\ude00", "😀"), ("\\\\ud800", "\\ud800"), ("\\\\\\\\ud800", "\\\\ud800"), ("\\u0000", "\0")],
)
def test_whole_pairs_and_escaped_backslashes_are_read(text, value):
    assert decode(f'["{text}"]'.encode())[0].data == [value]


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"nul", b"[1 2]", b"[,]", b"{,}", b'{"a"}', b'{"a":}', b"{1:2}", b"[1,]", b'{"a":1,}', b"01", b"+1", b".5",
     b"1.", b"1e", b"'a'", b'"\t"', b'"\\x"', b'"\\u12"', b"[1]]", b"// a\n1", b"\x0b1", b"TRUE", b"\xc2\xa01", b"0x10", b'"a',
     b"-"],
)  # fmt: skip
def test_what_is_not_json_is_refused_with_a_place(body):
    details = refusal(body).details
    assert details["reason"] == "syntax"
    assert 0 <= details["offset"] <= len(body)


def test_lines_are_documents_and_a_bad_one_does_not_stop_the_others():
    documents = decode(b'{"a":1}\n{"a":1,"a":2}\n\n[1]', split="lines")
    assert [(d.label, d.data) for d in documents] == [("line 1", {"a": 1}), ("line 2", None), ("line 4", [1])]
    (fault,) = documents[1].faults
    assert (fault.code, fault.severity) == ("duplicate_key", "error")
    assert fault.place == {"line": 2, "column": 8, "offset": 15, "path": "$.a"}


def test_writing_keeps_the_order_and_the_exact_numbers():
    document = {
        "b": Decimal("33.30"),
        "a": [1, True, None, "ä\n"],
        "d": Decimal("1E+2"),
        "e": date(2026, 4, 13),
    }
    assert encode(document) == '{"b":33.30,"a":[1,true,null,"ä\\n"],"d":100,"e":"2026-04-13"}'.encode()
    assert encode({"b": 1, "a": 2}, sort_keys=True) == b'{"a":2,"b":1}'
    assert encode({"a": [1, {}], "b": []}, indent=1) == b'{\n "a": [\n  1,\n  {}\n ],\n "b": []\n}'
    assert encode(datetime(2026, 4, 13, 6, 45, tzinfo=UTC)) == b'"2026-04-13T06:45:00+00:00"'


@pytest.mark.parametrize(
    ("document", "path"),
    [({"a": [1.5]}, "$.a[0]"), ({"a": Decimal("NaN")}, "$.a"), ({"a": Decimal("-Infinity")}, "$.a"), ({1: 2}, "$"),
     ({"a": "\ud800"}, "$.a"), ({"\ud800": 1}, "$"), ({"a": {1}}, "$.a"), ([b"x"], "$[0]"), (10**4000, "$")],
)  # fmt: skip
def test_what_json_does_not_carry_is_refused_with_its_path(document, path):
    with pytest.raises(EncodeError) as error:
        encode(document)
    assert error.value.details["path"] == path


def test_a_document_that_contains_itself_is_refused():
    document = []
    document.append(document)
    with pytest.raises(EncodeError, match="deep"):
        encode(document)


def test_several_documents_need_a_way_to_split():
    with pytest.raises(EncodeError):
        encode(1, 2)
    assert encode(1, {"a": 2}, split="lines") == b'1\n{"a":2}\n'
    assert encode(1, {"a": 2}, split="array") == b'[1,{"a":2}]'


@pytest.mark.parametrize(
    "options", [{"split": "pages"}, {"max_depth": "9"}, {"unknown": 1}, {"sort_keys": 1}]
)
def test_options_that_do_not_exist_are_refused(options):
    with pytest.raises(SettingsError):
        decode(b"1", **options)
