"""Ids and partitions: every id begins with its partition, so that whoever holds one knows where it stands."""

import os
import time
from collections.abc import Iterable
from hashlib import blake2b

PARTITIONS = 256


def digest(*parts: str) -> str:
    """Hex text of 40 characters that stands for these parts in this order."""
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


def new_id(partition: int) -> str:
    """A new id in a partition; later ones sort after earlier ones there."""
    return f"{partition:02x}{time.time_ns() // 1_000_000:012x}{os.urandom(9).hex()}"


def partitions_of(ids: Iterable[str]) -> set[int]:
    """The partitions of some ids."""
    return {partition_of(id) for id in ids}
