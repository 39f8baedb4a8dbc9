"""Run every benchmark of this folder and print what each says; `run.py map tables` runs some.

Benchmarks print ratios measured in one run on one machine, never absolute promises. They are not tests.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    """The benchmarks there are: modules, and packages with several parts."""
    modules = [p.stem for p in HERE.glob("*.py") if p.stem != "run" and "__main__" in p.read_text("utf-8")]
    return sorted([*modules, *(p.parent.name for p in HERE.glob("*/__main__.py"))])


def command(name: str) -> list[str]:
    """How one is started."""
    if (HERE / name).is_dir():
        return [sys.executable, "-m", f"benchmarks.{name}"]
    return [sys.executable, str(HERE / f"{name}.py")]


def main(asked: list[str]) -> int:
    """Run the named ones, or all; 1 where one fails, 2 where a name is unknown."""
    unknown = sorted(set(asked) - set(names()))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    failed = 0
    for name in asked or names():
        print(f"== {name}", flush=True)
        failed |= subprocess.run(command(name), cwd=HERE.parent).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
