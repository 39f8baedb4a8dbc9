"""`send` and `messages`: hand bodies in over HTTP, look at what became of them; the figures of operations."""

import os
from pathlib import Path
from typing import Any

import click

from app.commands.message_steps import discard, retry, search, show
from app.commands.opening import opened
from app.commands.options import AS_JSON, BY, ENVIRONMENT
from app.commands.replays import edit, replay
from app.terminal import PROBLEMS, REFUSED, Stop, print_json, say

MEDIA_TYPES = {".json": "application/json", ".xml": "application/xml", ".csv": "text/csv"}


@click.command()
@click.argument("endpoint")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--url", help="Where Mapwright is reached; the address of the settings unless said.")
@click.option("--token", help="The machine's token; MAPWRIGHT_TOKEN unless said.")
@click.option(
    "--env", "environment", help="Without a token: one for this environment, valid for five minutes."
)
@click.option("--key", help="Idempotency-Key, for one file.")
@BY
@AS_JSON
def send(
    endpoint: str,
    files: tuple[Path, ...],
    url: str | None,
    token: str | None,
    environment: str | None,
    key: str | None,
    by: str,
    as_json: bool,
) -> int:
    """Hand FILES to ENDPOINT over HTTP. Exit 1 where one is refused, 3 where nobody answers."""
    from app.settings import load_settings

    token = token or os.environ.get("MAPWRIGHT_TOKEN")
    if not token and not environment:
        raise Stop(
            REFUSED, "a token is needed: --token or MAPWRIGHT_TOKEN, or --env where the database is at hand"
        )
    token = token or passing_token(endpoint, environment or "", by)
    base = url or load_settings().url
    answers = [{"file": str(file), **post(base, endpoint, file, token, key)} for file in files]
    if as_json:
        print_json({"sent": answers})
    else:
        for answer in answers:
            body = answer["body"]
            say(f"{answer['file']}: {answer['status']} {body.get('code') or body.get('state', '')}")
    return 0 if all(answer["status"] < 300 for answer in answers) else PROBLEMS


def passing_token(endpoint: str, environment: str, by: str) -> str:
    """A token for whoever has the database's settings anyway; it ends by itself soon."""
    from datetime import timedelta

    from app.security import tokens

    with opened() as installation, installation.database.begin() as tx:
        made = tokens.issue(tx, f"send by {by}", environment, [endpoint], by, valid_for=timedelta(minutes=5))
    return made.text


def post(base: str, endpoint: str, file: Path, token: str, key: str | None = None) -> dict[str, Any]:
    """One body handed in; {"status", "body"}. Stop where nobody answers."""
    import urllib3

    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": MEDIA_TYPES.get(file.suffix, "application/octet-stream"),
        **({"Idempotency-Key": key} if key else {}),
    }
    address = f"{base.rstrip('/')}/v1/in/{endpoint}"
    try:
        answer = urllib3.request(
            "POST", address, body=file.read_bytes(), headers=headers, timeout=30, retries=False
        )
        body = answer.json()
    except urllib3.exceptions.HTTPError as error:
        raise Stop(REFUSED, f"{base} can't be reached: {error}") from None
    except ValueError:
        body = {}
    return {"status": answer.status, "body": body if isinstance(body, dict) else {"answer": body}}


@click.group(invoke_without_command=True)
@click.option("--watch", is_flag=True, help="Show the figures again and again until Ctrl-C.")
@click.option(
    "--every", type=click.FloatRange(0.2), default=2.0, show_default=True, help="Seconds between two looks."
)
@ENVIRONMENT
@AS_JSON
@click.pass_context
def messages(
    context: click.Context, environment: str | None, as_json: bool, watch: bool, every: float
) -> None:
    """Messages of an environment. Without a command: the figures of operations on one screen."""
    if context.invoked_subcommand is None:
        from app.commands.figures import show_figures

        show_figures(environment, as_json, every if watch else None)


for command in (search, show, retry, replay, edit, discard):
    messages.add_command(command)
