"""Rule sets: the list, one's overview, bringing one in and taking one out as a zip."""

import io
import zipfile
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.design import rulesets
from app.storage import environments, releases
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.workspace import CONSTRUCT_PAGES, Workspace, open_workspace
from dsl import syntax

blueprint = page_blueprint("rulesets", __name__)

_EXPANDED_LIMIT = 50_000_000
_SECTIONS = (
    ("maps", "Maps", ("map",)),
    ("tables", "Tables", ("table",)),
    ("lookups", "Value maps", ("lookup",)),
    ("rules", "Rules and flows", ("flow", "rules", "playbook")),
)


@blueprint.get("/rulesets")
@requires("view")
def index() -> Any:
    """All rule sets with what is live of them."""
    with installation().database.read() as connection:
        sets = rulesets.list_rulesets(connection)
        chain = environments.environments(connection)
        live = {(d.ruleset, d.environment): d.release_id for d in environments.deployments(connection)}
        numbers = {r.id: r.number for r in releases.release_records(connection)}
    rows = [
        {"ruleset": one, "live": [numbers.get(live.get((one.name, stage.name), "")) for stage in chain]}
        for one in sets
    ]
    return render_template("rulesets.html", rows=rows, chain=chain)


@blueprint.post("/rulesets")
@requires("edit")
def bring_in() -> Any:
    """A new rule set, or a new state of one, from a zip."""
    upload = request.files.get("zip")
    if upload is None or not upload.filename:
        raise BadRequest("Choose a zip file with a rule set: ruleset.toml, maps, schemas, lookups, samples.")
    files = _unpack(upload.read())
    with installation().database.begin() as tx:
        made = rulesets.import_files(tx, files, current_user.login)
    flash(f"{made.title} was brought in with {len(files)} files.", "ok")
    return redirect(url_for("rulesets.show", name=made.name))


@blueprint.get("/rulesets/<name>")
@requires("view")
def show(name: str) -> Any:
    """What a rule set holds and what is wrong with it."""
    here = open_workspace(name)
    program = here.trial.program
    return render_template(
        "ruleset.html",
        here=here,
        findings=here.findings(),
        sections=[_section(here, *one) for one in _SECTIONS],
        data=sorted(program.lookups.values(), key=lambda lookup: lookup.name),
        datasets=sorted(program.datasets.values(), key=lambda dataset: dataset.node.name),
        schemas=sorted(program.schemas.values(), key=lambda schema: schema.path),
        tests=_tests(here),
    )


@blueprint.get("/rulesets/<name>.zip")
@requires("view")
def take_out(name: str) -> Any:
    """All files as a zip."""
    with installation().database.read() as connection:
        content = rulesets.export_zip(connection, name)
    return send_file(io.BytesIO(content), "application/zip", as_attachment=True, download_name=f"{name}.zip")


def _section(here: Workspace, anchor: str, title: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    rows = [_row(here, kind, path, node) for kind in kinds for path, node in here.declarations(kind)]
    return {"id": anchor, "title": title, "rows": rows}


def _row(here: Workspace, kind: str, path: str, node: Any) -> dict[str, Any]:
    findings = here.findings(f"{kind}/{node.name}")
    return {
        "name": node.name,
        "url": url_for(CONSTRUCT_PAGES[kind], name=here.name, item=node.name),
        "says": _says(node),
        "path": path,
        "line": here.trial.program.sources[path].position(node.span.start)[0],
        "errors": sum(found["severity"] == "error" for found in findings),
        "findings": len(findings),
    }


def _says(node: Any) -> str:
    match node:
        case syntax.Map():
            read = ", ".join(p.schema or p.name for p in node.parameters)
            return f"{read} -> {node.target}"
        case syntax.Table():
            columns = [", ".join(c.name for c in side) for side in (node.inputs, node.outputs)]
            return f"{' => '.join(columns)}; {len(node.rows)} rows, policy {node.policy}"
        case syntax.Lookup():
            return f"{len(node.rows)} rows"
        case syntax.Rules():
            return f"{len(node.rules)} rules about {node.parameter.schema or node.parameter.name}"
        case syntax.Playbook():
            return f"what is done about failures; {len(node.reactions)} reactions"
        case _:
            return f"receives {node.endpoint}"


def _tests(here: Workspace) -> list[tuple[str, Any]]:
    modules = sorted(here.trial.program.modules.items())
    return [(path, n) for path, m in modules for n in m.declarations if isinstance(n, syntax.Test)]


def _unpack(content: bytes) -> dict[str, bytes]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise BadRequest("This is no zip file.") from None
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if sum(info.file_size for info in infos) > _EXPANDED_LIMIT or len(infos) > rulesets.FILES_LIMIT:
        raise BadRequest("The zip unpacks to more than a rule set may hold.")
    names = [info.filename for info in infos]
    root = next(
        (n.removesuffix(rulesets.MANIFEST) for n in sorted(names, key=len) if n.endswith(rulesets.MANIFEST)),
        "",
    )
    kept = [info for info in infos if info.filename.startswith(root) and "/." not in f"/{info.filename}"]
    return {info.filename.removeprefix(root): _read(archive, info) for info in kept}


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) > info.file_size:
        raise BadRequest(f"{info.filename} is larger than the zip says.")
    return content
