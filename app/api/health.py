"""Whether the installation lives and can work, and its figures: no login, no data of messages."""

from typing import Any

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.calls import installation
from app.storage import environments, queries

blueprint = Blueprint("v1-health", __name__)


@blueprint.get("/health/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@blueprint.get("/health/ready")
def ready() -> tuple[dict[str, Any], int]:
    """Messages can be taken in: the database answers. Redis away costs a second, so it only shows."""
    checks = {"database": _database(), "redis": _redis()}
    usable = checks["database"] == "ok"
    return {"status": "ready" if usable else "not ready", "checks": checks}, 200 if usable else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus, read from the record at this moment."""
    registry = CollectorRegistry()
    with installation().database.read() as connection:
        for stage in environments.environments(connection):
            for noun, states in queries.counts(connection, stage.name).items():
                _gauge(registry, noun, stage.name, states)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _gauge(registry: CollectorRegistry, noun: str, environment: str, states: Any) -> None:
    if not isinstance(states, dict):
        return
    name = f"mapwright_{noun}"
    known: Any = registry._names_to_collectors.get(name)
    gauge = known or Gauge(name, f"{noun} by state", ["environment", "state"], registry=registry)
    for state, count in states.items():
        gauge.labels(environment, state).set(count)


def _database() -> str:
    try:
        with installation().database.read() as connection:
            connection.execute(text("select 1"))
    except SQLAlchemyError:
        return "unreachable"
    return "ok"


def _redis() -> str:
    if installation().redis is None:
        return "not used"
    try:
        installation().redis.ping()
    except (RedisError, OSError):
        return "unreachable"
    return "ok"
