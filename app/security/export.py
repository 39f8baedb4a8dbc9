"""The audit log as a file that proves itself: JSON lines, chained by their hashes, signed at the end.

The key of the signature is derived from the installation's first secret key; its public half stands in the
file, and whoever keeps it elsewhere needs nothing else to see that a file is whole and whose it is.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection

from app.security.audit import row_hash
from app.storage import audit as stored

FORMAT = "mapwright-audit/1"


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """What verifying a file found; `key` is the public key that signed it."""

    ok: bool
    rows: int
    first: int = 0
    last: int = 0
    key: str = ""
    problem: str = ""


def signing_key(secret_key: str) -> Ed25519PrivateKey:
    """The key that signs exports of this installation."""
    derived = HKDF(hashes.SHA256(), 32, None, b"mapwright audit export").derive(secret_key.encode())
    return Ed25519PrivateKey.from_private_bytes(derived)


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as it stands in the file."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def export(connection: Connection, secret_key: str, after: int = 0) -> Iterator[bytes]:
    """The lines of the file: a head, each row after a number, and the signed end."""
    signer = signing_key(secret_key)
    digest = hashlib.sha256()
    key = public_text(signer.public_key())
    head = {"format": FORMAT, "after": after, "at": datetime.now(UTC).isoformat(), "key": key}
    rows, last, previous = 0, after, ""
    digest.update(_line(head))
    yield _line(head)
    for row in stored.rows(connection, after):
        line = _line({**asdict(row), "at": row.at.isoformat(timespec="microseconds")})
        digest.update(line)
        yield line
        rows, last, previous = rows + 1, row.seq, row.hash
    end = {"rows": rows, "last": last, "hash": previous, "digest": digest.hexdigest()}
    yield _line({**end, "signature": base64.b64encode(signer.sign(_line(end))).decode()})


def verify_export(lines: Iterable[bytes], key: str = "") -> ExportCheck:
    """Whether a file is whole, and signed by `key` where one is given. Needs no installation."""
    try:
        return _verify([line for line in lines if line.strip()], key)
    except (ValueError, KeyError, TypeError) as error:
        return ExportCheck(False, 0, problem=f"this is no export of an audit log: {error}")


def _verify(lines: list[bytes], key: str) -> ExportCheck:
    if len(lines) < 2:
        return ExportCheck(False, 0, problem="the end of the file is missing")
    head, end = json.loads(lines[0]), json.loads(lines[-1])
    signed = str(head["key"])
    if head["format"] != FORMAT or "signature" not in end:
        return ExportCheck(False, 0, key=signed, problem="the head or the signed end of the file is missing")
    if key and key != signed:
        return ExportCheck(False, 0, key=signed, problem="it was signed by another key")
    rows = [json.loads(line) for line in lines[1:-1]]
    problem = _broken(rows, int(head["after"])) or _unsigned(lines[:-1], rows, end, signed)
    first, last = (rows[0]["seq"], rows[-1]["seq"]) if rows else (0, 0)
    return ExportCheck(not problem, len(rows), first, last, signed, problem)


def _broken(rows: list[dict[str, Any]], after: int) -> str:
    """The first row that is not as it was written."""
    expected, previous = after + 1, None
    for row in rows:
        if row["seq"] != expected:
            return f"row {expected} is missing"
        if row["hash"] != row_hash({**row, "at": datetime.fromisoformat(row["at"])}):
            return f"row {row['seq']} was changed"
        if previous is not None and row["previous"] != previous:
            return f"row {row['seq']} does not follow the one before it"
        expected, previous = expected + 1, row["hash"]
    return ""


def _unsigned(before: list[bytes], rows: list[dict[str, Any]], end: dict[str, Any], signed: str) -> str:
    digest = hashlib.sha256(b"".join(before)).hexdigest()
    said = {name: end[name] for name in ("rows", "last", "hash", "digest")}
    if said["digest"] != digest or said["rows"] != len(rows):
        return "the lines are not those that were signed"
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(signed))
    try:
        public.verify(base64.b64decode(end["signature"]), _line(said))
    except InvalidSignature:
        return "the signature does not fit"
    return ""


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n"
