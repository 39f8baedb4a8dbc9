"""Ids, partitions and days: an id begins with its partition and the moment it was made.

So whoever holds an id knows where its row stands: in which of 256 partitions, and on which day.
"""

import os
import time
from collections.abc import Iterable
from hashlib import blake2b

PARTITIONS = 256
ID_LENGTH = 32
MILLISECONDS_A_DAY = 86_400_000


def digest(*parts: str) -> str:
    """Hex text of 40 characters that stands for these parts in this order, U+0000 and U+FFFD being one.

    For a part that comes back from PostgreSQL has the one in place of the other.
    """
    joined = "\x1f".join(parts).replace("\x00", "\ufffd")
    if "\\" in joined or joined.count("\x1f") >= len(parts):
        joined = "\x1f".join(part.replace("\\", "\\\\").replace("\x1f", "\\x") for part in parts)
    return blake2b(joined.encode(), digest_size=20).hexdigest()


def content_hash(content: bytes) -> str:
    """What tells two bodies apart."""
    return blake2b(content, digest_size=32).hexdigest()


def partition_of(id: str) -> int:
    """The partition an id begins with; LookupError where it is no id of ours."""
    try:
        return int(id[:2], 16)
    except ValueError:
        raise LookupError(f"not an id: {id}") from None


def moment_of(id: str) -> int:
    """The moment in milliseconds at which an id was made; LookupError where it is no id of ours."""
    try:
        return int(id[2:14], 16)
    except ValueError:
        raise LookupError(f"not an id: {id}") from None


def day_of(id: str) -> int:
    """The day (UTC, counted from 1970) on which an id was made; LookupError where it is no id of ours."""
    return moment_of(id) // MILLISECONDS_A_DAY


def place_of(id: str) -> tuple[int, int]:
    """Partition and day of an id: the first columns of a table that is kept by day."""
    return partition_of(id), day_of(id)


def placed(id: str) -> dict[str, int]:
    """Partition and day of an id by the names of their columns."""
    return {"partition": partition_of(id), "day": day_of(id)}


def milliseconds() -> int:
    """This moment by the clock of the process: ids go by it, nothing else does."""
    return time.time_ns() // 1_000_000


def new_id(partition: int, moment: int | None = None) -> str:
    """A new id in a partition, made now or at that moment; later ones sort after earlier ones there."""
    return f"{partition:02x}{milliseconds() if moment is None else moment:012x}{os.urandom(9).hex()}"


def partitions_of(ids: Iterable[str]) -> set[int]:
    """The partitions of some ids."""
    return {partition_of(id) for id in ids}
