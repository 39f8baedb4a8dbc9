"""`doctor`: the settings in force, and everything an installation needs: what was found, what to do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from app.commands.options import AS_JSON
from app.terminal import PROBLEMS, console, print_json, print_table

if TYPE_CHECKING:
    from app.doctor import Finding
    from app.settings import Settings

_STYLES = {"ok": "green", "warn": "bold yellow", "fail": "bold red"}


@click.command()
@click.option("--fast", is_flag=True, help="Leave the network out: no Redis, no connections of endpoints.")
@AS_JSON
def doctor(fast: bool, as_json: bool) -> int:
    """Look at everything an installation needs, secrets hidden. Exit 1 where something does not work."""
    from app.commands.opening import check_home
    from app.settings import described, load_settings

    settings = load_settings()
    check_home(settings.home)
    findings = _findings(settings, fast)
    failed = [one for one in findings if one.status == "fail"]
    shown = described(settings)
    if as_json:
        checks = [{"area": f.area, "status": f.status, "found": f.found, "do": f.do} for f in findings]
        print_json({"ok": not failed, "settings": shown, "checks": checks})
    else:
        print_table(
            "", ("setting", "value", "meaning"), ((s["name"], str(s["value"]), s["doc"]) for s in shown)
        )
        _print(findings)
    return PROBLEMS if failed else 0


def _findings(settings: "Settings", fast: bool) -> "Sequence[Finding]":
    """What is found; settings that nothing can be opened with are the only finding then."""
    from app.doctor import examine
    from app.doctor.finding import fail
    from app.errors import AppError
    from app.wiring import wire

    try:
        installation = wire(settings)
    except AppError as error:
        return [fail("settings", error.message, "correct the setting; docs/reference/settings.md tells each")]
    try:
        return examine(installation, fast)
    finally:
        installation.close()


def _print(findings: "Sequence[Finding]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("", "area", "found", "what to do", show_edge=False, pad_edge=False)
    for one in findings:
        cells = (
            Text(one.status, style=_STYLES[one.status]),
            one.area,
            Text(one.found, overflow="fold"),
            Text(one.do),
        )
        table.add_row(*cells)
    console().print(table)
