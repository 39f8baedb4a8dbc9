"""The locks pin every package by hash, name no registry, and agree with each other and with setup.cfg."""

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pinned(name: str) -> dict[str, str]:
    """Package -> version."""
    found = re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ \\;]+)", (ROOT / name).read_text(), re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("name", LOCKS)
def test_names_no_host_and_no_path(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text and "file:" not in text


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes(name: str) -> None:
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert entries and all("--hash=sha256:" in entry for entry in entries)


def test_the_runtime_lock_is_a_part_of_the_development_lock() -> None:
    runtime, dev = pinned(LOCKS[0]), pinned(LOCKS[1])
    assert runtime.items() <= dev.items()


def test_every_requirement_is_locked() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    wanted = re.findall(r"^([A-Za-z0-9._-]+)", config["options"]["install_requires"].strip(), re.MULTILINE)
    assert {name.lower() for name in wanted} <= set(pinned("requirements.lock"))
