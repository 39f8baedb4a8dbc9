"""The screen of operations: what came in, what waits and since when, what is stuck, how fast it leaves."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.commands.opening import environment_of, opened
from app.runtime.states import lane_state
from app.storage.figures import figures
from app.terminal import console, counted, print_json

_STATES = ("received", "waiting", "done", "ignored", "rejected", "held", "dead", "quarantined", "discarded")
_WRONG = ("rejected", "held", "dead", "quarantined")


def show_figures(environment: str | None, as_json: bool, every: float | None) -> None:
    """Print the figures once, or every so many seconds until Ctrl-C."""
    with opened() as installation:
        where = environment_of(installation, environment)

        def now() -> dict[str, Any]:
            with installation.database.read() as tx:
                return figures(tx, where)

        if as_json:
            print_json(now())
        elif every is None:
            console().print(screen(now()))
        else:
            shown = console()
            with Live(screen(now()), console=shown, screen=shown.is_terminal, auto_refresh=False) as live:
                while True:
                    time.sleep(every)
                    live.update(screen(now()), refresh=True)


def screen(found: Mapping[str, Any]) -> RenderableType:
    """Everything on one screen, what needs somebody in red."""
    at: datetime = found["at"]
    return Group(
        *(
            part
            for part in (
                _head(found),
                _messages(found),
                _waiting(found, at),
                _lanes(found, at),
                _breakers(found, at),
                _alerts(found),
            )
            if part is not None
        )
    )


def _head(found: Mapping[str, Any]) -> Text:
    rate = found["delivered_last_minute"]
    workers = [worker for worker in found["workers"] if worker["kind"] == "worker"]
    text = Text(
        f"{found['environment']}   {found['at']:%Y-%m-%d %H:%M:%S} UTC   {rate} delivered in the last minute   "
    )
    text.append(counted(len(workers), "worker"), style="" if workers else "bold red")
    if not any(worker["kind"] == "clock" for worker in found["workers"]):
        text.append("   no clock", style="bold red")
    for group, lanes in found["unserved"].items():
        text.append(f"\nno worker serves the group {group}; lanes that wait: {lanes}", style="bold red")
    for flow, count in found["late"].items():
        text.append(f"\n{flow}: {counted(count, 'message')} late", style="bold red")
    for flow in found["paused_flows"]:
        text.append(f"\n{flow} is paused", style="bold yellow")
    return text


def _messages(found: Mapping[str, Any]) -> Table:
    table = Table(title="messages of 24 hours", title_justify="left", show_edge=False, pad_edge=False)
    states = [state for state in _STATES if found["messages"].get(state) or found["problems"].get(state)]
    for state in states or ["none"]:
        table.add_column(state, justify="right")
    cells = [Text(str(found["messages"].get(s, 0)), style="bold red" if s in _WRONG else "") for s in states]
    table.add_row(*(cells or [Text("0")]))
    return table


def _waiting(found: Mapping[str, Any], at: datetime) -> Table:
    table = Table(
        "waits for",
        "how many",
        "the oldest since",
        "about",
        title="waiting",
        title_justify="left",
        show_edge=False,
        pad_edge=False,
    )
    for one in found["waiting_flows"]:
        table.add_row(f"flow {one['flow'] or '(none)'}", str(one["count"]), age(one["since"], at), "")
    for one in found["waiting_endpoints"]:
        table.add_row(one["endpoint"], str(one["count"]), age(one["since"], at), about(one["about"]))
    if not table.rows:
        table.add_row("nothing", "0", "", "")
    return table


def about(keys: Mapping[str, Mapping[str, Any]]) -> str:
    """`lot 312: L1, L2, ...; plant 2: 1100, 1200`."""
    said = []
    for name, of in keys.items():
        more = ", ..." if of["count"] > len(of["first"]) else ""
        said.append(f"{name} {of['count']}: {', '.join(of['first'])}{more}")
    return "; ".join(said)


def _lanes(found: Mapping[str, Any], at: datetime) -> Table | None:
    if not found["stuck_lanes"]:
        return None
    table = lane_table(found["stuck_lanes"], at)
    table.title = "blocked and parked lanes" + (
        " (the first of them: mapwright lanes)" if found["more_stuck_lanes"] else ""
    )
    return table


def lane_table(lanes: Sequence[Mapping[str, Any]], at: datetime) -> Table:
    """Lanes for people."""
    heads = ("lane", "is", "of", "key", "waiting", "since", "about", "why")
    table = Table(*heads, title_justify="left", show_edge=False, pad_edge=False)
    for lane in lanes:
        keys = ", ".join(f"{name} {value}" for name, value in lane["keys"].items())
        place = lane["endpoint"] or lane["flow"]
        why = lane["parked"] or (
            f"waits for {lane['blocked_by']}" if lane["blocked_by"] else lane["holder"] or ""
        )
        key = lane["order_key"] if lane["ordered"] else ""
        cells = (
            lane["id"],
            lane_state(lane, at),
            place,
            key,
            str(lane["waiting"]),
            age(lane["since"], at),
            keys,
            why,
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


def _breakers(found: Mapping[str, Any], at: datetime) -> Table | None:
    if not found.get("breakers"):
        return None
    table = Table(
        "endpoint", "breaker", "since", "why", title="connections", title_justify="left", show_edge=False
    )
    for one in found["breakers"]:
        table.add_row(
            one["endpoint"], Text(one["state"], style="bold red"), age(one["since"], at), one["reason"]
        )
    return table


def _alerts(found: Mapping[str, Any]) -> Table | None:
    if not found["alerts"]:
        return None
    table = Table(
        "alert", "to", "text", title="alerts", title_justify="left", show_edge=False, pad_edge=False
    )
    for alert in found["alerts"]:
        table.add_row(f"{alert['at']:%m-%d %H:%M:%S}", alert["channel"], Text(alert["text"], overflow="fold"))
    return table


def age(since: datetime | None, at: datetime) -> str:
    """`3 min`, `2 h 10 min`."""
    if since is None:
        return ""
    seconds = max(0, int((at - since) / timedelta(seconds=1)))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
