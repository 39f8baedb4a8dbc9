"""Which codecs and transports there are: the built-in ones and every installed entry point."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, TypeVar

from connectors.contract import Codec, Transport
from connectors.errors import ConnectorError

Found = TypeVar("Found")
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "mapwright.codecs": {
        "json": "connectors.codecs.json.spec:CODEC",
        "x12": "connectors.codecs.x12.spec:CODEC",
    },
    "mapwright.transports": {
        "http": "connectors.transports.http.spec:TRANSPORT",
        "file": "connectors.transports.file.spec:TRANSPORT",
    },
}


class RegistryError(ConnectorError):
    """A connector could not be loaded, or two claim the same name."""

    code = "connector_registry"


class UnknownConnectorError(ConnectorError):
    """No connector of that name is installed."""

    code = "unknown_connector"


@cache
def codecs() -> Mapping[str, Codec]:
    """Every codec by name; found once a process."""
    return MappingProxyType(_load("mapwright.codecs"))


@cache
def transports() -> Mapping[str, Transport]:
    """Every transport by name; found once a process."""
    return MappingProxyType(_load("mapwright.transports"))


def codec(name: str) -> Codec:
    """The codec of that name.

    Errors: UnknownConnectorError, naming the ones there are.
    """
    return _named("codec", name, codecs())


def transport(name: str) -> Transport:
    """The transport of that name.

    Errors: UnknownConnectorError, naming the ones there are.
    """
    return _named("transport", name, transports())


def _named(kind: str, name: str, known: Mapping[str, Found]) -> Found:
    if name not in known:
        names = ", ".join(sorted(known))
        raise UnknownConnectorError(f"no {kind} is named {name}; known are {names}", {"known": sorted(known)})
    return known[name]


def _load(group: str) -> dict[str, Any]:
    targets = dict(BUILT_IN[group])
    for point in entry_points(group=group):
        _claim(targets, point, group)
    return {name: _resolve(name, target, group) for name, target in sorted(targets.items())}


def _claim(targets: dict[str, str], point: EntryPoint, group: str) -> None:
    if targets.setdefault(point.name, point.value) != point.value:
        raise RegistryError(
            f"two connectors of {group} claim the name {point.name}: {targets[point.name]} and {point.value}",
            {"group": group, "name": point.name},
        )


def _resolve(name: str, target: str, group: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise RegistryError(
            f"{group} {name}: {target} can't be loaded: {error}", {"target": target}
        ) from error
    if found.name != name:
        raise RegistryError(
            f"{group} {name}: the object at {target} calls itself {found.name}", {"target": target}
        )
    return found
