"""`messages replay`, `messages edit` and `problems`: repair what went wrong, one message or many, dry run first."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.opening import environment_of, opened
from app.commands.options import AS_JSON, BY, ENVIRONMENT, MOMENT
from app.terminal import PROBLEMS, USAGE, Stop, counted, print_json, print_table, say

if TYPE_CHECKING:
    from app.runtime.installation import Installation
    from app.storage.batches import Batch

_MOST_GROUPS = 40


@click.command()
@click.argument("message_id", required=False)
@click.option("--flow", help="Messages of this flow.")
@click.option("--endpoint", help="Messages that came through this endpoint.")
@click.option("--state", multiple=True, help="done, rejected, held, dead, ...; several times for several.")
@click.option("--key", help="Messages with this business key, as lot:L1.")
@click.option("--since", type=MOMENT, help="Received at or after: 2026-03-01T08:00:00Z, or 2h ago as 2h.")
@click.option("--until", type=MOMENT, help="Received before.")
@click.option("--code", help="Messages that failed with this code.")
@click.option("--group", "fingerprint", help="Messages of this group of `mapwright problems`.")
@click.option(
    "--release", default="original", show_default=True, help="original, current or the id of a release."
)
@click.option(
    "--to", "destinations", multiple=True, help="Send to this endpoint only; several times for several."
)
@click.option("--rate", default=50, show_default=True, help="At most so many messages a second.")
@click.option("--share", default=20, show_default=True, help="Percent of the rate while live messages wait.")
@click.option("--only-differing", is_flag=True, help="Leave out what would be sent just the same.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent differently; send nothing.")
@click.option("--reason", default="", help="Why; needed unless it is a dry run.")
@ENVIRONMENT
@BY
@AS_JSON
def replay(
    message_id: str | None,
    environment: str | None,
    by: str,
    as_json: bool,
    dry_run: bool,
    only_differing: bool,
    reason: str,
    destinations: tuple[str, ...],
    release: str,
    rate: int,
    share: int,
    **asked: Any,
) -> int:
    """Run messages once more: MESSAGE_ID, or all that the options choose. The dry run comes first.

    Exit 1 where a message can't be replayed.
    """
    from app.runtime import batches
    from app.storage.selecting import Filter

    if not dry_run and not reason.strip():
        raise Stop(USAGE, "say why with --reason, or look first with --dry-run")
    chosen = Filter.read({**asked, "ids": [message_id] if message_id else []})
    if chosen.empty:
        raise Stop(
            USAGE, "say which: a message id, or --flow, --endpoint, --state, --key, --since, --code, --group"
        )
    with opened() as installation:
        where = environment_of(installation, environment)
        made = batches.create(
            installation,
            where,
            chosen,
            by=by,
            release=release,
            destinations=list(destinations) or None,
            rate=rate,
            share=share,
            reason=reason,
        )
        made = drive(installation, made, "checking", "looked at")
        if not as_json:
            print_report(made)
        if not dry_run and made.state == "ready":
            which = "differing" if only_differing else "all"
            made = batches.run(installation, made.id, by=by, reason=reason, which=which)
            made = drive(installation, made, "running", "replayed")
            say(
                f"{made.done} replayed, {made.failed} failed, {made.skipped} left out: batch {made.id} is {made.state}"
            )
        if as_json:
            print_json(_plain(made))
    return PROBLEMS if made.failed or made.report.get("refused") else 0


def drive(installation: "Installation", made: "Batch", state: str, word: str) -> "Batch":
    """Work on a batch, or watch the clock do it, until it leaves this state; the bar shows how far it is."""
    from app.runtime import batches
    from app.runtime.driving import Driver

    driver = Driver(installation, f"command-{os.getpid()}")
    shown = 0
    with click.progressbar(
        length=made.total, label=word, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        while made.state == state:
            driver.turn(made.id)
            made = batches.batch(installation, made.id)
            reached = made.checked if state == "checking" else made.total - made.left
            bar.update(max(0, reached - shown))
            shown = max(shown, reached)
            time.sleep(0.02)
    driver.leave()
    return made


def print_report(made: "Batch") -> None:
    """What a dry run found, as a person reads it."""
    found = made.report
    say(
        f"{found.get('same', 0)} of {made.total} the same, {found.get('differ', 0)} differ, {found.get('refused', 0)} can't run"
    )
    rows = [
        [
            str(g["count"]),
            g["output"],
            g["path"],
            _change(g),
            ", ".join(e["message_id"] for e in g["examples"]),
        ]
        for g in found.get("groups", ())[:_MOST_GROUPS]
    ]
    if rows:
        print_table("", ("count", "output", "field", "change", "examples"), rows)
    for one in found.get("refusals", ()):
        say(f"{one['count']} can't run: {one['reason']} [{one['code']}], for example {one['examples'][0]}")
    for endpoint, number in found.get("withheld", {}).items():
        say(f"withheld from {endpoint}: {number}")


def _change(group: Mapping[str, Any]) -> str:
    if group["kind"] == "changed":
        return (
            f"{group['before']} -> {group['after']}" if group["before"] or group["after"] else "many values"
        )
    return f"{group['kind']} {group['after'] if group['kind'] == 'added' else group['before']}"


def _plain(made: "Batch") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(made) | {"left": made.left}


@click.command()
@click.argument("message_id")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--delivery", is_flag=True, help="MESSAGE_ID is that of a dead delivery; FILE is its payload.")
@click.option(
    "--release", default="original", show_default=True, help="original, current or the id of a release."
)
@click.option("--dry-run", is_flag=True, help="Say what changes; write nothing.")
@click.option("--reason", default="", help="Why; needed unless it is a dry run.")
@BY
@AS_JSON
def edit(
    message_id: str,
    file: Path,
    delivery: bool,
    release: str,
    dry_run: bool,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Put FILE in the place of a message that waits for a person, and run it; both stay, linked."""
    if not dry_run and not reason.strip():
        raise Stop(USAGE, "say why with --reason, or look first with --dry-run")
    content = file.read_bytes()
    with opened() as installation:
        changes = _changes(installation, message_id, content, delivery, release)
        said: dict[str, Any] = {"id": message_id, "dry_run": dry_run, **changes}
        if not dry_run:
            said["edited_as"] = _edit(installation, message_id, content, delivery, release, by, reason)
    if as_json:
        print_json(said)
        return
    rows = [[d["output"], d["path"], _shown(d, "before"), _shown(d, "after")] for d in said["differences"]]
    print_table("", ("output", "field", "before", "after"), rows)
    say(f"{message_id} is edited as {', '.join(said['edited_as'])}" if not dry_run else "nothing is written")


