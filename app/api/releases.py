"""Releases: listed, shown, compared."""

from typing import Any

from app.api import schemas
from app.api.calls import installation, needs
from app.api.document import Resource
from app.api.paging import numbered_page
from app.design import releases
from app.storage import releases as stored

blueprint = Resource("v1-releases", __name__, url_prefix="/v1/releases", description="Immutable releases")


@blueprint.route("", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.ReleaseQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def index(query: dict[str, Any]) -> Any:
    """Releases, latest first."""
    with installation().database.read() as connection:
        records = releases.list_releases(connection, query.get("ruleset"))
    return numbered_page([releases.public(record) for record in records], query)


@blueprint.route("/<string:release_id>", methods=["GET"])
@needs("view")
def show(release_id: str) -> Any:
    """One release with its authors and test report."""
    with installation().database.read() as connection:
        record = releases.get_release(connection, release_id)
    return {**releases.public(record), "report": dict(record.report)}


@blueprint.route("/<string:release_id>/changes", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.CompareQuery, location="query")
def changes(query: dict[str, Any], release_id: str) -> Any:
    """What a release changes against another one, or the one before."""
    with installation().database.read() as connection:
        record = releases.get_release(connection, release_id)
        if "to" in query:
            old: str | None = releases.get_release(connection, query["to"]).id
        else:
            before = stored.releases_between(connection, record.ruleset, record.number - 2, record.number - 1)
            old = before[-1].id if before else None
        return {"from": old, "to": record.id, **releases.compare(connection, old, record.id)}
