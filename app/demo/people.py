"""The three people of the demo, and the account that sets it up."""

import base64
import hashlib
import hmac
from typing import NamedTuple

from app.runtime.installation import Installation
from app.security import accounts, passwords
from app.storage import users

SETUP = "setup"


class Person(NamedTuple):
    """Somebody who may log in."""

    login: str
    name: str
    roles: tuple[str, ...]
    does: str


PEOPLE = (
    Person("ana", "Ana Analyst", ("analyst",), "designs maps and rules, releases them"),
    Person(
        "ivan", "Ivan Integrator", ("reviewer", "administrator"), "reviews, promotes, rolls back, administers"
    ),
    Person("olga", "Olga Operator", ("operator",), "watches messages, retries dead letters"),
)


def make_people(installation: Installation) -> None:
    """Create the accounts that are not there yet."""
    for person in (*PEOPLE, Person(SETUP, "Set-up of the demo", ("analyst",), "")):
        with installation.database.read() as tx:
            found = users.user(tx, person.login)
        if found is None:
            password = password_of(installation, person.login)
            with installation.database.begin() as tx:
                accounts.create_user(tx, person.login, person.name, password, person.roles, SETUP)


def password_of(installation: Installation, login: str) -> str:
    """The login's first password: derived from the installation's secret key, so it is kept nowhere."""
    key = installation.settings.secret_keys[0].encode()
    digest = hmac.new(key, f"demo login {login}".encode(), hashlib.sha256).digest()
    text = base64.b32encode(digest).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def shown_password(installation: Installation, login: str) -> str:
    """The password to print, or that somebody changed it."""
    with installation.database.read() as tx:
        record = users.user(tx, login)
    password = password_of(installation, login)
    return password if record and passwords.matches(record.password_hash, password) else "(changed)"
