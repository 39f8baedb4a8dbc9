"""Work on rule sets from a script or the editor: files, check, run, test, release."""

from typing import Any

from flask import Response, request

from app.api import schemas
from app.api.calls import caller, installation, needs
from app.api.document import Resource
from app.api.once import once
from app.design import releases, rulesets, samples, trials
from app.errors import AppError
from app.security import limits
from app.security.bodies import read_body
from app.storage.rulesets import RuleSet, StoredFile
from dsl import compatibility, usage
from rules import testing

blueprint = Resource(
    "v1-rulesets", __name__, url_prefix="/v1/rulesets", description="Rule sets being worked on"
)
_FILE = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}


class PreconditionRequired(AppError):
    """Say which content you have read: If-Match with its ETag, or If-None-Match: * for a new file."""

    code = "precondition_required"
    status = 428


@blueprint.route("", methods=["GET"])
@needs("view")
def index() -> Any:
    """All rule sets."""
    with installation().database.read() as connection:
        return {
            "items": [_ruleset(found) for found in rulesets.list_rulesets(connection)],
            "next_cursor": None,
        }


@blueprint.route("", methods=["POST"])
@needs("edit")
@once
@blueprint.arguments(schemas.ImportBody)
@blueprint.alt_response(201, description="The rule set")
def create(body: dict[str, Any]) -> Any:
    """A new rule set from its files as texts."""
    files = {path: text.encode() for path, text in body["files"].items()}
    with installation().database.begin() as tx:
        return _ruleset(rulesets.create_ruleset(tx, files, caller().who)), 201


@blueprint.route("/<string:name>", methods=["GET"])
@needs("view")
def show(name: str) -> Any:
    """One rule set with its files, their etags and last authors."""
    with installation().database.read() as connection:
        files = rulesets.list_files(connection, name)
        return {**_ruleset(rulesets.ruleset(connection, name)), "files": [_file(found) for found in files]}


@blueprint.route("/<string:name>/export", methods=["GET"])
@blueprint.doc(responses={"200": {"description": "The zip", "content": {"application/zip": {}}}})
@needs("view")
def export(name: str) -> Response:
    """All files as a zip."""
    with installation().database.read() as connection:
        content = rulesets.export_zip(connection, name)
    disposition = f'attachment; filename="{name}.zip"'
    return Response(content, content_type="application/zip", headers={"Content-Disposition": disposition})


@blueprint.route("/<string:name>/files/<path:path>", methods=["GET"])
@blueprint.doc(
    responses={"200": {"description": "The bytes", "content": {"text/plain": {}, "application/json": {}}}}
)
@needs("view")
def read_file(name: str, path: str) -> Any:
    """The bytes of a file, with its ETag."""
    with installation().database.read() as connection:
        found = rulesets.read_file(connection, name, path)
    response = Response(
        found.content, content_type=_media_type(path), headers={"X-Updated-By": found.updated_by}
    )
    response.set_etag(found.etag)
    response.headers["Content-Disposition"] = "attachment"
    return response.make_conditional(request)


@blueprint.route("/<string:name>/files/<path:path>", methods=["PUT"])
@blueprint.doc(**_FILE)
@needs("edit")
@once
def write_file(name: str, path: str) -> Any:
    """Write a file: If-Match with the ETag that was read, or If-None-Match: * for a new one."""
    expected = _precondition()
    content = read_body(request, rulesets.FILE_LIMIT)
    with installation().database.begin() as tx:
        stored = rulesets.write_file(tx, name, path, content, caller().person, expected)
    return _file(stored), 200, {"ETag": f'"{stored.etag}"'}


@blueprint.route("/<string:name>/files/<path:path>", methods=["DELETE"])
@needs("edit")
@once
@blueprint.alt_response(204, description="It is gone")
def delete_file(name: str, path: str) -> Any:
    """Delete a file; If-Match with the ETag that was read."""
    expected = _precondition()
    with installation().database.begin() as tx:
        rulesets.delete_file(tx, name, path, caller().person, expected)
    return "", 204


