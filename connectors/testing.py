"""Conformance: what every codec and transport has to pass, ours and those of others.

Call them from a test: `check_codec(CODEC, Path("golden"))`, `check_transport(TRANSPORT, sink=..., source=...)`.
A break of the contract is an AssertionError that says which rule was broken and where.

A golden folder holds, for each case, the input `NAME.ext` and beside it `NAME.ext.expected.json`:
    {"documents": [{"label": "856 0042", "faults": ["hl_roots"], "data": {...}}],
     "options": {}, "guide": "856.toml"}
or  {"refused": "duplicate_key"}. `data` may be left out, `round_trip: "why not"` switches the way back off.
"""

import json
import random
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from connectors.contract import Codec, DecodedDocument, Outgoing, Plain, Receipt, Transport, Trying
from connectors.errors import ConnectorError, DecodeError, EncodeError, SettingsError
from connectors.settings import SettingsSpec, read_settings

_SUFFIX = ".expected.json"
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Case:
    """One golden case: an input and what has to come of it."""

    name: str
    body: bytes
    expected: Mapping[str, Any]
    guide: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> Mapping[str, Any]:
        """The codec's options of this case."""
        options: Mapping[str, Any] = self.expected.get("options", {})
        return options


class SinkBench(Protocol):
    """A real target for a sink: settings that reach it, settings that reach nobody, and what arrived."""

    settings: Mapping[str, Any]
    unreachable: Mapping[str, Any]

    def received(self) -> list[bytes]:
        """Every body that arrived, in order."""
        ...


class SourceBench(Protocol):
    """A real origin for a source."""

    settings: Mapping[str, Any]

    def put(self, body: bytes) -> None:
        """Lay a complete body ready."""
        ...


def golden_cases(folder: Path) -> Iterator[Case]:
    """The cases of a golden folder, by name."""
    for path in sorted(folder.rglob(f"*{_SUFFIX}")):
        expected = json.loads(path.read_text("utf-8"), parse_float=Decimal)
        source = path.with_name(path.name.removesuffix(_SUFFIX))
        guide = tomllib.loads((folder / expected["guide"]).read_text("utf-8")) if "guide" in expected else {}
        yield Case(str(source.relative_to(folder)), source.read_bytes(), expected, guide)


def check_codec(codec: Codec, golden: Path) -> None:
    """All rules of a codec.

    Errors: AssertionError
    """
    _check_settings(codec.name, codec.settings, lambda given: codec.decode(b"", given, {}))
    assert codec.media_types, f"{codec.name}: a codec names its media types"
    cases = list(golden_cases(golden))
    assert cases, f"{codec.name}: {golden} holds no golden case"
    for case in cases:
        check_case(codec, case)
        check_hostile(codec, case)
    check_unencodable(codec)


def check_case(codec: Codec, case: Case) -> None:
    """One golden case: same documents, same faults, twice; the way back; nothing changed that was handed in."""
    if "refused" in case.expected:
        _check_refused(codec, case)
        return
    options, guide = deepcopy(case.options), deepcopy(case.guide)
    documents = codec.decode(case.body, options, guide)
    assert (options, guide) == (case.options, case.guide), f"{case.name}: decode changed its options or guide"
    assert documents == codec.decode(case.body, case.options, case.guide), f"{case.name}: not repeatable"
    for document in documents:
        assert_plain(document.data, case.name)
    found = [_summary(document) for document in documents]
    wanted = case.expected["documents"]
    assert len(found) == len(wanted), f"{case.name}: {len(found)} documents, expected {len(wanted)}"
    for number, (one, other) in enumerate(zip(found, wanted, strict=True), 1):
        for key, value in other.items():
            assert one[key] == value, f"{case.name}, document {number}: {key} is {one[key]}, expected {value}"
    if "round_trip" not in case.expected:
        _check_round_trip(codec, case, [document.data for document in documents])


