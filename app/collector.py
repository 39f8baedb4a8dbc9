"""Python's cyclic collector in long-running processes: seldom, and never over what stays for good.

Batches hold tens of thousands of plain records that reference counts free; with the default thresholds the
collector walked them again and again, a quarter of a worker's CPU time.
"""

import gc

_YOUNG, _MIDDLE, _OLD = 100_000, 20, 20


def collect_seldom() -> None:
    """Leave what is loaded now out of every later collection, and let the young pile up longer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
