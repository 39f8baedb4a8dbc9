"""The files of a rule set: nobody's edit is lost, every author is remembered, no path escapes."""

import io
import zipfile
from pathlib import Path

import pytest

from app.design import rulesets
from app.design.errors import EditConflict, PathInvalid, RuleSetExists, RuleSetInvalid
from app.errors import NotFound, TooLarge
from app.storage import rulesets as stored
from app.storage.database import Database

MANIFEST = b'name = "orders"\ntitle = "Orders"\n'
FILES = {"ruleset.toml": MANIFEST, "maps/a.mw": b"one", "samples/a.json": b"{}"}


@pytest.fixture
def orders(database: Database) -> Database:
    with database.begin() as tx:
        rulesets.create_ruleset(tx, FILES, "ana")
    return database


def write(database: Database, content: bytes, by: str, if_match: str | None, path: str = "maps/a.mw") -> str:
    with database.begin() as tx:
        return rulesets.write_file(tx, "orders", path, content, by, if_match).etag


def authors(database: Database) -> list[str]:
    with database.read() as connection:
        return [change.by for change in stored.changes(connection, "orders")][len(FILES) :]


def test_a_rule_set_takes_name_and_title_from_its_manifest(orders: Database) -> None:
    with orders.read() as connection:
        found = rulesets.list_rulesets(connection)
    assert [(one.name, one.title) for one in found] == [("orders", "Orders")]


def test_its_files_come_back_as_they_went_in(orders: Database) -> None:
    with orders.read() as connection:
        assert rulesets.read_files(connection, "orders") == FILES


def test_a_second_rule_set_of_the_name_is_refused(orders: Database) -> None:
    with pytest.raises(RuleSetExists), orders.begin() as tx:
        rulesets.create_ruleset(tx, FILES, "ana")


@pytest.mark.parametrize(
    "manifest",
    [b"", b"name = 1", b'name = "Big Name"', b"name = ", b'name = "../x"', b"\xff", b'title = "x"'],
)
def test_files_without_a_usable_manifest_are_no_rule_set(database: Database, manifest: bytes) -> None:
    with pytest.raises(RuleSetInvalid), database.begin() as tx:
        rulesets.create_ruleset(tx, {"ruleset.toml": manifest}, "ana")


def test_a_write_over_the_content_that_was_read_succeeds(orders: Database) -> None:
    etag = write(orders, b"two", "ana", stored.etag_of(b"one"))
    assert etag == stored.etag_of(b"two")


def test_a_write_over_content_the_writer_has_not_seen_is_refused(orders: Database) -> None:
    write(orders, b"two", "bob", stored.etag_of(b"one"))
    with pytest.raises(EditConflict) as refused:
        write(orders, b"three", "ana", stored.etag_of(b"one"))
    assert refused.value.details["updated_by"] == "bob"
    with orders.read() as connection:
        assert rulesets.read_file(connection, "orders", "maps/a.mw").content == b"two"


def test_a_new_file_must_not_be_there_yet(orders: Database) -> None:
    write(orders, b"x", "ana", "", "maps/b.mw")
    with pytest.raises(EditConflict):
        write(orders, b"y", "bob", "", "maps/b.mw")


def test_a_write_to_a_file_deleted_meanwhile_is_refused(orders: Database) -> None:
    with orders.begin() as tx:
        rulesets.delete_file(tx, "orders", "maps/a.mw", "bob")
    with pytest.raises(EditConflict):
        write(orders, b"two", "ana", stored.etag_of(b"one"))


def test_every_write_and_delete_remembers_its_author(orders: Database) -> None:
    write(orders, b"two", "bob", None)
    with orders.begin() as tx:
        rulesets.delete_file(tx, "orders", "maps/a.mw", "cid")
    assert authors(orders) == ["bob", "cid"]


def test_a_write_that_changes_nothing_makes_nobody_an_author(orders: Database) -> None:
    write(orders, b"one", "bob", None)
    assert authors(orders) == []


def test_an_import_changes_only_what_differs(orders: Database) -> None:
    new = {"ruleset.toml": MANIFEST, "maps/a.mw": b"other", "maps/c.mw": b"new"}
    with orders.begin() as tx:
        rulesets.import_files(tx, new, "bob")
        assert rulesets.read_files(tx, "orders") == new
    assert authors(orders) == ["bob"] * 3


def test_a_second_import_of_the_same_files_changes_nothing(orders: Database) -> None:
    with orders.begin() as tx:
        rulesets.import_files(tx, FILES, "bob")
    assert authors(orders) == []


def test_the_manifest_cannot_be_deleted(orders: Database) -> None:
    with pytest.raises(PathInvalid), orders.begin() as tx:
        rulesets.delete_file(tx, "orders", "ruleset.toml", "ana")


def test_a_half_typed_manifest_may_be_saved(orders: Database) -> None:
    write(orders, b"name = ", "ana", None, "ruleset.toml")


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/passwd",
        "a/../../b",
        "a//b",
        "",
        ".git/config",
        "a\\b",
        "a\0b",
        "con:",
        "a\nb",
        "x" * 300,
        " a",
        "a/",
    ],
)
def test_a_path_cannot_leave_the_rule_set(orders: Database, path: str) -> None:
    with pytest.raises(PathInvalid):
        write(orders, b"x", "ana", None, path)


def test_two_spellings_of_one_name_are_one_file(orders: Database) -> None:
    write(orders, b"x", "ana", "", "maps/bru\u0308cke.mw")
    with orders.read() as connection:
        assert rulesets.read_file(connection, "orders", "maps/br\u00fccke.mw").content == b"x"


def test_a_file_has_a_size_limit(orders: Database) -> None:
    with pytest.raises(TooLarge):
        write(orders, b"x" * (rulesets.FILE_LIMIT + 1), "ana", None)


def test_an_unknown_rule_set_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound), database.read() as connection:
        rulesets.read_files(connection, "nothing")


def test_a_folder_is_read_without_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "maps/a.mw").write_text("one")
    (tmp_path / ".git/config").write_text("x")
    assert rulesets.read_folder(tmp_path) == {"maps/a.mw": b"one"}


def test_a_folder_with_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "maps").symlink_to("/etc")
    with pytest.raises(PathInvalid):
        rulesets.read_folder(tmp_path)


def test_an_export_holds_every_file_and_is_the_same_each_time(orders: Database) -> None:
    with orders.read() as connection:
        first, second = (rulesets.export_zip(connection, "orders") for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"orders/{p}": c for p, c in FILES.items()
        }