def _changes(
    installation: "Installation", id: str, content: bytes, delivery: bool, release: str
) -> dict[str, Any]:
    from app.runtime.editing import preview_edit, preview_payload

    if delivery:
        return {"differences": [d.as_json() for d in preview_payload(installation, id, content)]}
    seen = preview_edit(installation, id, content, release=release)
    found = [d.as_json() for d in (*seen.document, *seen.outcome.differences)]
    return {"state": seen.outcome.state, "reason": seen.outcome.reason, "differences": found}


def _edit(
    installation: "Installation", id: str, content: bytes, delivery: bool, release: str, by: str, reason: str
) -> list[str]:
    from app.runtime.editing import edit_delivery, edit_message

    if delivery:
        return [edit_delivery(installation, id, content, by=by, reason=reason).id]
    made = edit_message(installation, id, content, by=by, reason=reason, release=release)
    return [one.message_id for one in made]


def _shown(difference: Mapping[str, Any], side: str) -> str:
    return str(difference[side])[:80] if side in difference else ""


@click.command()
@click.option("--limit", default=50, show_default=True, help="How many groups.")
@ENVIRONMENT
@AS_JSON
def problems(limit: int, environment: str | None, as_json: bool) -> int:
    """What waits for a person, grouped by cause. Exit 1 where something does."""
    from app.runtime.problem_groups import shown_groups

    with opened() as installation:
        found = shown_groups(installation, environment_of(installation, environment), limit)
    if as_json:
        print_json({"items": found})
    elif found:
        heads = ("count", "state", "what failed", "flow", "last", "affected", "who acts", "group")
        print_table("", heads, (_row(one) for one in found))
        waiting = sum(one["count"] for one in found)
        say(
            f"{counted(waiting, 'failure')} in {counted(len(found), 'group')}: mapwright messages replay --group GROUP --dry-run"
        )
    else:
        say("nothing waits for anybody")
    return PROBLEMS if found else 0


def _row(one: Mapping[str, Any]) -> list[str]:
    affected = "; ".join(f"{name} {', '.join(of['values'])}" for name, of in one["affected"].items())
    acts = ", ".join(word for word in (one["owner"], one["playbook"]) if word)
    last = one["last_at"].isoformat(timespec="seconds")
    return [
        str(one["count"]),
        one["state"],
        one["title"],
        one["flow"] or one["endpoint"],
        last,
        affected,
        acts,
        one["fingerprint"],
    ]
