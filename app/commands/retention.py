"""`retention`: how long messages are kept, and letting go of what is over."""

import click

from app.commands.folder import AS_JSON
from app.commands.opening import opened
from app.commands.release import BY
from app.terminal import PROBLEMS, print_json, print_table, say


@click.group()
def retention() -> None:
    """How long messages are kept."""


@retention.command()
@AS_JSON
def show(as_json: bool) -> int:
    """Days that each environment keeps, and what stands in the database by days."""
    from app.runtime.keeping import kept_now

    with opened() as installation:
        found = kept_now(installation)
    if as_json:
        print_json(found)
        return 0
    shown = [
        (one["environment"], _days(one["finished"]), _days(one["failed"])) for one in found["environments"]
    ]
    print_table("", ("environment", "finished", "failed"), shown)
    if found["days"]:
        say("")
        print_table("", ("from day", "bytes"), [(one["days"], str(one["bytes"])) for one in found["days"]])
    return 0


@retention.command("set")
@click.argument("environment")
@click.option("--finished", type=click.IntRange(0, 36_500), help="Days; 0: for ever.")
@click.option("--failed", type=click.IntRange(0, 36_500), help="Days; 0: for ever.")
@click.option("--default", "default", is_flag=True, help="As the settings say again.")
@BY
@AS_JSON
def set_(
    environment: str, finished: int | None, failed: int | None, default: bool, by: str, as_json: bool
) -> int:
    """Say how many days ENVIRONMENT keeps what is finished, and what failed."""
    from app.runtime.keeping import change_retention

    if default == (finished is not None or failed is not None):
        raise click.UsageError("say --finished, --failed or both; or --default alone")
    with opened() as installation:
        keep = change_retention(installation, environment, finished, failed, by=by)
    if as_json:
        print_json({"environment": environment, "finished": keep.finished, "failed": keep.failed})
    else:
        say(
            f"{environment} keeps {_days(keep.finished)} of what is finished, {_days(keep.failed)} of what failed"
        )
    return 0


@retention.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and let nothing go.")
@BY
@AS_JSON
def run(dry_run: bool, by: str, as_json: bool) -> int:
    """Let go of what is over, now. Exit 1 where another process is at it."""
    from app.runtime.retention import run_retention

    with opened() as installation:
        report = run_retention(installation, by=by, dry_run=dry_run)
    if report is None:
        say("another process is at it: look again later")
        return PROBLEMS
    if as_json:
        print_json(report.as_json())
        return 0
    verb = "would go" if dry_run else "went"
    for one in report.dropped:
        say(
            f"days from {one['days']} {verb}: {one['messages']} messages, {one['kept_messages']} of them stay"
        )
    for one in report.waiting:
        say(f"days from {one['days']} stay: {one['why']}")
    for what, count in report.deleted.items():
        say(f"{count} {what} {verb}, one by one")
    if not (report.dropped or report.deleted):
        say("nothing is over")
    return 0


def _days(count: int) -> str:
    return f"{count} days" if count else "for ever"
