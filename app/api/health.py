"""Whether the installation lives and can work, and its figures: no login, no data of messages."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.calls import installation
from app.runtime.installation import Installation
from app.storage import environments, queries
from app.storage.schema import state_of
from app.telemetry.metrics import RECORDED
from app.telemetry.sharing import everybody

blueprint = Blueprint("v1-health", __name__)


@blueprint.get("/health/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@blueprint.get("/health/ready")
def ready() -> tuple[dict[str, Any], int]:
    """Messages can be taken in: the database answers with a schema that fits, the disks have room. Redis away costs
    a second, so it only shows."""
    needed = {"database": _database(), "schema": _schema(), "disk": _disk()}
    usable = all(check.usable for check in needed.values())
    checks = {name: check.words for name, check in needed.items()} | {"redis": _redis()}
    return {"status": "ready" if usable else "not ready", "checks": checks}, 200 if usable else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus: what all processes of the data folder counted, and what the record says now."""
    registry = everybody(installation().settings)
    registry.register(_Record(installation()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Record(Collector):
    """Figures that stand in SQL. A record that can't be read leaves the counted ones."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def collect(self) -> Iterator[Metric]:
        """Messages and deliveries by state, lanes that wait, who works."""
        try:
            with self._installation.database.read() as connection:
                stages = [stage.name for stage in environments.environments(connection)]
                counts = {name: queries.counts(connection, name) for name in stages}
        except SQLAlchemyError:
            return
        for figure, doc in RECORDED.items():
            yield _gauge(figure, doc, counts)
        yield _working(counts)


def _gauge(figure: str, doc: str, counts: Mapping[str, Any]) -> Metric:
    gauge = GaugeMetricFamily(f"mapwright_{figure}", doc, labels=["environment", "state"])
    for environment, found in counts.items():
        states = found[figure] if isinstance(found[figure], dict) else {"": found[figure]}
        for state, number in states.items():
            gauge.add_metric([environment, state], number)
    return gauge


def _working(counts: Mapping[str, Any]) -> Metric:
    gauge = GaugeMetricFamily(
        "mapwright_processes", "Workers and clocks that gave a sign of life lately", labels=["kind"]
    )
    found: list[dict[str, Any]] = next(iter(counts.values()), {"workers": []})["workers"]
    for kind, number in Counter(one["kind"] for one in found if one["alive"]).items():
        gauge.add_metric([kind], number)
    return gauge


@dataclass(frozen=True, slots=True)
class _Check:
    """Whether messages can be taken in as far as this goes, and what is said of it."""

    usable: bool
    words: str


def _database() -> _Check:
    try:
        with installation().database.read() as connection:
            connection.execute(text("select 1"))
    except SQLAlchemyError:
        return _Check(False, "unreachable")
    return _Check(True, "ok")


def _schema() -> _Check:
    """`current`, `expanded` or `ahead` where this process can work with it, else what is wrong."""
    try:
        with installation().database.read() as connection:
            state = state_of(connection)
    except SQLAlchemyError:
        return _Check(False, "unknown")
    return _Check(state.usable, state.standing if state.usable else f"{state.words}: {state.do}")


def _disk() -> _Check:
    short = installation().gate.disks.look()
    return _Check(True, "ok") if short is None else _Check(False, f"nearly full: {short.words}")


def _redis() -> str:
    if installation().redis is None:
        return "not used"
    try:
        installation().redis.ping()
    except (RedisError, OSError):
        return "unreachable"
    return "ok"