def check_hostile(codec: Codec, case: Case, rounds: int = 30) -> None:
    """Cut, flipped and repeated bytes end in documents or a DecodeError, soon."""
    chance = random.Random(case.name)
    bodies = [b"", b"\x00" * 1000, b"\xff" * 1000, case.body[:-1], case.body * 2]
    for _ in range(rounds):
        changed = bytearray(case.body or b"x")
        changed[chance.randrange(len(changed))] = chance.randrange(256)
        bodies += [bytes(changed), case.body[: chance.randrange(len(case.body) + 1)]]
    for body in bodies:
        start = time.monotonic()
        try:
            codec.decode(body, case.options, case.guide)
        except DecodeError as error:
            assert error.message and error.details, f"{case.name}: a refusal says what and where"
        assert time.monotonic() - start < _SECONDS, f"{case.name}: {body[:40]!r}... took too long"


def check_unencodable(codec: Codec) -> None:
    """What no format carries is an EncodeError, never another exception and never silently changed."""
    for value in (float("nan"), 1.5, object(), {"a": object()}, {1: "a"}, Decimal("NaN"), b"bytes"):
        try:
            codec.encode([value], {}, {})
        except EncodeError as error:
            assert error.details, f"{codec.name}: an EncodeError names the path"
        else:
            raise AssertionError(f"{codec.name}: {value!r} was written")


