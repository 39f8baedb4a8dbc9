"""Operations from the command line: figures, messages, lanes, pauses, groups, the audit log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.storage.audit import audit_table, latest_rows
from app.storage.flows import FlowPolicy, flow_policies, put_flow_policy
from app.storage.lanes import lanes_table
from app.storage.messages import messages_table
from tests.journey import ENVIRONMENT, bind, deliver_all, drain_all, order

Cli = Callable[..., Any]


def send(installation: Installation, number: int, lot: str = "L1") -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, lot))[0].message_id


def fail(installation: Installation, *ids: str, state: str = "dead") -> None:
    """As if a release that is gone had failed on them."""
    with installation.database.begin() as tx:
        tx.execute(update(messages_table).where(messages_table.c.id.in_(ids)).values(state=state))


def last_deed(installation: Installation) -> tuple[str, str, str]:
    with installation.database.read() as tx:
        row = latest_rows(tx, limit=1)[0]
    return row.what, row.who, row.reason


def test_the_figures_say_what_waits_for_whom_since_when_and_what_it_is_about(
    installation: Installation, cli: Cli
) -> None:
    for number in range(6):
        send(installation, number, f"L{number % 3}")
    drain_all(installation)
    deliver_all(installation)
    send(installation, 7)
    found = cli("messages", "--json")
    assert found["messages"]["done"] >= 6 and found["waiting_flows"][0]["flow"] == "orders"
    waiting = {one["endpoint"]: one for one in found["waiting_endpoints"]}["erp.order"]
    assert waiting["count"] == 6 and waiting["since"] >= found["oldest_waiting"]
    assert waiting["about"]["lot"] == {"count": 3, "first": ["L0", "L1", "L2"]}
    lane = found["stuck_lanes"][0]
    assert lane["parked"] == "test has no binding for erp.order" and lane["keys"]["lot"] == lane["order_key"]
    said = cli("messages")
    assert "erp.order" in said and "no binding" in said and "lot 3: L0, L1, L2" in said


def test_search_pages_by_cursor_and_all_goes_through_every_page(installation: Installation, cli: Cli) -> None:
    ids = [send(installation, number) for number in range(5)]
    first = cli("messages", "search", "--limit", "3", "--json")
    assert len(first["items"]) == 3
    second = cli("messages", "search", "--limit", "3", "--cursor", first["next_cursor"], "--json")
    assert {item["id"] for item in first["items"] + second["items"]} == set(ids)
    assert len(cli("messages", "search", "--all", "--limit", "2", "--json")["items"]) == 5
    assert cli("messages", "search", "--until", "1h", "--json")["items"] == []
    assert len(cli("messages", "search", "-q", "order-3", "--json")["items"]) == 1
    assert "no moment" in cli("messages", "search", "--since", "yesterday", code=2)
    assert "cursor" in cli("messages", "search", "--cursor", "nonsense", code=2)


def test_several_messages_are_shown_retried_and_discarded_at_once(
    installation: Installation, cli: Cli
) -> None:
    ids = [send(installation, number) for number in range(4)]
    fail(installation, *ids[:3])
    assert [view["message"]["id"] for view in cli("messages", "show", *ids[:2], "--json")["items"]] == ids[:2]
    assert cli("messages", "show", ids[0], "--json")["raw"] == order(0).decode()
    assert "dead" in cli("messages", "show", ids[0])
    assert cli("messages", "retry", ids[0], "--reason", "fixed", "--json")["done"] == [ids[0]]
    found = cli("messages", "discard", ids[1], ids[1], "--reason", "a test", "--json", code=1)
    assert found["done"] == [ids[1]] and found["refused"][0]["code"] == "transition_refused"
    assert last_deed(installation)[0] == "message.discard"
    assert cli("messages", "show", "00", code=1).startswith("mapwright: there is no message")


def test_steps_by_filter_need_all_to_be_said(installation: Installation, cli: Cli) -> None:
    ids = [send(installation, number) for number in range(3)]
    fail(installation, *ids)
    assert "--all" in cli("messages", "retry", "--flow", "orders", "--reason", "fixed", code=2)
    found = cli("messages", "retry", "--flow", "orders", "--all", "--reason", "fixed", "--json")
    assert sorted(found["done"]) == sorted(ids)
    assert cli("messages", "retry", "--flow", "orders", "--all", "--reason", "again", "--json")["done"] == []


def test_lanes_are_found_by_what_is_said_of_them(installation: Installation, cli: Cli) -> None:
    send(installation, 1)
    assert [lane["state"] for lane in cli("lanes", "--json")["items"]] == ["free"]
    drain_all(installation)
    deliver_all(installation)
    parked = cli("lanes", "--parked", "--json")["items"]
    assert {lane["endpoint"] for lane in parked} == {"erp.order", "erp.once"} or len(parked) == 1
    assert cli("lanes", "--blocked", "--json")["items"] == []
    assert cli("lanes", "--parked", "--flow", "elsewhere", "--json")["items"] == []
    one = cli("lanes", "show", parked[0]["id"], "--json")
    assert (one["state"], one["waiting"], one["keys"]["lot"]) == ("parked", 1, "L1")
    assert "no binding" in cli("lanes")
    assert "no lane" in cli("lanes", "show", "00ff", code=1)


def test_an_open_breaker_is_on_the_screen_and_parks_its_lanes(installation: Installation, cli: Cli) -> None:
    from app.runtime.states import move_breaker
    from app.storage.breakers import ensure_breaker
    from app.storage.database import now

    bind(installation, "erp.order", "http://127.0.0.1:1/")
    send(installation, 1)
    drain_all(installation)
    with installation.database.begin() as tx:
        breaker = ensure_breaker(tx, ENVIRONMENT, "erp.order", now(tx))
        move_breaker(tx, breaker, "open", now(tx), reason="5 failures in a row", opened_at=now(tx))
    found = cli("messages", "--json")
    assert [(one["endpoint"], one["state"]) for one in found["breakers"]] == [("erp.order", "open")]
    (lane,) = cli("lanes", "--parked", "--endpoint", "erp.order", "--json")["items"]
    assert lane["state"] == "parked" and "5 failures in a row" in lane["parked"]
    assert cli("lanes", "--free", "--endpoint", "erp.order", "--json")["items"] == []
    assert "5 failures in a row" in cli("messages")


def test_a_lane_is_paused_and_let_go(installation: Installation, cli: Cli) -> None:
    id = send(installation, 1)
    (lane,) = cli("lanes", "--json")["items"]
    cli("lanes", "pause", lane["id"], "--reason", "the lot is recounted", "--by", "olga")
    assert last_deed(installation) == ("lane.paused", "olga", "the lot is recounted")
    drain_all(installation)
    (found,) = cli("lanes", "--blocked", "--json")["items"]
    assert "the lot is recounted" in found["parked"] and found["message_id"] == id
    assert "already waits" in cli("lanes", "pause", lane["id"], "--reason", "twice", code=3)
    cli("lanes", "resume", lane["id"], "--reason", "counted")
    drain_all(installation)
    assert cli("messages", "show", id, "--json")["message"]["state"] == "done"


def test_a_lane_that_is_paused_while_somebody_has_it_is_not_written_by_them(
    installation: Installation, cli: Cli
) -> None:
    from app.runtime.committing import Worked, commit
    from app.storage.claims import claim

    send(installation, 1)
    with installation.database.begin() as tx:
        (claimed,) = claim(tx, "inbox", range(256), "slow", 30)
    cli("lanes", "pause", claimed.id, "--reason", "stop")
    commit(installation, [Worked(claimed)])
    assert [lane["state"] for lane in cli("lanes", "--json")["items"]] == ["blocked"]


def test_a_released_lane_goes_on_past_the_message_it_waits_for(installation: Installation, cli: Cli) -> None:
    first, second = send(installation, 1), send(installation, 2)
    with installation.database.begin() as tx:
        put_flow_policy(tx, ENVIRONMENT, "journey", "orders", FlowPolicy("block_lane"))
        tx.execute(update(messages_table).where(messages_table.c.id == first).values(state="dead"))
        tx.execute(update(lanes_table).values(blocked_by=first))
    (lane,) = cli("lanes", "--blocked", "--json")["items"]
    assert lane["message_id"] == first
    cli("lanes", "release", lane["id"], "--reason", "the second does not need the first")
    drain_all(installation)
    assert cli("messages", "show", second, "--json")["message"]["state"] == "done"
    assert cli("messages", "show", first, "--json")["message"]["state"] == "dead"


def test_a_flow_and_an_endpoint_are_paused_by_their_names_with_a_reason(
    installation: Installation, cli: Cli
) -> None:
    bind(installation, "erp.order", "http://127.0.0.1:1/")
    assert "--reason" in cli("pause", "orders", code=2)
    cli("pause", "orders", "--reason", "stock-taking", "--by", "olga")
    assert last_deed(installation) == ("flow.paused", "olga", "stock-taking")
    id = send(installation, 1)
    drain_all(installation)
    assert cli("messages", "show", id, "--json")["message"]["state"] == "received"
    assert cli("messages", "--json")["paused_flows"] == ["journey/orders"]
    assert cli("resume", "journey/orders", "--reason", "done", "--json")["paused"] is False
    assert cli("pause", "erp.order", "--reason", "the ERP is upgraded", "--json")["kind"] == "endpoint"
    assert last_deed(installation)[0] == "binding.paused"
    assert "no live flow and no bound endpoint" in cli("pause", "nobody", "--reason", "x", code=1)
    with installation.database.read() as tx:
        assert not flow_policies(tx)[ENVIRONMENT, "journey", "orders"].paused


def test_a_group_is_assigned_and_shown(installation: Installation, cli: Cli) -> None:
    cli("groups", "assign", "orders", "--to", "quality", "--reason", "its own hosts")
    send(installation, 1)
    found = cli("groups", "--json")
    assert [(one["flow"], one["group"]) for one in found["items"]] == [("orders", "quality")]
    assert found["unserved"] == {"quality": 1} and found["living"] == []
    assert "nobody serves quality" in cli("groups")
    assert "no name of a group" in cli("groups", "assign", "--to", "Q", "--reason", "x", code=3)


def test_the_audit_log_is_verified_and_exported_signed_and_the_file_is_verified_alone(
    installation: Installation, cli: Cli, tmp_path: Path
) -> None:
    for step in ("pause", "resume"):
        cli(step, "orders", "--reason", step)
    found = cli("audit", "verify", "--json")
    anchor = f"{found['head']['seq']}:{found['head']['hash']}"
    file = tmp_path / "audit.jsonl"
    assert cli("audit", "export", str(file), "--json")["rows"] == 3
    checked = cli("audit", "verify", str(file), "--json")
    assert (checked["ok"], checked["rows"], checked["last"]) == (True, 3, 3)
    cli("audit", "verify", str(file), "--key", checked["key"])
    assert "another key" in cli("audit", "verify", str(file), "--key", "elsewhere", code=1)
    cli("audit", "verify", "--anchor", anchor)
    assert cli("audit", "export", str(file), "--after", "2", "--json")["rows"] == 2
    cli("audit", "verify", str(file))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"pause", b"paint", 1), *lines[2:]], "row 1 was changed"),
        (lambda lines: [lines[0], *lines[2:]], "row 1 is missing"),
        (lambda lines: lines[:-1], "signed end"),
        (lambda lines: [*lines[:-2], lines[-1]], "not those that were signed"),
        (
            lambda lines: [lines[0].replace(b'"after": 0', b'"after":  0'), *lines[1:]],
            "not those that were signed",
        ),
        (lambda lines: [b"{}", b"{}"], "no export"),
        (lambda lines: lines[:1], "end of the file is missing"),
    ],
)
def test_a_changed_export_is_found(
    installation: Installation,
    cli: Cli,
    tmp_path: Path,
    change: Callable[[list[bytes]], list[bytes]],
    problem: str,
) -> None:
    cli("pause", "orders", "--reason", "x")
    file = tmp_path / "audit.jsonl"
    cli("audit", "export", str(file))
    file.write_bytes(b"\n".join(change(file.read_bytes().splitlines())))
    assert problem in cli("audit", "verify", str(file), code=1)


def test_a_broken_log_is_told_and_not_exported(installation: Installation, cli: Cli, tmp_path: Path) -> None:
    cli("pause", "orders", "--reason", "x")
    with installation.database.begin() as tx:
        assert tx.execute(select(audit_table.c.seq)).scalars().all() == [1]
        tx.execute(update(audit_table).values(reason="y"))
    assert "row 1" in cli("audit", "verify", code=1)
    assert "the log is broken" in cli("audit", "export", str(tmp_path / "a"), code=1)
