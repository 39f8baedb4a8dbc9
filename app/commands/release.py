"""Commands that move releases: release, promote, rollback."""

from pathlib import Path

import click

from app.commands.folder import FOLDER, read
from app.commands.opening import opened
from app.commands.options import AS_JSON, BY, REASON
from app.terminal import PROBLEMS, Stop, complain, print_json, say


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
@BY
@REASON
@AS_JSON
def promote(release_id: str, environment: str, by: str, reason: str, as_json: bool) -> int:
    """Make RELEASE (its id or the beginning of it) live in an environment. Exit 3 where it is not allowed."""
    from app.design import promotions, releases

    with opened() as installation:
        with installation.database.read() as tx:
            record = releases.get_release(tx, release_id)
        moved = promotions.promote_audited(installation.database, record.id, environment, by, reason=reason)
    if as_json:
        print_json({"environment": environment, "from": moved.from_release, "to": moved.to_release})
    else:
        say(f"release {record.number} of {record.ruleset} is live in {environment}")
    return 0


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
