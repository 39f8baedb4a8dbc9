"""A folder as an outbox: whole files, once each."""

import os

import pytest

from connectors.errors import SettingsError
from connectors.registry import transports


def sink(folder, **settings):
    return transports()["file"].sink({"folder": str(folder), **settings})


def names(folder):
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def test_writes_the_bytes_under_the_name(tmp_path, outgoing):
    receipt = sink(tmp_path, name="{message_id}-{delivery_id}.json").send(outgoing(b"\x00\xff"))
    assert (receipt.result, receipt.detail) == ("delivered", "written as message-1-delivery-1.json")
    assert (tmp_path / "message-1-delivery-1.json").read_bytes() == b"\x00\xff"


def test_leaves_no_other_file_behind(tmp_path, outgoing):
    sink(tmp_path).send(outgoing())
    assert sorted(os.listdir(tmp_path)) == [".delivered", "message-1-delivery-1"]


def test_writes_the_marker_after_the_file(tmp_path, outgoing):
    sink(tmp_path, name="{key}.edi", done=True).send(outgoing())
    assert names(tmp_path) == ["key-1.edi", "key-1.edi.done"]


def test_a_repeated_delivery_changes_nothing(tmp_path, outgoing):
    assert sink(tmp_path).send(outgoing()).result == "delivered"
    assert sink(tmp_path).send(outgoing()).result == "delivered"
    assert names(tmp_path) == ["message-1-delivery-1"]


def test_a_repeated_delivery_is_known_after_the_reader_took_the_file(tmp_path, outgoing):
    sink(tmp_path).send(outgoing())
    (tmp_path / "message-1-delivery-1").unlink()
    assert sink(tmp_path).send(outgoing()).result == "delivered"
    assert names(tmp_path) == []


def test_a_delivery_whose_ledger_was_lost_in_a_crash_is_recognised(tmp_path, outgoing):
    sink(tmp_path).send(outgoing())
    for mark in (tmp_path / ".delivered").iterdir():
        mark.unlink()
    assert sink(tmp_path).send(outgoing()).result == "delivered"


def test_what_a_crash_left_half_written_is_cleared(tmp_path, outgoing):
    class Cut(Exception):
        pass

    writing = sink(tmp_path)

    def cut(*_):
        raise Cut

    writing.folder.move = cut
    with pytest.raises(Cut):
        writing.send(outgoing())
    assert any(name.endswith(".tmp") for name in os.listdir(tmp_path))
    assert sink(tmp_path).send(outgoing()).result == "delivered"
    assert sorted(os.listdir(tmp_path)) == [".delivered", "message-1-delivery-1"]


def test_it_tells_by_name_whether_a_delivery_arrived(tmp_path, outgoing):
    there = sink(tmp_path)
    assert there.ask(outgoing()).result == "unknown", "never written, or taken by a reader"
    there.send(outgoing())
    assert there.ask(outgoing()).result == "arrived"
    for mark in (tmp_path / ".delivered").iterdir():
        mark.unlink()
    assert there.ask(outgoing()).result == "arrived"
    (tmp_path / "message-1-delivery-1").write_bytes(b"another")
    assert there.ask(outgoing()).result == "unknown"


def test_what_was_begun_and_never_finished_did_not_arrive(tmp_path, outgoing):
    begun = sink(tmp_path)
    begun.folder.move = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        begun.send(outgoing())
    assert sink(tmp_path).ask(outgoing()).result == "absent"


def test_another_file_is_never_replaced(tmp_path, outgoing):
    (tmp_path / "message-1-delivery-1").write_text("other")
    receipt = sink(tmp_path).send(outgoing())
    assert (receipt.result, receipt.error_class) == ("refused", "application")
    assert (tmp_path / "message-1-delivery-1").read_text() == "other"


def test_a_link_in_the_way_is_not_followed(tmp_path, outgoing):
    outside = tmp_path / "outside"
    outside.write_text("safe")
    box = tmp_path / "box"
    box.mkdir()
    (box / "message-1-delivery-1").symlink_to(outside)
    assert sink(box).send(outgoing()).result == "refused"
    assert outside.read_text() == "safe"


@pytest.mark.parametrize("value", ["../../etc/passwd", "a/b", "a\0b", "ä", "..", ".", "a" * 500, "con\n"])
def test_hostile_values_become_plain_names(tmp_path, outgoing, value):
    box = tmp_path / "box"
    box.mkdir()
    delivery = outgoing(headers={"Idempotency-Key": value})
    assert sink(box, name="{key}.json").send(delivery).result == "delivered"
    (name,) = names(box)
    assert name.isascii() and "/" not in name and name.endswith(".json") and len(name) < 120
    assert sorted(os.listdir(tmp_path)) == ["box"]


def test_two_values_that_clean_to_one_name_stay_apart(tmp_path, outgoing):
    writing = sink(tmp_path, name="{key}.json")
    for value in ("a/b", "a:b", "a_b"):
        assert writing.send(outgoing(headers={"Idempotency-Key": value})).result == "delivered"
    assert len(names(tmp_path)) == 3


def test_to_is_a_part_of_the_name(tmp_path, outgoing):
    sink(tmp_path, name="{to}-{key}").send(outgoing(address="SUP-1"))
    assert names(tmp_path) == ["SUP-1-key-1"]


def test_a_missing_part_of_the_name_is_a_mapping_error(tmp_path, outgoing):
    receipt = sink(tmp_path, name="{to}-{key}").send(outgoing())
    assert (receipt.result, receipt.error_class) == ("refused", "mapping")


def test_a_folder_that_vanished_is_retried(tmp_path, outgoing):
    box = tmp_path / "box"
    box.mkdir()
    writing = sink(box)
    (box / ".delivered").rmdir()
    box.rmdir()
    receipt = writing.send(outgoing())
    assert (receipt.result, receipt.error_class) == ("retry", "transport")


def test_old_deliveries_are_forgotten(tmp_path, outgoing):
    sink(tmp_path).send(outgoing())
    (mark,) = (tmp_path / ".delivered").iterdir()
    os.utime(mark, (1_000_000, 1_000_000))
    sink(tmp_path)
    assert not list((tmp_path / ".delivered").iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "fixed.json",
        "{message_id}",
        "{key}/x",
        "../{key}",
        ".{key}",
        "{key} x",
        "{nothing}{key}",
        "{key}.done",
    ],
)
def test_names_that_can_not_work_are_refused(tmp_path, name):
    with pytest.raises(SettingsError):
        sink(tmp_path, name=name)
