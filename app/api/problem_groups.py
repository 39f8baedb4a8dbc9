"""Problems: what waits for a person, grouped by cause, and one step for a whole group."""

from typing import Any

from marshmallow import fields

from app.api import schemas
from app.api.calls import caller, environment, installation, needs
from app.api.document import Resource
from app.api.once import once
from app.api.paging import cursors
from app.api.replays import PaceBody, batch_json, checked_at_once
from app.errors import NotFound
from app.runtime import batches
from app.runtime.problem_groups import failures, open_group, shown_group, shown_groups
from app.storage.cursors import read_cursor, row_cursor
from app.storage.problems import Group
from app.storage.selecting import Filter

blueprint = Resource(
    "v1-problems", __name__, url_prefix="/v1/problems", description="What waits for a person"
)


class ProblemQuery(schemas.PageQuery):
    """Where."""

    environment = schemas.name()


class GroupBody(PaceBody):
    """Why and how; with `dry_run` the answer says what would come of it, and nothing is done."""

    reason = schemas.text(1_000, load_default="")
    release = schemas.text(
        64, 1, load_default="original", metadata={"description": "original, current or an id"}
    )
    dry_run = fields.Boolean(load_default=True)


@blueprint.route("", methods=["GET"])
@needs("view")
@blueprint.arguments(ProblemQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def index(query: dict[str, Any]) -> Any:
    """Failures by their cause, the latest first: how many, since when, whom they affect, who has to act."""
    where, limit = environment(query.get("environment")), query["limit"]
    with cursors():
        start = int(query.get("cursor") or 0)
    found = shown_groups(installation(), where, limit + 1, start)
    return {"items": found[:limit], "next_cursor": str(start + limit) if len(found) > limit else None}


@blueprint.route("/<string:fingerprint>", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.PageQuery, location="query")
def show(query: dict[str, Any], fingerprint: str) -> Any:
    """One group with its messages or deliveries, latest first."""
    found, limit = _mine(fingerprint), query["limit"]
    with installation().database.read() as tx, cursors():
        before = read_cursor(query["cursor"]) if query.get("cursor") else None
        rows = failures(tx, found, limit + 1, before)
    items = [
        {
            "id": one.id,
            "at": one.at,
            "reason": one.reason,
            "message_id": one.message.id,
            "keys": one.keys,
            "state": one.delivery.state if one.delivery else one.message.state,
        }
        for one in rows[:limit]
    ]
    cursor = row_cursor(rows[limit - 1].at, rows[limit - 1].id) if len(rows) > limit else None
    return shown_group(installation(), fingerprint) | {"items": items, "next_cursor": cursor}


@blueprint.route("/<string:fingerprint>/<any(retry, replay, discard):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(GroupBody)
@blueprint.alt_response(202, description="The batch that does it")
def act(body: dict[str, Any], fingerprint: str, step: Any) -> Any:
    """Retry, replay or discard the whole group as a batch."""
    found = _mine(fingerprint)
    made = batches.create(
        installation(),
        found.kind.environment,
        Filter(fingerprint=found.fingerprint),
        by=caller().who,
        action=step,
        subject="delivery" if found.kind.subject == "delivery" else "message",
        **body,
    )
    return batch_json(checked_at_once(made)), 202


def _mine(fingerprint: str) -> Group:
    with installation().database.read() as tx:
        found = open_group(tx, fingerprint)
    token = caller().token
    if token and found.kind.environment != token.environment:
        raise NotFound("nothing of this group waits for anybody (any more)")
    return found
