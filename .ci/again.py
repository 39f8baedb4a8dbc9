"""Run tests that failed beside others once more, alone: what fails again has failed.

Usage: again.py JUNIT_XML
Only tests that run against real time (processes, servers, a browser) and no more than three of them; anything else that
failed stays failed. Every test that passed alone is named, so that nobody has to look for it.
"""

import os
import subprocess
import sys
from xml.etree import ElementTree

REAL_TIME = ("tests/faults/", "tests/app/", "tests/browser/", "tests/cli/", "tests/connectors/")
MOST = 3
PLUGINS = ("-p", "xdist", "-p", "hypothesispytest")


def failed(path: str) -> list[str]:
    """The node ids of the tests that failed or could not start."""
    return [
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '')}"
        for case in ElementTree.parse(path).iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]


def pass_alone(tests: list[str]) -> bool:
    """Whether all of them pass, one after the other with nothing beside them."""
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "MAPWRIGHT_FULL_SIZE": "1"}
    command = [sys.executable, "-m", "pytest", *PLUGINS, "-rs", *tests]
    return subprocess.run(command, env=environ, check=False).returncode == 0


if __name__ == "__main__":
    tests = failed(sys.argv[1])
    if not 0 < len(tests) <= MOST or not all(test.startswith(REAL_TIME) for test in tests):
        sys.exit(1)
    print(f"once more, alone: {', '.join(tests)}", flush=True)
    if not pass_alone(tests):
        sys.exit(1)
    print("\n".join(f"failed beside others, passed alone: {test}" for test in tests))
