"""Promotions: never by an author, no stage skipped, one of two wins, back in one step; all audited."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from app.design import promotions
from app.design.errors import (
    AlreadyLive,
    BindingsMissing,
    NothingToRollBack,
    OwnChange,
    PointerMoved,
    PromotionRefused,
    StageSkipped,
)
from app.errors import NotFound, ReasonRequired
from app.security import audit
from app.storage import environments
from app.storage.audit import audit_table
from app.storage.database import Database
from app.storage.releases import ReleaseRecord

Cut = Callable[..., ReleaseRecord]


def promote(database: Database, record: ReleaseRecord, stage: str, by: str, **options: object) -> None:
    with database.begin() as tx:
        promotions.promote(tx, record.id, stage, by, "because", **options)  # type: ignore[arg-type]


def roll_back(database: Database, stage: str, reason: str = "broken", to: str | None = None) -> None:
    with database.begin() as tx:
        promotions.rollback(tx, stage, "orders", "olga", reason, to)


def live(database: Database, stage: str) -> str | None:
    with database.read() as connection:
        return environments.live_release(connection, stage, "orders")


def test_a_release_walks_the_chain(orders: Database, cut: Cut) -> None:
    record = cut("ana")
    for stage, by in (("dev", "ana"), ("test", "ivan"), ("prod", "ivan")):
        promote(orders, record, stage, by)
    assert {stage: live(orders, stage) for stage in ("dev", "test", "prod")} == dict.fromkeys(
        ("dev", "test", "prod"), record.id
    )


def test_an_author_may_try_it_out_in_dev(orders: Database, cut: Cut) -> None:
    record = cut("ana")
    promote(orders, record, "dev", "ana")
    assert live(orders, "dev") == record.id


@pytest.mark.parametrize("stage", ["test", "prod"])
def test_an_author_of_the_change_cannot_promote_it_further(orders: Database, cut: Cut, stage: str) -> None:
    record = cut("ana")
    promote(orders, record, "dev", "ivan")
    if stage == "prod":
        promote(orders, record, "test", "ivan")
    with pytest.raises(OwnChange):
        promote(orders, record, stage, "ana")
    assert live(orders, stage) is None


def test_an_author_of_an_earlier_release_in_between_cannot_promote_either(orders: Database, cut: Cut) -> None:
    base = cut("ana")
    promote(orders, base, "dev", "ivan")
    promote(orders, base, "test", "ivan")
    cut("bob", "second")
    third = cut("ana", "third")
    promote(orders, third, "dev", "ana")
    with pytest.raises(OwnChange):
        promote(orders, third, "test", "bob")


def test_an_author_of_what_is_live_already_may_promote_the_next_change(orders: Database, cut: Cut) -> None:
    base = cut("bob")
    promote(orders, base, "dev", "ivan")
    promote(orders, base, "test", "ivan")
    following = cut("ana", "second")
    promote(orders, following, "dev", "ana")
    promote(orders, following, "test", "bob")
    assert live(orders, "test") == following.id


def test_the_person_behind_a_token_counts_as_author(orders: Database, cut: Cut) -> None:
    record = cut("ana")
    promote(orders, record, "dev", "ana")
    with pytest.raises(OwnChange):
        promote(orders, record, "test", "token/0815", on_behalf_of="ana")


def test_a_stage_cannot_be_skipped(orders: Database, cut: Cut) -> None:
    record = cut("ana")
    with pytest.raises(StageSkipped):
        promote(orders, record, "test", "ivan")
    promote(orders, record, "dev", "ivan")
    with pytest.raises(StageSkipped):
        promote(orders, record, "prod", "ivan")


def test_a_release_that_was_followed_by_another_has_still_passed_its_stage(
    orders: Database, cut: Cut
) -> None:
    first, second = cut("ana"), cut("ana", "second")
    promote(orders, first, "dev", "ivan")
    promote(orders, second, "dev", "ivan")
    promote(orders, first, "test", "ivan")
    assert live(orders, "test") == first.id


def test_a_release_that_was_rolled_back_has_not_passed_its_stage(orders: Database, cut: Cut) -> None:
    first, second = cut("ana"), cut("ana", "second")
    promote(orders, first, "dev", "ivan")
    promote(orders, second, "dev", "ivan")
    roll_back(orders, "dev")
    with pytest.raises(StageSkipped):
        promote(orders, second, "test", "ivan")


def test_a_plan_that_is_out_of_date_is_refused(orders: Database, cut: Cut) -> None:
    first, second = cut("ana"), cut("ana", "second")
    promote(orders, first, "dev", "ivan", expected_live=None)
    with pytest.raises(PointerMoved):
        promote(orders, second, "dev", "ivan", expected_live=None)
    promote(orders, second, "dev", "ivan", expected_live=first.id)


def test_of_two_promotions_at_once_one_wins(orders: Database, cut: Cut) -> None:
    base, one, other = cut("ana"), cut("ana", "one"), cut("ana", "other")
    promote(orders, base, "dev", "ivan")
    barrier, results = Barrier(2), []

    def race(record: ReleaseRecord) -> None:
        barrier.wait()
        try:
            promote(orders, record, "dev", "ivan", expected_live=base.id)
            results.append("won")
        except PromotionRefused as error:
            results.append(error.code)

    threads = [Thread(target=race, args=(record,)) for record in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["pointer_moved", "won"]


def test_what_is_live_cannot_be_promoted_again(orders: Database, cut: Cut) -> None:
    record = cut("ana")
    promote(orders, record, "dev", "ivan")
    with pytest.raises(AlreadyLive):
        promote(orders, record, "dev", "ivan")


def test_an_environment_without_a_needed_binding_is_refused(orders: Database, cut: Cut) -> None:
    table = environments.bindings_table
    with orders.begin() as tx:
        tx.execute(table.delete().where(table.c.environment == "dev"))
    with pytest.raises(BindingsMissing) as refused:
        promote(orders, cut("ana"), "dev", "ivan")
    assert refused.value.details == {"missing": ["plant.work_order"]}


def test_a_rollback_goes_to_the_release_before(orders: Database, cut: Cut) -> None:
    first, second = cut("ana"), cut("ana", "second")
    promote(orders, first, "dev", "ivan")
    promote(orders, second, "dev", "ivan")
    roll_back(orders, "dev")
    assert live(orders, "dev") == first.id


def test_a_second_rollback_goes_one_further(orders: Database, cut: Cut) -> None:
    records = [cut("ana", name) for name in ("first", "second", "third")]
    for record in records:
        promote(orders, record, "dev", "ivan")
    roll_back(orders, "dev")
    roll_back(orders, "dev")
    assert live(orders, "dev") == records[0].id


def test_a_rollback_can_name_any_release_that_was_live(orders: Database, cut: Cut) -> None:
    records = [cut("ana", name) for name in ("first", "second", "third")]
    for record in records:
        promote(orders, record, "dev", "ivan")
    roll_back(orders, "dev", to=records[0].id)
    assert live(orders, "dev") == records[0].id


def test_a_rollback_to_a_release_that_never_was_live_is_refused(orders: Database, cut: Cut) -> None:
    first, second, never = cut("ana"), cut("ana", "second"), cut("ana", "never")
    promote(orders, first, "dev", "ivan")
    promote(orders, second, "dev", "ivan")
    with pytest.raises(NothingToRollBack):
        roll_back(orders, "dev", to=never.id)


def test_the_first_release_cannot_be_rolled_back(orders: Database, cut: Cut) -> None:
    promote(orders, cut("ana"), "dev", "ivan")
    with pytest.raises(NothingToRollBack):
        roll_back(orders, "dev")


def test_a_rollback_needs_a_reason(orders: Database, cut: Cut) -> None:
    promote(orders, cut("ana"), "dev", "ivan")
    with pytest.raises(ReasonRequired):
        roll_back(orders, "dev", " ")


def test_every_move_is_audited_with_who_and_why(orders: Database, cut: Cut) -> None:
    first, second = cut("ana"), cut("ana", "second")
    promote(orders, first, "dev", "ivan")
    promote(orders, second, "dev", "ivan")
    roll_back(orders, "dev", "wrong units")
    with orders.read() as connection:
        columns = audit_table.c.who, audit_table.c.what, audit_table.c.reason
        query = (
            select(*columns)
            .where(audit_table.c.what.in_(["promote", "rollback"]))
            .order_by(audit_table.c.seq)
        )
        rows = [tuple(row) for row in connection.execute(query)]
        assert audit.verify(connection).ok
    assert rows == [
        ("ivan", "promote", "because"),
        ("ivan", "promote", "because"),
        ("olga", "rollback", "wrong units"),
    ]


def test_a_plan_says_what_changes_and_what_stands_in_the_way(orders: Database, cut: Cut) -> None:
    record = cut("bob")
    with orders.read() as connection:
        plan = promotions.plan(connection, record.id, "test")
    assert plan["obstacles"] == ["stage_skipped"]
    assert plan["authors"] == ["bob", "setup"]
    assert plan["needs"] == "promote" and plan["live"] is None
    assert "maps/orders.mw" in [file["path"] for file in plan["files"]]


def test_an_unknown_environment_or_release_is_not_found(orders: Database, cut: Cut) -> None:
    record = cut("ana")
    with pytest.raises(NotFound):
        promote(orders, record, "nowhere", "ivan")
    with pytest.raises(NotFound), orders.begin() as tx:
        promotions.promote(tx, "0" * 64, "dev", "ivan")


def test_a_refusal_is_audited_though_nothing_moved(orders: Database, cut: Cut) -> None:
    record = cut("ana")
    with pytest.raises(StageSkipped):
        promotions.promote_audited(orders, record.id, "prod", "ivan", reason="in a hurry")
    with orders.read() as connection:
        columns = audit_table.c.who, audit_table.c.what, audit_table.c.target
        row = connection.execute(select(*columns).order_by(audit_table.c.seq.desc()).limit(1)).one()
    assert tuple(row) == ("ivan", "promote.refused", "environment/prod")
