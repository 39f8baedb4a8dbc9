"""Batches: replay, retry or discard many at once, dry run first."""

import time
from dataclasses import asdict
from typing import Any

from marshmallow import fields, validate

from app.api import schemas
from app.api.calls import caller, environment, installation, needs
from app.api.document import Resource
from app.api.once import once
from app.api.paging import cursors
from app.errors import NotFound
from app.runtime import batches
from app.runtime.dry_runs import check_some
from app.storage import batches as stored
from app.storage.batches import Batch
from app.storage.cursors import read_cursor, row_cursor
from app.storage.selecting import Filter

blueprint = Resource(
    "v1-replays", __name__, url_prefix="/v1/replays", description="Replays and other batches"
)
_AT_ONCE_SECONDS = 2.0


class FilterBody(schemas.Strict):
    """Which messages or deliveries; everything that is said must hold."""

    flow = schemas.name()
    endpoint = schemas.name()
    state = fields.List(schemas.name(), validate=validate.Length(1, 9))
    key = schemas.text(300, 1, metadata={"description": "lot:L1, or L1 under any name"})
    since = fields.AwareDateTime(format="iso")
    until = fields.AwareDateTime(format="iso")
    code = schemas.name()
    fingerprint = schemas.text(40, 1)
    ids = fields.List(schemas.name(), validate=validate.Length(1, 10_000))


class PaceBody(schemas.Strict):
    """How fast: at most `rate` a second, `share` percent of it while live messages wait."""

    rate = schemas.integer(1, batches.FASTEST, load_default=batches.DEFAULT_RATE)
    share = schemas.integer(0, 100, load_default=batches.DEFAULT_SHARE)


class BatchBody(PaceBody):
    """What is to be done with whom. With `dry_run` nothing is sent; without it a reason is needed."""

    environment = schemas.name()
    filter = fields.Nested(FilterBody, required=True)
    action = fields.String(validate=validate.OneOf(("replay", "retry", "discard")), load_default="replay")
    subject = fields.String(validate=validate.OneOf(("message", "delivery")), load_default="message")
    release = schemas.text(
        64, 1, load_default="original", metadata={"description": "original, current or an id"}
    )
    destinations = fields.List(schemas.name(), load_default=None, allow_none=True)
    reason = schemas.text(1_000, load_default="")
    dry_run = fields.Boolean(load_default=True)


class BatchStepBody(schemas.Strict):
    """Why; for run also whom: all, or differing to leave out what would stay the same."""

    reason = schemas.text(1_000, load_default="")
    which = fields.String(validate=validate.OneOf(("all", "differing")))
    rate = schemas.integer(1, batches.FASTEST)


class MemberQuery(schemas.PageQuery):
    """Which members: by what became of them, or by what the dry run found."""

    state = fields.String(validate=validate.OneOf(("waiting", "done", "failed", "skipped")))
    verdict = fields.String(validate=validate.OneOf(("same", "differs", "refused")))


class BatchQuery(schemas.PageQuery):
    """Whose batches."""

    environment = schemas.name()


@blueprint.route("", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(BatchBody)
@blueprint.alt_response(202, description="The batch; small dry runs are complete in it")
def create(body: dict[str, Any]) -> Any:
    """Choose messages or deliveries and begin: with the dry run, unless `dry_run` is false."""
    where = environment(body.pop("environment", None))
    chosen = Filter.read(body.pop("filter"))
    made = batches.create(installation(), where, chosen, by=caller().who, **body)
    return batch_json(checked_at_once(made)), 202


@blueprint.route("", methods=["GET"])
@needs("view")
@blueprint.arguments(BatchQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def index(query: dict[str, Any]) -> Any:
    """Batches of an environment, latest first."""
    where, limit = environment(query.get("environment")), query["limit"]
    with installation().database.read() as tx, cursors():
        before = read_cursor(query["cursor"]) if query.get("cursor") else None
        found = stored.batches(tx, where, before, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    cursor = row_cursor(last.created_at, last.id) if last else None
    return {"items": [batch_json(one) for one in found[:limit]], "next_cursor": cursor}


@blueprint.route("/<string:batch_id>", methods=["GET"])
@needs("view")
def show(batch_id: str) -> Any:
    """One batch: its figures and what the dry run found."""
    return batch_json(_mine(batch_id))


@blueprint.route("/<string:batch_id>/members", methods=["GET"])
@needs("view")
@blueprint.arguments(MemberQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Page)
def members(query: dict[str, Any], batch_id: str) -> Any:
    """What became of each message or delivery, in their order."""
    found, limit = _mine(batch_id), query["limit"]
    with installation().database.read() as tx, cursors():
        after = int(query.get("cursor") or 0)
        only = {name: query.get(name, "") for name in ("state", "verdict")}
        rows = stored.members(tx, found.id, after, limit + 1, **only)
    cursor = str(rows[limit - 1].place) if len(rows) > limit else None
    return {"items": [asdict(row) for row in rows[:limit]], "next_cursor": cursor}


@blueprint.route("/<string:batch_id>/<any(run, pause, cancel):step>", methods=["POST"])
@needs("operate")
@once
@blueprint.arguments(BatchStepBody)
def act(body: dict[str, Any], batch_id: str, step: str) -> Any:
    """Begin or go on, stop for a while, or give up what is left."""
    _mine(batch_id)
    by, reason = caller().who, body["reason"]
    if step == "run":
        options = {name: body[name] for name in ("which", "rate") if name in body}
        return batch_json(batches.run(installation(), batch_id, by=by, reason=reason, **options))
    do = batches.pause if step == "pause" else batches.cancel
    return batch_json(do(installation(), batch_id, by=by, reason=reason))


def checked_at_once(made: Batch) -> Batch:
    """A dry run of a few messages is complete in the answer; a long one goes on behind it."""
    until = time.monotonic() + _AT_ONCE_SECONDS
    while made.state == "checking" and time.monotonic() < until:
        check_some(installation(), made)
        made = batches.batch(installation(), made.id)
    return made


def batch_json(found: Batch) -> dict[str, Any]:
    """A batch for answers."""
    said = asdict(found) | {"left": found.left}
    return said | {"report": {name: value for name, value in found.report.items() if name != "releases"}}


def _mine(batch_id: str) -> Batch:
    """A batch as the caller may see it; another environment's is not there for a token."""
    found = batches.batch(installation(), batch_id)
    token = caller().token
    if token and found.environment != token.environment:
        raise NotFound(f"there is no batch {batch_id[:80]}")
    return found
