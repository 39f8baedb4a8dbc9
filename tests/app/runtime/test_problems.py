"""Failures by their cause: noted where they happen, gone when somebody dealt with them."""

import pytest

from app.runtime.fingerprints import shape
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.problem_titles import title
from app.runtime.recovery import discard_message, retry_delivery, retry_message
from app.storage.deliveries import of_message
from app.storage.problems import Group, Kind, group, groups, subjects
from tests.journey import ENVIRONMENT, Answer, Target, deliver_all, deploy, drain_all, journey_files, order


def send(installation: Installation, number: object, lot: str = "L1", **more: object) -> str:
    body = order(number, lot, **more) if isinstance(number, int) else order(0, lot, **more, n=number)
    return accept(installation, ENVIRONMENT, "shop.order", body)[0].message_id


def open_groups(installation: Installation) -> list[Group]:
    with installation.database.read() as tx:
        return groups(tx, ENVIRONMENT)


def members(installation: Installation, found: Group) -> set[str]:
    with installation.database.read() as tx:
        return {id for id, _ in subjects(tx, ENVIRONMENT, found.fingerprint)}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("PO-4711", "AA-9999"),
        ("0000123456", "9+"),
        ("müller@example.com", "A+@A+.AAA"),
        ("a\tb", "A A"),
        (12.5, "99.9"),
        ("", ""),
        ("x" * 1000, "A+"),
    ],
)
def test_a_shape_holds_no_letter_or_digit_of_the_value(value: object, form: str) -> None:
    assert shape(value) == form


def test_messages_that_fail_alike_are_one_group(bound: Installation) -> None:
    ids = {send(bound, number, f"L{number}", mode="reject") for number in range(3)}
    held = send(bound, 7, mode="hold")
    drain_all(bound)
    found = {one.kind.step: one for one in open_groups(bound)}
    assert set(found) == {"rules/dispatch.refuse", "rules/dispatch.review"}
    refused = found["rules/dispatch.refuse"]
    assert (refused.count, refused.kind.state, refused.kind.flow) == (3, "rejected", "orders")
    assert members(bound, refused) == ids and members(bound, found["rules/dispatch.review"]) == {held}


def test_another_release_is_another_group(bound: Installation) -> None:
    send(bound, 1, mode="reject")
    drain_all(bound)
    files = journey_files()
    files["rules/dispatch.mw"] = files["rules/dispatch.mw"].replace(b'"not wanted"', b'"unwanted"')
    new = deploy(bound, files)
    send(bound, 2, mode="reject")
    drain_all(bound)
    assert [one.count for one in open_groups(bound)] == [1, 1]
    assert open_groups(bound)[0].kind.release_id == new


def test_a_body_that_cannot_be_read_is_grouped_by_what_the_codec_says(bound: Installation) -> None:
    for _ in range(2):
        accept(bound, ENVIRONMENT, "shop.kept", b'{"id": ')
    (found,) = open_groups(bound)
    assert (found.count, found.kind.step, found.kind.state, found.kind.endpoint) == (
        2,
        "read",
        "dead",
        "shop.kept",
    )


def test_a_key_that_comes_with_another_content_is_a_group_of_the_intake(bound: Installation) -> None:
    send(bound, 1, "L1")
    send(bound, 1, "L2")
    (found,) = open_groups(bound)
    assert (found.kind.step, found.kind.code, found.kind.state) == ("intake", "key_conflict", "quarantined")


def test_a_message_that_runs_again_leaves_its_group_and_comes_back_if_it_fails_again(
    bound: Installation,
) -> None:
    id = send(bound, 1, mode="reject")
    drain_all(bound)
    (before,) = open_groups(bound)
    retry_message(bound, id, by="olga")
    assert open_groups(bound) == []
    drain_all(bound)
    (after,) = open_groups(bound)
    assert after.fingerprint == before.fingerprint
    discard_message(bound, id, by="olga", reason="not wanted")
    assert open_groups(bound) == []


def test_deliveries_are_grouped_by_target_and_status(bound: Installation, target: Target) -> None:
    target.script = lambda number: Answer(422 if number < 3 else 404)
    ids = [send(bound, number, f"L{number}") for number in range(3)]
    drain_all(bound)
    deliver_all(bound)
    found = {one.kind.field: one for one in open_groups(bound)}
    assert {field: one.count for field, one in found.items()} == {"status 422": 2, "status 404": 1}
    assert {one.kind.subject for one in found.values()} == {"delivery"}
    target.script = lambda number: Answer(200)
    for id in ids:
        with bound.database.read() as tx:
            (delivery,) = of_message(tx, id)
        retry_delivery(bound, delivery.id, by="olga", reason="repaired")
    assert open_groups(bound) == []


def test_a_group_that_nobody_is_in_is_not_there(bound: Installation) -> None:
    with bound.database.read() as tx, pytest.raises(LookupError):
        group(tx, "00nothing")


def test_a_title_says_what_failed_in_the_words_of_operators(bound: Installation, target: Target) -> None:
    accept(bound, ENVIRONMENT, "shop.kept", b'{"id": ')
    send(bound, 1, "L1")
    send(bound, 1, "L2")
    target.script = lambda number: Answer(422)
    send(bound, 2, "L3")
    drain_all(bound)
    deliver_all(bound)
    said = {title(one.kind) for one in open_groups(bound)}
    assert said == {
        "Message was set aside from shop.order: its key came before with another content",
        "Message can't be read from shop.kept: it does not have the form that was agreed (path $.id)",
        "erp.order: refused the data (status 422)",
    }


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            {
                "subject": "message",
                "state": "dead",
                "step": "read",
                "code": "control_number",
                "field": "segment ISA",
            },
            "Message can't be read from edi.asn: control number (segment ISA)",
        ),
        (
            {
                "subject": "delivery",
                "state": "uncertain",
                "step": "send/edi.asn",
                "code": "transport",
                "field": "",
            },
            "edi.asn: nobody knows whether it arrived",
        ),
        (
            {
                "subject": "message",
                "state": "dead",
                "step": "engine/KeyError",
                "code": "engine_failed",
                "field": "",
            },
            "asn could not be run: an error that nobody foresaw",
        ),
        (
            {"subject": "message", "state": "rejected", "step": "map/order", "code": "", "field": "lot.id"},
            "map order lot.id",
        ),
        (
            {"subject": "message", "state": "held", "step": "rules/stock.no_lot", "code": "", "field": ""},
            "Held by rule no_lot of stock",
        ),
    ],
)
def test_a_title_for_each_step(kind: dict[str, str], said: str) -> None:
    where = {"environment": "prod", "ruleset": "r", "flow": "asn", "endpoint": "edi.asn", "release_id": "1"}
    assert title(Kind(**where, **kind)) == said
