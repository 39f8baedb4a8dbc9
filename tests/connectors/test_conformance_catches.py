"""The conformance suite finds connectors that break the contract."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.codecs.json.spec import JsonCodec
from connectors.contract import DecodedDocument, Incoming, Receipt, Transport
from connectors.settings import Setting
from connectors.testing import check_codec, check_sink, check_source


@pytest.fixture
def golden(tmp_path):
    """One golden case of JSON."""
    (tmp_path / "a.json").write_text('{"a": 1.50, "b": [true]}')
    expected = '{"documents": [{"label": "", "faults": [], "data": {"a": 1.50, "b": [true]}}]}'
    (tmp_path / "a.json.expected.json").write_text(expected)
    return tmp_path


class Floats(JsonCodec):
    """Reads numbers as floats."""

    def decode(self, body, options, guide):
        found = super().decode(body, options, guide)
        return [
            DecodedDocument({k: float(v) if isinstance(v, Decimal) else v for k, v in d.data.items()})
            for d in found
        ]


class Forgetful(JsonCodec):
    """Drops a field on the way back."""

    def encode(self, documents, options, guide):
        kept = [{k: v for k, v in d.items() if k != "b"} if isinstance(d, dict) else d for d in documents]
        return super().encode(kept, options, guide)


class Greedy(JsonCodec):
    """Changes what it was handed."""

    def encode(self, documents, options, guide):
        body = super().encode(documents, options, guide)
        for document in documents:
            document.clear()
        return body


class Crashing(JsonCodec):
    """Raises what its parser raises."""

    def decode(self, body, options, guide):
        if not body.startswith(b"{") or not body.endswith(b"}"):
            raise ValueError("oops")
        return super().decode(body, options, guide)


class Tolerant(JsonCodec):
    """Accepts any setting."""

    def decode(self, body, options, guide):
        return super().decode(body, {}, guide)


class Obliging(JsonCodec):
    """Writes whatever it gets."""

    def encode(self, documents, options, guide):
        try:
            return super().encode(documents, options, guide)
        except Exception:
            return b"null"


def test_the_codec_itself_passes(golden):
    check_codec(JsonCodec(), golden)


@pytest.mark.parametrize("broken", [Floats, Forgetful, Greedy, Crashing, Tolerant, Obliging])
def test_a_broken_codec_is_caught(golden, broken):
    with pytest.raises((AssertionError, ValueError)):
        check_codec(broken(), golden)


def test_a_golden_case_that_differs_is_caught(golden):
    (golden / "a.json").write_text('{"a": 1.51, "b": [true]}')
    with pytest.raises(AssertionError, match="a.json, document 1: data is"):
        check_codec(JsonCodec(), golden)


def test_an_empty_golden_folder_is_caught(tmp_path):
    with pytest.raises(AssertionError, match="no golden case"):
        check_codec(JsonCodec(), tmp_path)


class Bench:
    """A target and an origin in memory."""

    settings = unreachable = {}

    def __init__(self):
        self.bodies = []

    def received(self):
        return self.bodies

    def put(self, body):
        self.bodies.append(body)


class Loop:
    """A transport in memory that keeps the contract; subclasses break one rule each."""

    def __init__(self, bench):
        self.bench = bench

    def send(self, outgoing):
        if outgoing.body == b"x":
            return Receipt("retry", "down", error_class="transport")
        self.bench.bodies.append(outgoing.body)
        return Receipt("delivered", "ok")

    def poll(self, limit):
        yield from [Incoming(str(body), body) for body in self.bench.bodies[:limit]]

    def acknowledge(self, incoming):
        if incoming.body in self.bench.bodies:
            self.bench.bodies.remove(incoming.body)

    def set_aside(self, incoming, reason):
        self.acknowledge(incoming)

    def close(self):
        pass


class Shortening(Loop):
    def send(self, outgoing):
        return super().send(replace(outgoing, body=outgoing.body[:-1] or b"x"))


class Boasting(Loop):
    def send(self, outgoing):
        self.bench.bodies.append(outgoing.body)
        return Receipt("delivered", "surely")


class Raising(Loop):
    def send(self, outgoing):
        if outgoing.body == b"x":
            raise ConnectionRefusedError
        return super().send(outgoing)


class Eager(Loop):
    def poll(self, limit):
        found, self.bench.bodies = self.bench.bodies[:limit], self.bench.bodies[limit:]
        yield from [Incoming(str(body), body) for body in found]


class Unlimited(Loop):
    def poll(self, limit):
        return super().poll(1000)


class Sticky(Loop):
    def set_aside(self, incoming, reason):
        pass


class OnceOnly(Loop):
    def acknowledge(self, incoming):
        self.bench.bodies.remove(incoming.body)


def transport(bench, made):
    spec = (Setting("a", "text", "A", "A."),)
    return Transport("loop", "Loop", spec, sink=lambda given: made(bench), source=lambda given: made(bench))


def test_the_loop_itself_passes():
    bench, other = Bench(), Bench()
    check_sink(transport(bench, Loop), bench)
    check_source(transport(other, Loop), other)


@pytest.mark.parametrize("broken", [Shortening, Boasting, Raising])
def test_a_broken_sink_is_caught(broken):
    bench = Bench()
    with pytest.raises((AssertionError, OSError)):
        check_sink(transport(bench, broken), bench)


@pytest.mark.parametrize("broken", [Eager, Unlimited, Sticky, OnceOnly])
def test_a_broken_source_is_caught(broken):
    bench = Bench()
    with pytest.raises((AssertionError, ValueError)):
        check_source(transport(bench, broken), bench)
