"""Connectors are found by entry point, by name, once."""

from importlib.metadata import EntryPoint

import pytest

from connectors import registry
from connectors.registry import RegistryError, UnknownConnectorError


@pytest.fixture
def installed(monkeypatch):
    """Entry points as other distributions would bring them."""
    points = []
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [point for point in points if point.group == group]
    )
    registry.codecs.cache_clear()
    registry.transports.cache_clear()
    yield points
    registry.codecs.cache_clear()
    registry.transports.cache_clear()


def codec(name, target="connectors.codecs.json.spec:CODEC"):
    return EntryPoint(name, target, "mapwright.codecs")


def test_the_built_in_ones_are_there_without_an_installation(installed):
    assert list(registry.codecs()) == ["json", "x12"]
    assert list(registry.transports()) == ["file", "http"]


def test_an_installed_entry_point_of_ours_changes_nothing(installed):
    installed.append(codec("json"))
    assert list(registry.codecs()) == ["json", "x12"]


def test_two_that_claim_one_name_are_refused(installed):
    installed.append(codec("json", "somewhere.else:CODEC"))
    with pytest.raises(RegistryError, match="claim the name json"):
        registry.codecs()


@pytest.mark.parametrize(
    "target", ["no.such.module:CODEC", "connectors.codecs.json.spec:NOTHING", "connectors.errors"]
)
def test_one_that_can_not_be_loaded_is_refused_by_name(installed, target):
    installed.append(codec("broken", target))
    with pytest.raises(RegistryError, match="broken"):
        registry.codecs()


def test_one_that_calls_itself_otherwise_is_refused(installed):
    installed.append(codec("yaml"))
    with pytest.raises(RegistryError, match="calls itself json"):
        registry.codecs()


def test_an_unknown_name_is_refused_and_the_known_ones_named():
    with pytest.raises(UnknownConnectorError, match="json, x12") as error:
        registry.codec("xml")
    assert error.value.details["known"] == ["json", "x12"]
    with pytest.raises(UnknownConnectorError, match="file, http"):
        registry.transport("ftp")


def test_setup_cfg_declares_the_built_in_ones():
    import configparser
    from pathlib import Path

    config = configparser.ConfigParser()
    config.read(Path(__file__).resolve().parents[2] / "setup.cfg", encoding="utf-8")
    for group, known in registry.BUILT_IN.items():
        lines = config["options.entry_points"][group].strip().splitlines()
        assert dict(line.replace(" ", "").split("=") for line in lines) == dict(known)
