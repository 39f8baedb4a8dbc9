"""`limits`: how fast and how much an environment takes in."""

from typing import Any

import click

from app.commands.folder import AS_JSON
from app.commands.messages import ENVIRONMENT
from app.commands.opening import known_environment, opened
from app.commands.release import BY
from app.terminal import REFUSED, Stop, print_json, print_table, say

_HEADS = ("kind", "name", "rate", "burst", "backlog", "waiting")


@click.group()
def limits() -> None:
    """Limits of intake, by flow, endpoint and token."""


@limits.command("show")
@ENVIRONMENT
@AS_JSON
def show(environment: str | None, as_json: bool) -> None:
    """What is limited, and what waits now."""
    from app.runtime.pressure.setting import shown

    with opened() as installation, installation.database.read() as tx:
        found = shown(tx, known_environment(installation, tx, environment), installation.settings)
    if as_json:
        print_json(found)
        return
    rows = [*found["limits"], {"kind": "installation", "name": "", **found["installation"]}]
    print_table("", _HEADS, ([_cell(row[head]) for head in _HEADS] for row in rows))
    for flow, weight in found["weights"].items():
        say(f"{flow} has the weight {weight}")


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@limits.command("set")
@click.argument("kind", type=click.Choice(["flow", "endpoint", "token"]))
@click.argument("name")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Messages a second.")
@click.option(
    "--burst", type=click.IntRange(min=1), help="Messages that may come at once; twice the rate unless said."
)
@click.option("--backlog", type=click.IntRange(min=1), help="Most messages that may wait.")
@click.option(
    "--weight", type=click.IntRange(1, 1000), help="Share of the workers; 1 unless said. For flows."
)
@click.option("--reason", default="", help="Why.")
@ENVIRONMENT
@BY
@AS_JSON
def set_(
    kind: Any, name: str, environment: str | None, reason: str, by: str, as_json: bool, **wanted: Any
) -> None:
    """Replace the limit of a flow (RULESET/FLOW), endpoint or token; what is not said is not limited."""
    from app.errors import LimitInvalid
    from app.runtime.pressure.setting import Wish, set_limit
    from app.storage.limits import Scope

    with opened() as installation, installation.database.begin() as tx:
        scope = Scope(known_environment(installation, tx, environment), kind, name)
        try:
            made = set_limit(tx, scope, Wish(**wanted), by, reason)
        except LimitInvalid as error:
            raise Stop(REFUSED, error.message) from None
    if as_json:
        print_json(made)
    else:
        say(f"{kind} {name} in {scope.environment}: {_said(made)}")


def _said(made: dict[str, Any]) -> str:
    words = [
        f"{name} {_cell(made[name])}" for name in ("rate", "burst", "backlog", "weight") if made.get(name)
    ]
    return ", ".join(words) or "no limit"
