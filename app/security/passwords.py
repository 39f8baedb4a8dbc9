"""Passwords as argon2id hashes."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.security.errors import AccountInvalid

MINIMUM = 8
MAXIMUM = 256
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
_NOBODY = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    """A salted argon2id hash; AccountInvalid for a password too short or too long."""
    if not MINIMUM <= len(password) <= MAXIMUM:
        raise AccountInvalid(
            f"a password has {MINIMUM} to {MAXIMUM} characters, this one has {len(password)}"
        )
    return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes as long for an account that does not exist."""
    try:
        return _HASHER.verify(stored or _NOBODY, password[: MAXIMUM + 1]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)
