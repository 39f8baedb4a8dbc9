"""Accounts: who gets in, who does not, and how long guessing takes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.security import accounts, passwords, throttle
from app.security.errors import AccountInvalid, LoginRefused, TooManyAttempts
from app.security.permissions import CAPABILITIES, ROLES, capabilities
from app.storage import login_attempts, users
from app.storage.audit import audit_table
from app.storage.database import Database


@pytest.fixture
def ana(database: Database) -> Database:
    with database.begin() as tx:
        accounts.create_user(tx, "ana", "Ana", "long enough", ["analyst"])
    return database


def test_the_right_password_gets_in(ana: Database) -> None:
    assert accounts.authenticate(ana, "ana", "long enough").login == "ana"


@pytest.mark.parametrize(("login", "password"), [("ana", "wrong"), ("bob", "long enough"), ("ana", "")])
def test_a_wrong_half_is_refused_without_saying_which(ana: Database, login: str, password: str) -> None:
    with pytest.raises(LoginRefused) as refused:
        accounts.authenticate(ana, login, password)
    assert refused.value.message == "Unknown login or wrong password."


def test_a_locked_account_does_not_get_in(ana: Database) -> None:
    with ana.begin() as tx:
        accounts.set_active(tx, "ana", False, "adm")
    with pytest.raises(LoginRefused):
        accounts.authenticate(ana, "ana", "long enough")


def test_passwords_are_kept_as_argon2id(ana: Database) -> None:
    with ana.read() as connection:
        record = users.user(connection, "ana")
    assert record is not None and record.password_hash.startswith("$argon2id$")


def test_guessing_is_stopped_even_with_the_right_password(ana: Database) -> None:
    for _ in range(throttle.EACH_LOGIN):
        with pytest.raises(LoginRefused):
            accounts.authenticate(ana, "ana", "wrong")
    with pytest.raises(TooManyAttempts) as refused:
        accounts.authenticate(ana, "ana", "long enough")
    assert 0 < refused.value.retry_after <= throttle.WINDOW.total_seconds()


def test_a_burst_of_parallel_guesses_is_counted_together(ana: Database) -> None:
    def guess(_: int) -> str:
        try:
            accounts.authenticate(ana, "ana", "wrong")
        except (LoginRefused, TooManyAttempts) as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(guess, range(throttle.EACH_LOGIN + 6)))
    assert answers.count("login_refused") == throttle.EACH_LOGIN
    assert answers.count("too_many_attempts") == 6


def test_getting_in_forgets_the_failed_attempts(ana: Database) -> None:
    for _ in range(throttle.EACH_LOGIN - 1):
        with pytest.raises(LoginRefused):
            accounts.authenticate(ana, "ana", "wrong")
    accounts.authenticate(ana, "ana", "long enough")
    with pytest.raises(LoginRefused):
        accounts.authenticate(ana, "ana", "wrong")


def test_attempts_are_forgotten_after_the_window(ana: Database) -> None:
    for _ in range(throttle.EACH_LOGIN):
        with pytest.raises(LoginRefused):
            accounts.authenticate(ana, "ana", "wrong")
    table = login_attempts.login_attempts_table
    with ana.begin() as tx:
        first = tx.execute(select(func.min(table.c.since))).scalar_one()
        tx.execute(update(table).values(since=first - throttle.WINDOW - timedelta(seconds=1)))
    assert accounts.authenticate(ana, "ana", "long enough").login == "ana"


def test_refused_log_ins_are_audited(ana: Database) -> None:
    with pytest.raises(LoginRefused):
        accounts.authenticate(ana, "ana", "wrong", "10.0.0.9")
    with ana.read() as connection:
        whats = connection.execute(select(audit_table.c.what).order_by(audit_table.c.seq)).scalars().all()
    assert whats == ["user.create", "login.refused"]


@pytest.mark.parametrize(
    ("login", "password", "roles"),
    [
        ("Ana Maria", "long enough", ["analyst"]),
        ("", "long enough", ["analyst"]),
        ("eve\n", "long enough", ["analyst"]),
        ("eve", "short", ["analyst"]),
        ("eve", "x" * 257, ["analyst"]),
        ("eve", "long enough", ["owner"]),
        ("eve", "long enough", []),
        ("ana", "long enough", ["analyst"]),
    ],
)
def test_odd_accounts_are_refused(ana: Database, login: str, password: str, roles: list[str]) -> None:
    with pytest.raises(AccountInvalid), ana.begin() as tx:
        accounts.create_user(tx, login, "", password, roles)


def test_other_roles_end_the_sessions(ana: Database) -> None:
    with ana.begin() as tx:
        before = users.user(tx, "ana")
        accounts.set_roles(tx, "ana", ["reviewer"], "adm", "moved")
        after = users.user(tx, "ana")
    assert before and after and after.session_counter > before.session_counter
    assert after.roles == ("reviewer",)


def test_roles_give_only_known_capabilities() -> None:
    assert set().union(*ROLES.values()) <= set(CAPABILITIES)


def test_an_unknown_role_gives_nothing() -> None:
    assert capabilities(["owner"]) == frozenset()


def test_no_role_both_edits_and_promotes() -> None:
    assert not [role for role, granted in ROLES.items() if {"edit", "promote"} <= granted]


def test_a_hash_of_other_parameters_is_outdated() -> None:
    weak = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$mYleBHsG6N0+H4JGJ0xXoIRO6rWNZwN/eQQQ8eHIDmk"
    assert passwords.outdated(weak)
