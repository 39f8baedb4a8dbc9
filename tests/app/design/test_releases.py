"""Releases: immutable, numbered, with their authors; refused with errors or failing tests."""

from collections.abc import Callable

import pytest

from app.design import releases, rulesets
from app.design.errors import ReleaseRefused
from app.errors import NotFound
from app.storage import releases as stored
from app.storage.database import Database
from app.storage.releases import ReleaseRecord

Cut = Callable[..., ReleaseRecord]
NAME = "orders"


def cut_as_is(database: Database) -> ReleaseRecord:
    with database.begin() as tx:
        return releases.cut_release(tx, NAME, "ana", "as it is")


def replace(database: Database, path: str, old: str, new: str, by: str = "ana") -> None:
    with database.begin() as tx:
        text = rulesets.read_file(tx, NAME, path).content.decode()
        assert old in text
        rulesets.write_file(tx, NAME, path, text.replace(old, new, 1).encode(), by)


def test_releases_are_numbered_for_each_rule_set(orders: Database, cut: Cut) -> None:
    assert [cut("ana", name).number for name in ("one", "two", "three")] == [1, 2, 3]


def test_the_authors_are_who_changed_files_since_the_release_before(orders: Database, cut: Cut) -> None:
    assert cut("ana", by="bob").authors == ("ana", "setup")
    assert cut("cid", "second", by="bob").authors == ("cid",)


def test_who_cuts_a_release_is_no_author_of_it(orders: Database, cut: Cut) -> None:
    assert "bob" not in cut("ana", by="bob").authors


def test_equal_files_give_the_release_there_is(orders: Database) -> None:
    assert cut_as_is(orders) == cut_as_is(orders)


def test_an_author_whose_change_was_taken_back_still_counts_for_the_next(orders: Database, cut: Cut) -> None:
    cut_as_is(orders)
    replace(orders, "maps/orders.mw", '"WO-"', '"W-"', "bob")
    replace(orders, "maps/orders.mw", '"W-"', '"WO-"', "cid")
    assert cut("dan", "next").authors == ("bob", "cid", "dan")


def test_a_release_keeps_its_content_when_the_files_change(orders: Database) -> None:
    record = cut_as_is(orders)
    replace(orders, "maps/orders.mw", '"WO-"', '"W-"')
    with orders.read() as connection:
        assert b'"WO-"' in releases.release_files(connection, record.id)["maps/orders.mw"]


def test_a_release_whose_bytes_were_changed_is_not_loaded(orders: Database) -> None:
    record = cut_as_is(orders)
    table = stored.releases_table
    with orders.begin() as tx:
        content = stored.release_content(tx, record.id).replace(b"WO-", b"XX-")
        tx.execute(table.update().values(content=content))
    with pytest.raises(Exception, match="does not match") as refused, orders.read() as connection:
        releases.release_files(connection, record.id)
    assert getattr(refused.value, "code", "") == "release_tampered"


def test_errors_refuse_a_release_and_are_named(orders: Database) -> None:
    replace(orders, "maps/orders.mw", "o.number", "o.numbre")
    with pytest.raises(ReleaseRefused) as refused:
        cut_as_is(orders)
    assert refused.value.details["diagnostics"][0]["file"] == "maps/orders.mw"


def test_a_failing_test_refuses_a_release_and_is_named(orders: Database) -> None:
    replace(orders, "tests/orders.mw", "WO-1001", "WO-9")
    with pytest.raises(ReleaseRefused) as refused:
        cut_as_is(orders)
    assert [test["passed"] for test in refused.value.details["tests"]["tests"]] == [False]


def test_a_refused_release_leaves_no_trace(orders: Database) -> None:
    replace(orders, "maps/orders.mw", "o.number", "o.numbre")
    with pytest.raises(ReleaseRefused):
        cut_as_is(orders)
    with orders.read() as connection:
        assert releases.list_releases(connection) == []


def test_a_file_that_is_no_text_refuses_a_release(orders: Database) -> None:
    with orders.begin() as tx:
        rulesets.write_file(tx, NAME, "lookups/x@1.csv", b"\xff\xfe\x00", "ana")
    with pytest.raises(ReleaseRefused):
        cut_as_is(orders)


def test_the_report_of_the_tests_is_kept(orders: Database) -> None:
    assert cut_as_is(orders).report["ok"] is True


def test_the_beginning_of_an_id_is_enough(orders: Database) -> None:
    record = cut_as_is(orders)
    with orders.read() as connection:
        assert releases.get_release(connection, record.id[:12]) == record


@pytest.mark.parametrize("given", ["", "0" * 64, "abc", "%", "________"])
def test_an_unknown_release_is_not_found(orders: Database, given: str) -> None:
    cut_as_is(orders)
    with pytest.raises(NotFound), orders.read() as connection:
        releases.get_release(connection, given)


def test_two_releases_are_compared_in_sentences_and_lines(orders: Database) -> None:
    first = cut_as_is(orders)
    replace(orders, "maps/orders.mw", '"1" => urgent', '"1" => normal')
    replace(orders, "tests/orders.mw", "urgency = urgent", "urgency = normal")
    second = cut_as_is(orders)
    with orders.read() as connection:
        found = releases.compare(connection, first.id, second.id)
    assert [file["path"] for file in found["files"]] == ["maps/orders.mw", "tests/orders.mw"]
    assert '-  | "1" => urgent |' in found["files"][0]["diff"]
    assert any("urgenc" in change["sentence"] for change in found["changes"])


def test_a_draft_is_compared_with_the_latest_release(orders: Database) -> None:
    cut_as_is(orders)
    with orders.read() as connection:
        assert releases.compare_draft(connection, NAME) == {"changes": [], "compatibility": [], "files": []}
    replace(orders, "maps/orders.mw", '"WO-"', '"W-"')
    with orders.read() as connection:
        assert releases.compare_draft(connection, NAME)["changes"]
