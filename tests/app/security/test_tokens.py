"""Tokens of machines: shown once, scoped, ended."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.security import tokens
from app.security.errors import TokenInvalid, TokenRefused
from app.storage import environments
from app.storage.database import Database
from app.storage.tokens import tokens_table


@pytest.fixture
def dev(database: Database) -> Database:
    with database.begin() as tx:
        environments.ensure_environment(tx, "dev", 1, "Development")
    return database


def issue(database: Database, **options: object) -> tokens.IssuedToken:
    with database.begin() as tx:
        return tokens.issue(tx, "scanner", "dev", ["qms.nonconformance"], "adm", **options)  # type: ignore[arg-type]


def verify(database: Database, text: str) -> str:
    with database.read() as connection:
        return tokens.verify(connection, text).id


def test_an_issued_token_verifies(dev: Database) -> None:
    issued = issue(dev)
    assert verify(dev, issued.text) == issued.record.id


def test_the_text_of_a_token_is_nowhere_in_the_database(dev: Database) -> None:
    secret = issue(dev).text.split("_", 2)[2]
    with dev.read() as connection:
        row = connection.execute(select(tokens_table)).one()
    assert all(secret not in str(value) for value in row)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "x", lambda t: "", lambda t: "mwt__", lambda t: "é" + t]
)
def test_another_text_is_refused(dev: Database, change: object) -> None:
    with pytest.raises(TokenRefused):
        verify(dev, change(issue(dev).text))  # type: ignore[operator]


def test_the_secret_of_another_token_is_refused(dev: Database) -> None:
    one, other = issue(dev).text.split("_", 2), issue(dev).text.split("_", 2)
    with pytest.raises(TokenRefused):
        verify(dev, "_".join([one[0], one[1], other[2]]))


def test_an_expired_token_is_refused(dev: Database) -> None:
    issued = issue(dev, valid_for=timedelta(seconds=-1))
    with pytest.raises(TokenRefused):
        verify(dev, issued.text)


def test_a_revoked_token_is_refused_at_once(dev: Database) -> None:
    issued = issue(dev)
    with dev.begin() as tx:
        tokens.revoke(tx, issued.record.id, "adm", "lost")
    with pytest.raises(TokenRefused):
        verify(dev, issued.text)


def test_a_token_cannot_be_revoked_twice(dev: Database) -> None:
    issued = issue(dev)
    with dev.begin() as tx:
        tokens.revoke(tx, issued.record.id, "adm")
    with pytest.raises(TokenInvalid), dev.begin() as tx:
        tokens.revoke(tx, issued.record.id, "adm")


def test_a_token_is_for_its_endpoints_only(dev: Database) -> None:
    record = issue(dev).record
    assert tokens.allows_endpoint(record, "qms.nonconformance")
    assert not tokens.allows_endpoint(record, "edi.asn")


def test_a_star_is_every_endpoint(dev: Database) -> None:
    with dev.begin() as tx:
        record = tokens.issue(tx, "all", "dev", [tokens.EVERY_ENDPOINT], "adm").record
    assert tokens.allows_endpoint(record, "edi.asn")


def test_unknown_capabilities_are_refused(dev: Database) -> None:
    with pytest.raises(TokenInvalid):
        issue(dev, capabilities=["everything"])


def test_an_unknown_environment_is_refused(database: Database) -> None:
    with pytest.raises(TokenInvalid), database.begin() as tx:
        tokens.issue(tx, "x", "nowhere", ["a.b"], "adm")


def test_what_is_shown_of_a_token_holds_no_hash(dev: Database) -> None:
    record = issue(dev).record
    assert record.secret_hash not in str(tokens.public(record))
