"""`audit verify` and `audit export`: whether the log is as it was written, and a file that proves it elsewhere."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click

from app.commands.opening import opened
from app.commands.options import AS_JSON, BY
from app.terminal import PROBLEMS, USAGE, Stop, complain, counted, print_json, say


@click.group()
def audit() -> None:
    """Who did what, when and why."""


@audit.command("verify")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", help="The public key that must have signed FILE.")
@click.option("--anchor", help="SEQ:HASH noted elsewhere; a rewritten log does not fit it.")
@AS_JSON
def verify(file: Path | None, key: str, anchor: str | None, as_json: bool) -> int:
    """Walk the chain of the log, or of an export in FILE (that needs no installation). Exit 1 where it is broken."""
    if file is not None:
        return _verify_file(file, key, as_json)
    from app.security import audit as log
    from app.storage import audit as stored

    with opened() as installation, installation.database.read() as tx:
        found, (seq, head) = log.verify(tx, _anchor(anchor)), stored.head(tx)
    if as_json:
        print_json({**asdict(found), "head": {"seq": seq, "hash": head}})
    elif found.ok:
        say(
            f"{counted(found.rows, 'row')}, all as they were written; note the anchor elsewhere: {seq}:{head}"
        )
    else:
        complain(f"row {found.broken}: {found.problem}")
    return 0 if found.ok else PROBLEMS


def _verify_file(file: Path, key: str, as_json: bool) -> int:
    from app.security.export import verify_export

    with open(file, "rb") as lines:
        found = verify_export(lines, key)
    if as_json:
        print_json(asdict(found))
    elif found.ok:
        say(f"{counted(found.rows, 'row')} from {found.first} to {found.last}, whole, signed by {found.key}")
        if not key:
            say("compare that key with the one you know, or say it with --key")
    else:
        complain(f"{file}: {found.problem}")
    return 0 if found.ok else PROBLEMS


def _anchor(text: str | None) -> tuple[int, str] | None:
    if not text:
        return None
    seq, _, hash = text.partition(":")
    if not seq.isdecimal() or len(hash) != 64:
        raise Stop(USAGE, f"{text} is no anchor: write it as SEQ:HASH")
    return int(seq), hash


@audit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--after", type=click.IntRange(0), default=0, show_default=True, help="Only rows after this number."
)
@BY
@AS_JSON
def export(file: Path, after: int, by: str, as_json: bool) -> int:
    """Write the log to FILE (- is stdout) as signed JSON lines. Exit 1 where the log is broken: it is not exported."""
    from app.security import audit as log
    from app.security.export import export as lines_of
    from app.settings import secret_keys

    with opened() as installation, ExitStack() as stack:
        with installation.database.begin() as tx:
            log.append(tx, by, "audit.export", "audit", after={"after": after})
        tx = stack.enter_context(installation.database.read())
        found = log.verify(tx)
        if not found.ok:
            raise Stop(PROBLEMS, f"the log is broken, row {found.broken}: {found.problem}")
        target: IO[bytes] = click.open_file(str(file), "wb")
        stack.callback(target.close) if str(file) != "-" else None
        count = _write(target, lines_of(tx, secret_keys(installation.settings)[0], after))
    if as_json and str(file) != "-":
        print_json({"file": str(file), "rows": count})
    else:
        say(f"{counted(count, 'row')} written")
    return 0


def _write(target: IO[bytes], lines: Iterable[bytes]) -> int:
    count = -2  # the head and the end are no rows
    for line in lines:
        target.write(line)
        count += 1
    target.flush()
    return count
