"""Fail where a browser, PostgreSQL or fault test was skipped: name each and why.

Usage: skipped.py JUNIT_XML
"""

import sys
from xml.etree import ElementTree

MUST_RUN = ("browser", "postgres", "faults")


def skipped(path: str) -> list[str]:
    """One line for each test that had to run and did not."""
    found = []
    for case in ElementTree.parse(path).iter("testcase"):
        reason = case.find("skipped")
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        if reason is not None and any(word in name for word in MUST_RUN):
            found.append(f"skipped: {name}: {reason.get('message', '')}")
    return found


if __name__ == "__main__":
    lines = skipped(sys.argv[1])
    print("\n".join(lines), file=sys.stderr, end="\n" if lines else "")
    sys.exit(1 if lines else 0)
