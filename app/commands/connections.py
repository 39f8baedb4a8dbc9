"""`connections`, `breakers` and `staged`: how systems are reached, what is stopped, what is held back."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from app.commands.naming import say_if_unknown
from app.commands.opening import environment_of, known_environment, opened
from app.commands.options import AS_JSON, BY, ENVIRONMENT, LATER, WHY
from app.terminal import PROBLEMS, USAGE, Stop, print_json, print_table, say

_HEADS = ("endpoint", "breaker", "since", "next probe", "waiting", "oldest", "why")
_TRIED = ("endpoint", "through", "is", "found", "what to do")


@click.group("connections", invoke_without_command=True)
@ENVIRONMENT
@AS_JSON
@click.pass_context
def connections_(context: click.Context, environment: str | None, as_json: bool) -> None:
    """How the systems around an environment are reached: each connection, its state, what waits at it."""
    if context.invoked_subcommand is not None:
        return
    from app.storage.outages import connections

    with opened() as installation, installation.database.read() as tx:
        where = known_environment(installation, tx, environment)
        found = connections(tx, where)
    if as_json:
        print_json({"environment": where, "items": found})
        return
    heads = ("endpoint", "through", "is", "waiting", "held back", "oldest", "why")
    print_table("", heads, (_connection(one) for one in found))


def _connection(one: dict[str, Any]) -> list[str]:
    staged = f", held back until {_time(one['hold_until'])}" if one["hold_until"] else ", held back"
    state = "paused" if one["paused"] else "works" if one["breaker"] == "closed" else "stopped"
    waiting = one["waiting"]
    counts = [str(waiting["deliveries"]), str(one["held_back"]), _time(waiting["since"])]
    return [
        one["endpoint"],
        one["transport"],
        state + (staged if one["staged"] else ""),
        *counts,
        one["why"][:120],
    ]


@connections_.command("test")
@click.argument("endpoints", nargs=-1, metavar="[ENDPOINT]...")
@ENVIRONMENT
@AS_JSON
def test(endpoints: tuple[str, ...], environment: str | None, as_json: bool) -> int:
    """Try connections without side effects: those named, or all. Exit 1 where one does not work."""
    from app.runtime.connection_tests import try_connection
    from app.storage.environments import bindings

    with opened() as installation:
        with installation.database.read() as tx:
            where = known_environment(installation, tx, environment)
            names = endpoints or [one.endpoint for one in bindings(tx, where)]
        if not names:
            raise Stop(PROBLEMS, f"no endpoint is bound in {where}: `mapwright doctor` says what is missing")
        found = [try_connection(installation, where, name) for name in names]
    if as_json:
        print_json({"environment": where, "items": [asdict(one) for one in found]})
    else:
        print_table("", _TRIED, ((o.endpoint, o.transport, o.result, o.detail, o.do) for o in found))
    return PROBLEMS if any(one.result != "works" for one in found) else 0


@connections_.command("stage")
@click.argument("endpoint")
@click.option("--until", type=LATER, help="They leave by themselves then; else when a person lets them go.")
@ENVIRONMENT
@WHY
@BY
@AS_JSON
def stage(
    endpoint: str, until: datetime | None, environment: str | None, reason: str, by: str, as_json: bool
) -> None:
    """Hold back what is made for ENDPOINT from now on; `mapwright staged release` lets it go."""
    where = _stage(endpoint, environment, True, reason, by, until)
    if as_json:
        print_json({"environment": where, "endpoint": endpoint, "staged": True, "hold_until": until})
    else:
        then = f"until {_time(until)}" if until else "until somebody lets it go: mapwright staged release"
        say(f"what is made for {endpoint} in {where} from now on is held back {then}")


@connections_.command("unstage")
@click.argument("endpoint")
@ENVIRONMENT
@WHY
@BY
@AS_JSON
def unstage(endpoint: str, environment: str | None, reason: str, by: str, as_json: bool) -> None:
    """Hold back nothing more for ENDPOINT; what is held back stays so until it is released."""
    where = _stage(endpoint, environment, False, reason, by, None)
    if as_json:
        print_json({"environment": where, "endpoint": endpoint, "staged": False, "hold_until": None})
    else:
        say(
            f"what is made for {endpoint} in {where} leaves again; what is held back stays: mapwright staged release"
        )


def _stage(
    endpoint: str, environment: str | None, on: bool, reason: str, by: str, until: datetime | None
) -> str:
    from app.runtime.staging import stage as set_staged

    with opened() as installation:
        where = environment_of(installation, environment)
        set_staged(installation, where, endpoint, on, by=by, reason=reason, hold_until=until)
    return where


@click.group(invoke_without_command=True)
@ENVIRONMENT
@AS_JSON
@click.pass_context
def breakers(context: click.Context, environment: str | None, as_json: bool) -> int:
    """Connections: stopped or not, what waits. Exit 1 where one is stopped."""
    if context.invoked_subcommand is not None:
        return 0
    from app.storage.outages import connections

    with opened() as installation, installation.database.read() as tx:
        where = known_environment(installation, tx, environment)
        found = connections(tx, where)
    if as_json:
        print_json({"environment": where, "items": found})
    else:
        print_table("", _HEADS, (_row(one) for one in found))
    return PROBLEMS if any(one["breaker"] != "closed" for one in found) else 0


@breakers.result_callback()
def _exit_code(result: int, **_: Any) -> int:
    return result


def _row(one: dict[str, Any]) -> list[str]:
    waiting = one["waiting"]
    state = "paused" if one["paused"] else one["breaker"].replace("_", " ")
    count = f"{waiting['deliveries']} in {waiting['lanes']}" if waiting["deliveries"] else "0"
    times = [_time(one["opened_at"] or one["since"]), _time(one["probe_at"])]
    return [one["endpoint"], state, *times, count, _time(waiting["since"]), one["why"][:120]]


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if at else ""


@breakers.command("open")
@click.argument("endpoint")
@ENVIRONMENT
@WHY
@BY
def open_(endpoint: str, environment: str | None, reason: str, by: str) -> int:
    """Stop a connection until somebody closes its breaker."""
    from app.runtime.switching import open_breaker

    with opened() as installation:
        where = environment_of(installation, environment)
        open_breaker(installation, where, endpoint, by=by, reason=reason)
    say(f"nothing leaves through {endpoint} in {where} until its breaker is closed")
    return 0


@breakers.command("close")
@click.argument("endpoint")
@ENVIRONMENT
@WHY
@BY
def close(endpoint: str, environment: str | None, reason: str, by: str) -> int:
    """Let a stopped connection go on without waiting for its next probe."""
    from app.runtime.switching import close_breaker

    with opened() as installation:
        where = environment_of(installation, environment)
        close_breaker(installation, where, endpoint, by=by, reason=reason)
    say(f"{endpoint} in {where} goes on; what waits leaves in order")
    return 0


@click.group()
def staged() -> None:
    """Deliveries that their binding holds back until somebody lets them go."""


@staged.command("list")
@ENVIRONMENT
@click.option("--endpoint", help="Endpoint.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many.")
@AS_JSON
def list_(environment: str | None, endpoint: str | None, limit: int, as_json: bool) -> int:
    """Latest first."""
    from app.storage.queries import deliveries

    with opened() as installation, installation.database.read() as tx:
        where = known_environment(installation, tx, environment)
        page = deliveries(tx, where, state="staged", endpoint=endpoint, limit=limit)
        if not page.items:
            say_if_unknown(installation, where, None, endpoint)
    if as_json:
        print_json({"items": page.items, "next_cursor": page.next_cursor})
    else:
        heads = ("id", "endpoint", "message_id", "flow", "created_at")
        print_table("", heads, ([str(item[head]) for head in heads] for item in page.items))
    return 0


@staged.command("release")
@click.argument("ids", nargs=-1)
@ENVIRONMENT
@click.option("--endpoint", help="All of this endpoint.")
@click.option("--flow", help="All of this flow.")
@click.option("--all", "everything", is_flag=True, help="All of the environment.")
@WHY
@BY
@AS_JSON
def release(
    ids: tuple[str, ...],
    environment: str | None,
    endpoint: str | None,
    flow: str | None,
    everything: bool,
    reason: str,
    by: str,
    as_json: bool,
) -> int:
    """Let deliveries leave: those of IDS, or by endpoint or flow, or all."""
    from app.runtime.staging import release_delivery, release_staged

    if not ids and not everything and not endpoint and not flow:
        raise Stop(USAGE, "say which: ids of deliveries, --endpoint, --flow or --all")
    with opened() as installation:
        where = environment_of(installation, environment)
        for id in ids:
            release_delivery(installation, id, by=by, reason=reason)
        count = len(ids) or release_staged(
            installation, where, by=by, reason=reason, endpoint=endpoint, flow=flow
        )
    if as_json:
        print_json({"environment": where, "released": count})
    else:
        say(f"{count} released in {where}")
    return 0
