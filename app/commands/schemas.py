"""`schema`: versions of schemas and whether they read the messages of one another."""

from pathlib import Path
from typing import Any

import click

from app.commands.folder import FOLDER, read
from app.commands.options import AS_JSON
from app.terminal import PROBLEMS, USAGE, Stop, counted, print_json, say

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MODE = click.option(
    "--mode", type=click.Choice(["backward", "forward", "full"]), default="backward",
    help="backward: new reads old; forward: old reads new; full: both.",
)  # fmt: skip


@click.group("schema")
def schema() -> None:
    """Versions of schemas. Exit 1 where they are not compatible the way --mode asks for."""


@schema.command("compare")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@MODE
@AS_JSON
def compare(old: Path, new: Path, mode: Any, as_json: bool) -> int:
    """What changed from OLD to NEW, path by path, and which messages are refused because of it."""
    from dsl import compatibility

    found = compatibility.verdict(*_two(old, new))
    if as_json:
        print_json({"ok": found.holds(mode), "mode": mode, **compatibility.verdict_json(found)})
    else:
        _print(found)
    return 0 if found.holds(mode) else PROBLEMS


@schema.command("check")
@FOLDER
@MODE
@click.option(
    "--neighbours", is_flag=True, help="Only each version with the one before it, not with every earlier one."
)
@AS_JSON
def check(folder: Path, mode: Any, neighbours: bool, as_json: bool) -> int:
    """Every schema of the rule set FOLDER that has several versions: each version with all earlier ones."""
    from app.design import trials
    from dsl import compatibility

    chains = compatibility.chains(trials.check_files(read(folder)).schemas.values())
    found = [
        verdict for chain in chains.values() for verdict in compatibility.check_chain(chain, not neighbours)
    ]
    broken = [verdict for verdict in found if not verdict.holds(mode)]
    if as_json:
        print_json(
            {
                "ok": not broken,
                "mode": mode,
                "items": [compatibility.verdict_json(verdict) for verdict in found],
            }
        )
    else:
        for verdict in found:
            _print(verdict)
        several, wrong = counted(len(chains), "schema"), counted(len(broken), "pair")
        say(f"{folder}: {several} with several versions, {wrong} not {mode} compatible")
    return PROBLEMS if broken else 0


def _print(found: Any) -> None:
    say(f"{found.name} {found.old} -> {found.new}: {found.summary()}")
    for change in found.changes:
        mark = "breaks" if change.backward or change.forward else "note  " if change.note else "      "
        say(f"  {mark} {change.sentence}")


def _two(old: Path, new: Path) -> list[Any]:
    """Two schema files; versions from their names, or the old and the new one where these say the same."""
    from dsl.compatibility.versions import renamed
    from dsl.errors import SchemaError
    from dsl.schema import read_schema, schema_name

    made = []
    for file, fallback in ((old, "old"), (new, "new")):
        named = schema_name(file.name) is not None
        try:
            path = file.name if named else f"{file.stem}@{fallback}{file.suffix}"
            found = read_schema(path, file.read_bytes())
        except SchemaError as error:
            raise Stop(USAGE, f"{file}: {error.message}") from error
        made.append(found)
    if made[0].version == made[1].version:
        made = [renamed(made[0], "the old one"), renamed(made[1], "the new one")]
    return made
