"""`messages search|show|retry|discard`: look for messages, see all of one, do something about one or many."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from app.commands.naming import say_if_unknown
from app.commands.opening import environment_of, opened
from app.commands.options import AS_JSON, BY, CURSOR, ENVIRONMENT, LIMIT, WHY, chosen
from app.terminal import PROBLEMS, USAGE, Stop, complain, counted, print_json, print_table, progress, say

if TYPE_CHECKING:
    from app.runtime.installation import Installation

_PAGE = 500
EVERYTHING = click.option("--all", "everything", is_flag=True, help="Every page of what the options choose.")


@click.command()
@chosen
@LIMIT
@CURSOR
@EVERYTHING
@ENVIRONMENT
@AS_JSON
def search(
    environment: str | None, as_json: bool, limit: int, cursor: str | None, everything: bool, **asked: Any
) -> None:
    """Latest first."""
    with opened() as installation:
        where = environment_of(installation, environment)
        if everything:
            items, following = list(progress(found(installation, where, asked), "messages")), None
        else:
            items, following = _page(installation, where, asked, cursor, limit)
        if not items:
            say_if_unknown(installation, where, asked["flow"])
    if as_json:
        print_json({"items": items, "next_cursor": following})
        return
    print_table(
        "", ("id", "state", "keys", "flow", "endpoint", "received", ""), (_row(item) for item in items)
    )
    if following:
        say(f"more: --cursor {following}")


def found(installation: "Installation", where: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every message that the options choose, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        items, cursor = _page(installation, where, asked, cursor or None, _PAGE)
        yield from items


def _page(
    installation: "Installation", where: str, asked: Mapping[str, Any], cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    from app.storage.queries import search_messages

    with installation.database.read() as tx:
        try:
            page = search_messages(tx, where, **asked, cursor=cursor, limit=limit)
        except ValueError as error:
            raise Stop(USAGE, str(error)) from None
    return page.items, page.next_cursor


def _row(item: Mapping[str, Any]) -> list[str]:
    keys = ", ".join(f"{name} {value}" for name, value in item["keys"].items())
    late = "late" if item.get("late") else ""
    return [
        item["id"],
        item["state"],
        keys,
        item["flow"],
        item["endpoint"],
        moment(item["received_at"]),
        late,
    ]


def moment(at: datetime | None) -> str:
    """A time for people."""
    return at.isoformat(timespec="seconds") if at else ""


@click.command()
@click.argument("message_ids", metavar="MESSAGE_ID...", nargs=-1, required=True)
@AS_JSON
def show(message_ids: tuple[str, ...], as_json: bool) -> None:
    """Everything known of one message, or of several."""
    from app.storage.queries import message_view
    from app.storage.unknown import no_id

    views = []
    with opened() as installation, installation.database.read() as tx:
        for message_id in message_ids:
            try:
                views.append(message_view(tx, message_id))
            except LookupError:
                raise Stop(PROBLEMS, no_id("message", message_id).message) from None
    if as_json:
        print_json(_readable(views[0]) if len(views) == 1 else {"items": [_readable(view) for view in views]})
        return
    for view in views:
        _print_view(view)


def _readable(view: dict[str, Any]) -> dict[str, Any]:
    """Bytes as text."""
    deliveries = [{**d, "payload": bytes(d["payload"]).decode(errors="replace")} for d in view["deliveries"]]
    return {**view, "raw": bytes(view["raw"]).decode(errors="replace"), "deliveries": deliveries}


def _print_view(view: dict[str, Any]) -> None:
    m = view["message"]
    say(
        f"{m['id']}  {m['state']}{'  LATE' if m.get('late') else ''}  {m['flow'] or 'no flow'} in {m['environment']}"
    )
    say("  " + ", ".join(f"{name} {value}" for name, value in m["keys"].items()))
    if m["reason"]:
        say(f"  {m['reason']}" + (f" [{m['code']}]" if m["code"] else ""))
    steps = [
        (moment(h["at"]), f"{h['from_state']} -> {h['to_state']}", h["by"], h["reason"])
        for h in view["history"]
    ]
    print_table(
        "",
        ("when", "step", "by", "reason"),
        [(moment(m["received_at"]), "received", "", m["endpoint"]), *steps],
    )
    for d in view["deliveries"]:
        why = ", ".join(word for word in (d["reason"], d["waiting"]) if word)
        say(
            f"  {d['endpoint']}: {d['state']} after {counted(len(d['attempts']), 'attempt')}{': ' + why if why else ''}"
        )
    for child in view["children"]:
        say(f"  child {child['id']}  {child['state']}  {child['flow']}")


@click.command()
@click.argument("message_ids", metavar="[MESSAGE_ID...]", nargs=-1)
@chosen
@EVERYTHING
@click.option(
    "--release", default="original", show_default=True, help="original, current or the id of a release."
)
@WHY
@ENVIRONMENT
@BY
@AS_JSON
def retry(message_ids: tuple[str, ...], release: str, **asked: Any) -> int:
    """Run failed messages again: those named, or with --all every one that the options choose.

    Exit 1 where one can't be.
    """
    from app.runtime.recovery import retry_message

    return _each(
        message_ids,
        asked,
        "tried again",
        retry_message,
        ("dead", "held", "rejected", "quarantined"),
        release=release,
    )


@click.command()
@click.argument("message_ids", metavar="[MESSAGE_ID...]", nargs=-1)
@chosen
@EVERYTHING
@WHY
@ENVIRONMENT
@BY
@AS_JSON
def discard(message_ids: tuple[str, ...], **asked: Any) -> int:
    """Give messages up for good: those named, or with --all every one that the options choose.

    Exit 1 where one can't be.
    """
    from app.runtime.recovery import discard_message

    return _each(
        message_ids, asked, "discarded", discard_message, ("dead", "held", "rejected", "quarantined")
    )


def _each(
    ids: Sequence[str],
    asked: dict[str, Any],
    word: str,
    step: Callable[..., Any],
    states: tuple[str, ...],
    **more: Any,
) -> int:
    from app.errors import AppError

    everything, environment, as_json = asked.pop("everything"), asked.pop("environment"), asked.pop("as_json")
    options = {"by": asked.pop("by"), "reason": asked.pop("reason"), **more}
    if bool(ids) == everything:
        raise Stop(USAGE, "name messages, or choose them with options and say --all")
    done: list[str] = []
    refused: list[dict[str, str]] = []
    with opened() as installation:
        where = environment_of(installation, environment)
        asked["state"] = asked["state"] or states
        wanted = list(ids) or [item["id"] for item in found(installation, where, asked)]
        for message_id in progress(wanted, word):
            try:
                step(installation, message_id, **options)
                done.append(message_id)
            except AppError as error:
                refused.append({"id": message_id, "code": error.code, "message": error.message})
    if as_json:
        print_json({"done": done, "refused": refused})
    else:
        for one in refused:
            complain(f"{one['id']}: {one['message']} [{one['code']}]")
        say(f"{counted(len(done), 'message')} {word}" + (f", {len(refused)} not" if refused else ""))
    return PROBLEMS if refused else 0
