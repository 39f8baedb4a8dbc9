"""`breakers` and `staged`: connections that are stopped, and deliveries that are held back."""

from datetime import datetime
from typing import Any

import click

from app.commands.folder import AS_JSON
from app.commands.messages import ENVIRONMENT
from app.commands.opening import opened
from app.commands.release import BY
from app.terminal import PROBLEMS, USAGE, Stop, print_json, print_table, say

WHY = click.option("--reason", required=True, help="Why.")
_HEADS = ("endpoint", "breaker", "since", "next probe", "waiting", "oldest", "why")


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
        where = environment or installation.settings.environment
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
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


@breakers.command("open")
@click.argument("endpoint")
@ENVIRONMENT
@WHY
@BY
def open_(endpoint: str, environment: str | None, reason: str, by: str) -> int:
    """Stop a connection until somebody closes its breaker."""
    from app.runtime.switching import open_breaker

    with opened() as installation:
        where = environment or installation.settings.environment
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
        where = environment or installation.settings.environment
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
        where = environment or installation.settings.environment
        page = deliveries(tx, where, state="staged", endpoint=endpoint, limit=limit)
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
        where = environment or installation.settings.environment
        for id in ids:
            release_delivery(installation, id, by=by, reason=reason)
        chosen = {"endpoint": endpoint, "flow": flow, "by": by, "reason": reason}
        count = len(ids) or release_staged(installation, where, **chosen)  # type: ignore[arg-type]
    if as_json:
        print_json({"environment": where, "released": count})
    else:
        say(f"{count} released in {where}")
    return 0
