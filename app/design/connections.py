"""Bindings: where and how each endpoint is reached in an environment; secrets go in and never come out."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.design.errors import BindingInvalid
from app.design.releases import release_files
from app.errors import NotFound
from app.security import audit
from app.security.secrets import Vault
from app.settings import Settings
from app.storage import environments as stored
from app.storage.controls import read_control
from app.storage.environments import Binding
from app.storage.unknown import no_environment
from connectors import registry
from connectors.errors import ConnectorError
from connectors.settings import read_settings
from dsl.manifest import read_manifest


def bind(
    tx: Connection,
    vault: Vault,
    environment: str,
    endpoint: str,
    transport: str,
    settings: Mapping[str, Any],
    by: str,
    control: Mapping[str, Any] | None = None,
) -> Binding:
    """Write the binding of an endpoint; a secret or `control` that is not given again keeps its value.

    Errors: BindingInvalid with every fault of the settings.
    """
    if stored.environment(tx, environment) is None:
        raise NotFound(no_environment(tx, environment))
    before = stored.binding(tx, environment, endpoint)
    kept = vault.open(before.secrets) if before and before.transport == transport else {}
    secret_names = _secret_names(transport)
    secrets = {**kept, **{name: value for name, value in settings.items() if name in secret_names and value}}
    plain = {name: value for name, value in settings.items() if name not in secret_names}
    _check(transport, {**plain, **secrets})
    limits = dict(before.control if before and control is None else control or {})
    _check_control(limits)
    kept_as = (before.paused, limits, before.staged, before.hold_until) if before else (False, limits)
    bound = stored.put_binding(tx, environment, endpoint, transport, plain, vault.seal(secrets), *kept_as)
    target = f"binding/{environment}/{endpoint}"
    audit.append(tx, by, "binding.write", target, before and public(before), public(bound))
    return bound


def missing(connection: Connection, environment: str, release_id: str) -> list[str]:
    """The outgoing endpoints of a release that the environment has no binding for."""
    manifest, _ = read_manifest(release_files(connection, release_id)["ruleset.toml"].decode())
    bound = {binding.endpoint for binding in stored.bindings(connection, environment)}
    outgoing = [e.name for e in manifest.endpoints.values() if e.direction == "out"] if manifest else []
    return sorted(set(outgoing) - bound)


def receiving(connection: Connection, environment: str) -> set[str]:
    """Endpoints that messages only come in through, by what is live in an environment: nothing is sent there."""
    found: dict[str, set[str]] = {"in": set(), "out": set()}
    for one in stored.deployments(connection, environment):
        manifest, _ = read_manifest(release_files(connection, one.release_id)["ruleset.toml"].decode())
        for endpoint in manifest.endpoints.values() if manifest else ():
            found[endpoint.direction].add(endpoint.name)
    return found["in"] - found["out"]


def public(binding: Binding) -> dict[str, Any]:
    """What may be shown of a binding: whether there are secrets, never which."""
    return {
        "environment": binding.environment,
        "endpoint": binding.endpoint,
        "transport": binding.transport,
        "settings": dict(binding.settings),
        "has_secrets": bool(binding.secrets),
        "paused": binding.paused,
        "control": dict(binding.control),
        "staged": binding.staged,
        "hold_until": binding.hold_until.isoformat() if binding.hold_until else None,
        "updated_at": binding.updated_at.isoformat(),
    }


def _secret_names(transport: str) -> set[str]:
    try:
        spec = registry.transport(transport).settings
    except ConnectorError as error:
        raise BindingInvalid(error.message, error.details) from None
    return {setting.name for setting in spec if setting.kind == "secret"}


def _check(transport: str, settings: Mapping[str, Any]) -> None:
    try:
        read_settings(registry.transport(transport).settings, settings)
    except ConnectorError as error:
        raise BindingInvalid(error.message, error.details) from None


def _check_control(control: Mapping[str, Any]) -> None:
    try:
        read_control(control, Settings())
    except ConnectorError as error:
        raise BindingInvalid(error.message, error.details) from None
