"""A folder as an inbox: complete files only, each moved away after it was stored."""

import os

import pytest

from connectors.errors import SettingsError
from connectors.registry import transports


def source(folder, **settings):
    return transports()["file"].source({"folder": str(folder), "min_age": 0, **settings})


def bodies(polling, limit=10):
    return [item.body for item in polling.poll(limit)]


def test_reads_matching_files_oldest_first(tmp_path):
    for age, name in enumerate(["b.edi", "a.edi", "c.txt"]):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    assert bodies(source(tmp_path, pattern="*.edi")) == [b"a.edi", b"b.edi"]


def test_respects_the_limit(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}").write_text("x")
    assert len(bodies(source(tmp_path), 3)) == 3


def test_a_young_file_waits(tmp_path):
    (tmp_path / "half").write_text("half written")
    assert bodies(source(tmp_path, min_age=60)) == []
    os.utime(tmp_path / "half", (1_000_000, 1_000_000))
    assert bodies(source(tmp_path, min_age=60)) == [b"half written"]


def test_with_a_marker_a_file_waits_for_it(tmp_path):
    (tmp_path / "a.edi").write_text("x")
    polling = source(tmp_path, ready="done")
    assert bodies(polling) == []
    (tmp_path / "a.edi.done").touch()
    (item,) = polling.poll(10)
    polling.acknowledge(item)
    assert sorted(os.listdir(tmp_path)) == ["failed", "processed"]


def test_a_stored_file_moves_to_processed(tmp_path):
    (tmp_path / "a.edi").write_text("x")
    polling = source(tmp_path)
    (item,) = polling.poll(10)
    assert bodies(polling) == [b"x"]  # until it is stored it comes again
    polling.acknowledge(item)
    assert bodies(polling) == []
    assert (tmp_path / "processed" / "a.edi").read_text() == "x"


def test_a_refused_file_moves_to_failed_with_its_reason(tmp_path):
    (tmp_path / "a.edi").write_text("x")
    polling = source(tmp_path)
    (item,) = polling.poll(10)
    polling.set_aside(item, "no ISA (segment 1)")
    assert (tmp_path / "failed" / "a.edi").read_text() == "x"
    assert (tmp_path / "failed" / "a.edi.reason.txt").read_text() == "no ISA (segment 1)\n"


def test_a_name_used_before_replaces_nothing(tmp_path):
    polling = source(tmp_path)
    for content in ("one", "two", "three"):
        (tmp_path / "a").write_text(content)
        (item,) = polling.poll(1)
        polling.acknowledge(item)
    stored = {
        name: (tmp_path / "processed" / name).read_text() for name in os.listdir(tmp_path / "processed")
    }
    assert stored == {"a": "one", "a.1": "two", "a.2": "three"}


def test_a_file_dropped_again_before_the_move_is_not_lost(tmp_path):
    (tmp_path / "a").write_text("one")
    polling = source(tmp_path)
    (item,) = polling.poll(1)
    (tmp_path / "a").write_text("another one")
    polling.acknowledge(item)
    (again,) = polling.poll(1)
    assert (again.body, again.key != item.key) == (b"another one", True)


def test_after_a_crash_the_key_is_the_same(tmp_path):
    (tmp_path / "a").write_text("one")
    assert [item.key for item in source(tmp_path).poll(1)] == [item.key for item in source(tmp_path).poll(1)]


def test_links_folders_pipes_and_hidden_files_are_not_read(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("secret")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "link").symlink_to(outside)
    (inbox / "folder").mkdir()
    (inbox / ".hidden").write_text("x")
    os.mkfifo(inbox / "pipe")
    assert bodies(source(inbox)) == []


def test_a_file_that_is_too_large_is_set_aside(tmp_path):
    (tmp_path / "big").write_text("x" * 101)
    (tmp_path / "small").write_text("x" * 100)
    assert bodies(source(tmp_path, max_bytes=100)) == [b"x" * 100]
    assert (tmp_path / "failed" / "big.reason.txt").read_text() == "larger than 100 bytes\n"


@pytest.mark.parametrize(
    "settings",
    [{"folder": "/no/such/folder"}, {"folder": "../up"}, {"folder": "a\0b"}, {"processed": "../x"}, {"failed": "a/b"},
     {"processed": ""}, {"processed": ".hidden"}],
)  # fmt: skip
def test_settings_that_can_not_work_are_refused(tmp_path, settings):
    with pytest.raises(SettingsError):
        source(**{"folder": tmp_path, **settings})


def test_a_linked_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(SettingsError):
        source(tmp_path / "link")
    with pytest.raises(SettingsError):
        source(str(tmp_path / "link") + "/")


def test_a_linked_processed_folder_is_refused(tmp_path):
    (tmp_path / "processed").symlink_to("/tmp")
    with pytest.raises(SettingsError):
        source(tmp_path)