@blueprint.route("/<string:name>/check", methods=["POST"])
@needs("view")
@blueprint.arguments(schemas.CheckBody)
def check(body: dict[str, Any], name: str) -> Any:
    """Every diagnostic of the files, unsaved texts laid over them."""
    return trials.check_json(trials.check_files(_overlaid(name, body)))


@blueprint.route("/<string:name>/where-used", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.UsageQuery, location="query")
def where_used(query: dict[str, Any], name: str) -> Any:
    """What depends on a field, lookup, table or function: the uses, the way to each, nearest first."""
    program = trials.check_files(_overlaid(name, {"files": {}}))
    return usage.as_json(program, usage.where_used(program, query["of"]))


@blueprint.route("/<string:name>/compatibility", methods=["GET"])
@needs("view")
@blueprint.arguments(schemas.CompatibilityQuery, location="query")
def compatible(query: dict[str, Any], name: str) -> Any:
    """Schemas with several versions: what changed between each two, and which messages are refused because of it."""
    chains = compatibility.chains(trials.check_files(_overlaid(name, {"files": {}})).schemas.values())
    found = [
        verdict
        for chain in chains.values()
        for verdict in compatibility.check_chain(chain, not query["neighbours"])
    ]
    return {"items": [compatibility.verdict_json(verdict) for verdict in found], "next_cursor": None}


@blueprint.route("/<string:name>/run", methods=["POST"])
@needs("view")
@blueprint.arguments(schemas.RunBody)
def run(body: dict[str, Any], name: str) -> Any:
    """What a flow or map makes of a sample, and why; nothing is stored or sent."""
    files = _overlaid(name, body)
    return trials.preview(files, body["subject"], body["sample"], body["document"], body.get("now"))


@blueprint.route("/<string:name>/samples", methods=["GET"])
@needs("view")
def list_samples(name: str) -> Any:
    """The names of the samples."""
    with installation().database.read() as connection:
        return {"items": samples.sample_names(rulesets.read_files(connection, name)), "next_cursor": None}


@blueprint.route("/<string:name>/test", methods=["POST"])
@needs("view")
@blueprint.arguments(schemas.CheckBody)
def test(body: dict[str, Any], name: str) -> Any:
    """Run the test blocks."""
    return testing.to_json(trials.run_tests(_overlaid(name, body)))


@blueprint.route("/<string:name>/release", methods=["POST"])
@needs("release")
@once
@blueprint.arguments(schemas.ReleaseBody)
@blueprint.alt_response(201, description="The release")
def release(body: dict[str, Any], name: str) -> Any:
    """Make the present files a release; refused while there are errors or tests fail."""
    with installation().database.read() as connection:
        files = rulesets.read_files(connection, name)
    releases.build(files)
    with installation().database.begin() as tx:
        return releases.public(releases.cut_release(tx, name, caller().person, body["note"])), 201


@blueprint.route("/<string:name>/changes", methods=["GET"])
@needs("view")
def changes(name: str) -> Any:
    """What the files change since the latest release."""
    with installation().database.read() as connection:
        return releases.compare_draft(connection, name)


def _overlaid(name: str, body: dict[str, Any]) -> dict[str, bytes]:
    """The stored files with unsaved texts over them; so many a minute, as trials cost time."""
    with limits.limited(limits.TRIALS, lambda: caller().who), installation().database.read() as connection:
        files = rulesets.read_files(connection, name)
    for path, text in body["files"].items():
        clean = rulesets.clean_path(path)
        if text is None:
            files.pop(clean, None)
        else:
            files[clean] = text.encode()
    return files


def _precondition() -> str:
    if request.headers.get("If-None-Match", "").strip() == "*":
        return ""
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not given or given == "*":
        raise PreconditionRequired()
    return given


def _media_type(path: str) -> str:
    return "application/json" if path.endswith(".json") else "text/plain; charset=utf-8"


def _ruleset(found: RuleSet) -> dict[str, Any]:
    return {
        "name": found.name,
        "title": found.title,
        "created_by": found.created_by,
        "created_at": found.created_at,
    }


def _file(found: StoredFile) -> dict[str, Any]:
    return {
        "path": found.path,
        "size": len(found.content),
        "etag": found.etag,
        "updated_by": found.updated_by,
        "updated_at": found.updated_at,
    }
