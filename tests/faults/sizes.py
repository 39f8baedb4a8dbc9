"""How large a fault is: as large as docs/faults.md says in .ci/run and `make faults`, smaller within `make test`."""

import os

FULL = "MAPWRIGHT_FULL_SIZE"


def size(full: int, quick: int) -> int:
    """A number of messages, kills or seconds."""
    return full if os.environ.get(FULL) else quick
