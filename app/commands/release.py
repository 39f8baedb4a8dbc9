"""Commands that move releases: release, promote, rollback."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.folder import FOLDER, read
from app.commands.opening import address_of, known_environment, opened
from app.commands.options import AS_JSON, BY, ENVIRONMENT, LATER, REASON, WHY
from app.terminal import PROBLEMS, REFUSED, Stop, complain, print_json, print_table, say

if TYPE_CHECKING:
    from app.runtime.installation import Installation


@click.command()
@FOLDER
@BY
@click.option("--note", default="", help="What this release is about.")
@AS_JSON
def release(folder: Path, by: str, note: str, as_json: bool) -> int:
    """Bring FOLDER into the installation and cut a release of it. Exit 1 where it is refused."""
    from app.design import releases, rulesets
    from app.design.errors import ReleaseRefused

    files = read(folder)
    with opened() as installation:
        try:
            releases.build(files)
            with installation.database.begin() as tx:
                found = rulesets.import_files(tx, files, by)
                record = releases.cut_release(tx, found.name, by, note)
        except ReleaseRefused as error:
            _print_refusal(error)
            return PROBLEMS
    if as_json:
        print_json({"id": record.id, "ruleset": record.ruleset, "number": record.number})
    else:
        say(f"release {record.number} of {record.ruleset}: {record.id}")
    return 0


def _print_refusal(error: Exception) -> None:
    details = getattr(error, "details", {})
    complain(str(error))
    for one in details.get("diagnostics") or []:
        say(f"  {one if isinstance(one, str) else '{file}:{line}:{column} {code} {message}'.format(**one)}")
    for result in (details.get("tests") or {}).get("tests", []):
        if not result["passed"]:
            say(f"  FAILED {result['file']}:{result['line']} {result['name']}: {result['message']}")


@click.command()
@click.argument("release_id", metavar="RELEASE")
@click.option("--to", "environment", required=True, help="The environment it becomes live in.")
@click.option(
    "--at",
    type=LATER,
    help="When: 2026-11-22T06:00+01:00, or in 2h as 2h; now unless said. UTC without an offset.",
)
@BY
@REASON
@AS_JSON
def promote(
    release_id: str, environment: str, at: datetime | None, by: str, reason: str, as_json: bool
) -> int:
    """Make RELEASE (its id or the beginning of it) live in an environment. Exit 3 where it is not allowed."""
    from app.design import promotions, releases
    from app.errors import NotFound

    with opened() as installation:
        try:
            with installation.database.read() as tx:
                record = releases.get_release(tx, release_id)
        except NotFound as error:
            asked = f"{error.message}. Asked: {address_of(installation)}"
            raise Stop(REFUSED, asked) from None
        if at is not None:
            return _schedule(installation, record.id, environment, at, by, reason, as_json)
        moved = promotions.promote_audited(installation.database, record.id, environment, by, reason=reason)
    if as_json:
        print_json({"environment": environment, "from": moved.from_release, "to": moved.to_release})
    else:
        say(f"release {record.number} of {record.ruleset} is live in {environment}")
    return 0


def _schedule(
    installation: "Installation",
    release_id: str,
    environment: str,
    at: datetime,
    by: str,
    reason: str,
    as_json: bool,
) -> int:
    from app import scheduling

    with installation.database.begin() as tx:
        made = scheduling.shown(scheduling.schedule(tx, release_id, environment, at, by, reason=reason))
    if as_json:
        print_json(made)
    else:
        say(
            f"release {made['number']} of {made['ruleset']} becomes live in {environment} at {at.isoformat()}: {made['id']}"
        )
    return 0


@click.group(invoke_without_command=True)
@ENVIRONMENT
@AS_JSON
@click.pass_context
def scheduled(context: click.Context, environment: str | None, as_json: bool) -> None:
    """Promotions at a set time: those that wait, and what became of earlier ones."""
    if context.invoked_subcommand is not None:
        return
    from app import scheduling

    with opened() as installation, installation.database.read() as tx:
        found = scheduling.scheduled(tx, known_environment(installation, tx, environment))
    if as_json:
        print_json({"items": found})
        return
    heads = ("when", "is", "release", "by", "id", "why not")
    names = [f"{one['ruleset']} r{one['number']}" for one in found]
    rows = [
        (one["at"].isoformat(), one["state"], name, one["by"], one["id"], one["ended"])
        for one, name in zip(found, names, strict=True)
    ]
    print_table("", heads, rows)


@scheduled.command("cancel")
@click.argument("promotion_id", metavar="ID")
@WHY
@ENVIRONMENT
@BY
@AS_JSON
def cancel(promotion_id: str, reason: str, environment: str | None, by: str, as_json: bool) -> None:
    """Call a promotion off before its moment."""
    from app import scheduling

    with opened() as installation, installation.database.begin() as tx:
        where = known_environment(installation, tx, environment)
        done = scheduling.cancel(tx, where, promotion_id, by, reason)
    print_json(done) if as_json else say(
        f"release {done['number']} of {done['ruleset']} does not become live by itself"
    )


@click.command()
@click.argument("environment")
@click.option("--ruleset", help="Which rule set; needed where several are live.")
@click.option("--to", "release_id", help="The release to go back to; the one before unless said.")
@click.option("--reason", required=True, help="Why.")
@BY
@AS_JSON
def rollback(
    environment: str, ruleset: str | None, release_id: str | None, reason: str, by: str, as_json: bool
) -> int:
    """Put ENVIRONMENT back on an earlier release."""
    from app.design import promotions
    from app.storage.environments import deployed

    with opened() as installation, installation.database.begin() as tx:
        name = ruleset or _only(list(deployed(tx, environment)), environment)
        moved = promotions.rollback(tx, environment, name, by, reason, release_id)
    if as_json:
        print_json({"environment": environment, "from": moved.from_release, "to": moved.to_release})
    else:
        say(f"{name} is back on {moved.to_release[:12]} in {environment}")
    return 0


def _only(names: list[str], environment: str) -> str:
    if len(names) != 1:
        raise Stop(PROBLEMS, f"{len(names)} rule sets are live in {environment}: say --ruleset")
    return names[0]
