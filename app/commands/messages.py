"""`send` and `messages`: hand bodies in over HTTP, look at what became of them, retry, replay, discard."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app.commands.folder import AS_JSON
from app.commands.opening import opened
from app.commands.release import BY
from app.terminal import PROBLEMS, REFUSED, Stop, print_json, print_table, say

MEDIA_TYPES = {".json": "application/json", ".xml": "application/xml", ".csv": "text/csv"}
ENVIRONMENT = click.option("--env", "environment", help="The environment; MAPWRIGHT_ENVIRONMENT unless said.")


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


@click.group()
def messages() -> None:
    """Messages of an environment."""


@messages.command("search")
@click.option("--key", help="Business key, as lot:L1.")
@click.option("--state", help="received, done, held, dead, ...")
@click.option("--flow", help="Flow.")
@click.option("--endpoint", help="Endpoint.")
@click.option("--limit", default=50, show_default=True, help="How many.")
@ENVIRONMENT
@AS_JSON
def search(environment: str | None, as_json: bool, **asked: Any) -> None:
    """Latest first."""
    from app.storage.queries import search_messages

    with opened() as installation, installation.database.read() as tx:
        page = search_messages(tx, environment or installation.settings.environment, **asked)
    if as_json:
        print_json({"items": page.items, "next_cursor": page.next_cursor})
        return
    heads = ("id", "state", "flow", "endpoint", "received")
    print_table("", heads, ([str(_of(item, head)) for head in heads] for item in page.items))


def _of(item: Any, name: str) -> Any:
    name = "received_at" if name == "received" else name
    value = item.get(name) if isinstance(item, dict) else getattr(item, name, "")
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value or ""


@messages.command("show")
@click.argument("message_id")
def show(message_id: str) -> None:
    """Everything known of one message, as JSON."""
    from app.storage.queries import message_view

    with opened() as installation, installation.database.read() as tx:
        print_json(message_view(tx, message_id))


@messages.command("retry")
@click.argument("message_id")
@click.option("--reason", required=True, help="Why.")
@BY
def retry(message_id: str, reason: str, by: str) -> None:
    """Try a dead or held message again."""
    from app.runtime.recovery import retry_message

    with opened() as installation:
        retry_message(installation, message_id, by=by, reason=reason)
    say(f"message {message_id} is tried again")


@messages.command("replay")
@click.argument("message_id")
@click.option("--reason", required=True, help="Why.")
@BY
def replay(message_id: str, reason: str, by: str) -> None:
    """Run a message again as a new one that is linked to it."""
    from app.runtime.recovery import replay_message

    with opened() as installation:
        made = replay_message(installation, message_id, by=by, reason=reason)
    say(f"message {message_id} is replayed as {getattr(made, 'message_id', made)}")


@messages.command("discard")
@click.argument("message_id")
@click.option("--reason", required=True, help="Why.")
@BY
def discard(message_id: str, reason: str, by: str) -> None:
    """Close a dead or held message for good."""
    from app.runtime.recovery import discard_message

    with opened() as installation:
        discard_message(installation, message_id, by=by, reason=reason)
    say(f"message {message_id} is discarded")