def assert_plain(value: Plain, where: str) -> None:
    """A document is dict, list, str, bool, int, Decimal, date, datetime, None: nothing else, never float."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            assert all(isinstance(key, str) for key in item), f"{where}: a name that is not text"
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        else:
            plain = item is None or isinstance(item, str | bool | int | Decimal | date)
            assert plain, f"{where}: {type(item).__name__} is not plain data"


def check_transport(
    transport: Transport, sink: SinkBench | None = None, source: SourceBench | None = None
) -> None:
    """All rules of a transport; a bench is needed for each side it has.

    Errors: AssertionError
    """
    assert transport.title and (transport.sink or transport.source), f"{transport.name}: has no side"
    for side in (transport.sink, transport.source):
        if side:
            _check_settings(transport.name, transport.settings, side)
    assert (sink is None) == (transport.sink is None), f"{transport.name}: a bench for each side, no other"
    assert (source is None) == (transport.source is None), (
        f"{transport.name}: a bench for each side, no other"
    )
    if sink:
        check_sink(transport, sink)
        check_test(transport, sink)
    if source:
        check_source(transport, source)


def check_sink(transport: Transport, bench: SinkBench) -> None:
    """Delivers the exact bytes; says in a receipt, never by an exception, what went wrong."""
    body = bytes(range(256)) + "ä€😀".encode()
    first = _send(transport, bench.settings, _outgoing(body, "c1"))
    assert first.result == "delivered", f"{transport.name}: {first}"
    assert bench.received()[-1:] == [body], f"{transport.name}: other bytes arrived than were sent"
    broken = Outgoing(
        b"header", "text/plain", {**_outgoing(b"", "c2").headers, "Idempotency-Key": "a\r\nX-Evil: 1"}
    )
    count = len(bench.received())
    receipt = _send(transport, bench.settings, broken)
    clean = not any(b"X-Evil" in item for item in bench.received()[count:])
    assert receipt.result in ("refused", "delivered") and clean, f"{transport.name}: {receipt}"
    try:
        lost = _send(transport, bench.unreachable, _outgoing(b"x", "c3"))
    except SettingsError:
        return  # seen before anything was sent: as good
    assert lost.result in ("retry", "uncertain") and lost.error_class, (
        f"{transport.name}: unreachable gave {lost}"
    )


def check_test(transport: Transport, bench: SinkBench) -> None:
    """A sink that can be tested finds its target and leaves nothing there, and says so where there is none."""
    if transport.sink is None:
        raise AssertionError(f"{transport.name}: has no sink")
    before = bench.received()
    for settings, wanted in ((bench.settings, ("works",)), (bench.unreachable, ("failing", "refused"))):
        try:
            sink = transport.sink(settings)
        except SettingsError:
            continue  # seen before anybody was asked: as good
        try:
            if isinstance(sink, Trying):
                start = time.monotonic()
                found = sink.test(_SECONDS)
                assert found.result in wanted and found.detail, f"{transport.name}: the test gave {found}"
                assert time.monotonic() - start < 2 * _SECONDS, f"{transport.name}: the test took too long"
        finally:
            sink.close()
    assert bench.received() == before, f"{transport.name}: its test left something at the target"


def check_source(transport: Transport, bench: SourceBench) -> None:
    """Hands a body out until it is acknowledged, respects the limit, and lets go of a refused one."""
    if transport.source is None:
        raise AssertionError(f"{transport.name}: has no source")
    source = transport.source(bench.settings)
    try:
        for body in (b'{"n":1}', b'{"n":2}', b'{"n":3}'):
            bench.put(body)
        tested = source.test(_SECONDS) if isinstance(source, Trying) else None
        assert tested is None or tested.result == "works", f"{transport.name}: the test gave {tested}"
        once, again = list(source.poll(2)), list(source.poll(2))
        assert len(once) == 2, f"{transport.name}: poll(2) gave {len(once)}"
        assert once == again, f"{transport.name}: a body was forgotten before it was acknowledged"
        source.acknowledge(once[0])
        source.set_aside(once[1], "refused in the conformance suite\nsecond line")
        rest = list(source.poll(10))
        assert [item.body for item in rest] == [b'{"n":3}'], f"{transport.name}: after both: {rest}"
        source.acknowledge(rest[0])
        source.acknowledge(rest[0])  # a second time, after a crash: harmless
        assert not list(source.poll(10)), f"{transport.name}: acknowledged bodies came again"
    finally:
        source.close()


def _outgoing(body: bytes, name: str) -> Outgoing:
    headers = {
        "Idempotency-Key": f"key-{name}",
        "X-Correlation-Id": f"journey-{name}",
        "X-Mapwright-Message": f"message-{name}",
        "X-Mapwright-Delivery": f"delivery-{name}",
    }
    return Outgoing(body, "application/octet-stream", headers, deadline=10.0)


def _send(transport: Transport, settings: Mapping[str, Any], outgoing: Outgoing) -> Receipt:
    if transport.sink is None:
        raise AssertionError(f"{transport.name}: has no sink")
    sink = transport.sink(settings)
    try:
        return sink.send(outgoing)
    finally:
        sink.close()


def _check_settings(name: str, spec: SettingsSpec, use: Callable[[Mapping[str, Any]], object]) -> None:
    assert name and all(setting.title and setting.doc for setting in spec), (
        f"{name}: each setting says what it is"
    )
    assert len({setting.name for setting in spec}) == len(spec), f"{name}: two settings of one name"
    required = any(setting.required for setting in spec)
    for given in ({"no_such_setting": 1}, {}) if required else ({"no_such_setting": 1},):
        try:
            use(given)
        except SettingsError as error:
            assert error.details.get("faults"), f"{name}: a SettingsError lists its faults"
        except ConnectorError as error:
            raise AssertionError(f"{name}: settings {given} were not refused first, but {error!r}") from error
        else:
            raise AssertionError(f"{name}: settings {given} were accepted")
    if not required:
        read_settings(spec, {})


def _check_refused(codec: Codec, case: Case) -> None:
    try:
        documents = codec.decode(case.body, case.options, case.guide)
    except DecodeError as error:
        found = error.details.get("reason")
        assert found == case.expected["refused"], f"{case.name}: refused for {found}: {error.message}"
    else:
        raise AssertionError(f"{case.name}: was read, {len(documents)} documents")


def _check_round_trip(codec: Codec, case: Case, data: list[Plain]) -> None:
    kept = deepcopy(data)
    body = codec.encode(data, case.options, case.guide)
    assert data == kept, f"{case.name}: encode changed the documents"
    assert body == codec.encode(data, case.options, case.guide), f"{case.name}: encode isn't deterministic"
    again = [document.data for document in codec.decode(body, case.options, case.guide)]
    assert again == data, f"{case.name}: the way back changed the documents: {body[:200]!r}"


def _summary(document: DecodedDocument) -> dict[str, Any]:
    return {
        "label": document.label,
        "faults": [fault.code for fault in document.faults],
        "data": document.data,
    }
