"""Accounts of people and tokens of machines."""

import click

from app.commands.opening import opened
from app.commands.options import AS_JSON, BY, REASON
from app.terminal import print_json, print_table, say


@click.group()
def user() -> None:
    """Accounts of people."""


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="Name of the person.")
@click.option(
    "--role", "roles", multiple=True, required=True, help="analyst, reviewer, operator or administrator."
)
@click.password_option(help="Asked for where it is not given.")
@BY
def user_add(login: str, name: str, roles: tuple[str, ...], password: str, by: str) -> None:
    """Add an account."""
    from app.security.accounts import create_user

    with opened() as installation, installation.database.begin() as tx:
        create_user(tx, login, name, password, roles, by)
    say(f"account {login} with {', '.join(sorted(roles))}")


@user.command("role")
@click.argument("login")
@click.argument("roles", nargs=-1, required=True)
@REASON
@BY
def user_role(login: str, roles: tuple[str, ...], reason: str, by: str) -> None:
    """Give an account other roles; its sessions end."""
    from app.security.accounts import set_roles

    with opened() as installation, installation.database.begin() as tx:
        set_roles(tx, login, roles, by, reason)
    say(f"account {login} with {', '.join(sorted(roles))}")


@user.command("password")
@click.argument("login")
@click.password_option(help="Asked for where it is not given.")
@BY
def user_password(login: str, password: str, by: str) -> None:
    """Set another password; the account's sessions end."""
    from app.security.accounts import set_password

    with opened() as installation, installation.database.begin() as tx:
        set_password(tx, login, password, by)
    say(f"account {login} has another password")


@user.command("list")
@AS_JSON
def user_list(as_json: bool) -> None:
    """All accounts."""
    from app.security.accounts import public
    from app.storage.users import users

    with opened() as installation, installation.database.read() as tx:
        found = [public(record) for record in users(tx)]
    if as_json:
        print_json({"users": found})
    else:
        print_table(
            "", ("login", "name", "roles"), ((u["login"], u["name"], ", ".join(u["roles"])) for u in found)
        )


@click.group()
def token() -> None:
    """Tokens of machines."""


@token.command("create")
@click.argument("name")
@click.option("--env", "environment", required=True, help="The one environment it is for.")
@click.option("--endpoint", "endpoints", multiple=True, help="Where it may send to; several; * for all.")
@click.option(
    "--may", "capabilities", multiple=True, default=("send",), show_default=True, help="What it may do."
)
@click.option("--days", default=365, show_default=True, help="How long it is valid.")
@BY
@AS_JSON
def token_create(
    name: str,
    environment: str,
    endpoints: tuple[str, ...],
    capabilities: tuple[str, ...],
    days: int,
    by: str,
    as_json: bool,
) -> None:
    """Create a token. It is shown once, on stdout."""
    from datetime import timedelta

    from app.security import tokens

    with opened() as installation, installation.database.begin() as tx:
        made = tokens.issue(tx, name, environment, endpoints, by, capabilities, timedelta(days=days))
    if as_json:
        print_json({**tokens.public(made.record), "token": made.text})
    else:
        click.echo(made.text)


@token.command("revoke")
@click.argument("token_id")
@REASON
@BY
def token_revoke(token_id: str, reason: str, by: str) -> None:
    """End a token; within a second nothing is taken from it any more."""
    from app.security import tokens

    with opened() as installation, installation.database.begin() as tx:
        tokens.revoke(tx, token_id, by, reason)
    say(f"token {token_id} is revoked")
