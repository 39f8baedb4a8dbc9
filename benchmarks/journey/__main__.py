"""Run all parts, or the named ones."""

import sys
import time
from collections.abc import Callable

from benchmarks.journey import end_to_end, intake, pipeline
from benchmarks.journey.stage import Stage

PARTS: dict[str, Callable[[Stage], None]] = {
    "pipeline": pipeline.report,
    "intake": intake.report,
    "end_to_end": end_to_end.report,
}


def main(asked: list[str]) -> int:
    """Print every ratio with its goal; 2 where a part is unknown."""
    unknown = sorted(set(asked) - set(PARTS))
    if unknown:
        print(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    begun = time.monotonic()
    stage = Stage()
    try:
        for name in asked or PARTS:
            print(f"-- {name}", flush=True)
            PARTS[name](stage)
    finally:
        stage.close()
    print(f"  ({time.monotonic() - begun:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
