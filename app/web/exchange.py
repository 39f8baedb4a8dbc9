"""Tables and value maps from and to files of other tools: shown as a proposal, then taken over."""

import io
import json
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.design import exchange, rulesets
from app.design.errors import EditConflict, ImportRefused
from app.web.access import installation, requires
from app.web.differences import differences
from app.web.errors import page_blueprint
from app.web.workspace import Workspace, open_workspace
from dsl.exchange.content import POLICIES
from dsl.exchange.sheet_reading import Wish

blueprint = page_blueprint("exchange", __name__)


@blueprint.get("/rulesets/<name>/out/<item>.<format>")
@requires("view")
def take_out(name: str, item: str, format: str) -> Any:
    """A table or value map as a file."""
    if format not in exchange.MEDIA_TYPES:
        raise BadRequest("A table can be taken out as xlsx, csv or dmn.")
    content = exchange.take_out(open_workspace(name).files, item, format)
    media_type = exchange.MEDIA_TYPES[format]
    return send_file(io.BytesIO(content), media_type, as_attachment=True, download_name=f"{item}.{format}")


@blueprint.get("/rulesets/<name>/bring-in")
@requires("edit")
def show(name: str) -> Any:
    """Choose a file and say what it leaves out."""
    return _page(open_workspace(name))


@blueprint.post("/rulesets/<name>/bring-in")
@requires("edit")
def bring_in(name: str) -> Any:
    """What a chosen file would change; or, once that was seen, the change itself."""
    here = open_workspace(name)
    if "proposal" in request.form:
        return _take_over(here, request.form["proposal"])
    upload, form = request.files.get("file"), request.form
    if upload is None or not upload.filename:
        return _page(here, refused=ImportRefused("Choose a file: DMN, CSV or Excel.")), 422
    outputs = tuple(part.strip() for part in form.get("outputs", "").split(",") if part.strip())
    wish = Wish(form.get("kind", ""), form.get("item", "").strip(), form.get("policy", ""), outputs)
    try:
        made = exchange.propose(here.files, upload.filename, upload.read(exchange.LARGEST + 1), wish)
    except ImportRefused as error:
        return _page(here, refused=error), error.status
    return _page(here, made)


def _take_over(here: Workspace, proposal: str) -> Any:
    """Write what was shown, over the state it was shown for."""
    texts, etags = _proposed(proposal)
    try:
        with installation().database.begin() as tx:
            for path, text in texts.items():
                rulesets.write_file(tx, here.name, path, text.encode(), current_user.login, etags[path])
    except EditConflict as error:
        refused = ImportRefused(f"{error.message}. Choose the file again to see what it changes now.")
        return _page(open_workspace(here.name), refused=refused), error.status
    flash(f"Brought in: {', '.join(texts)}.", "ok")
    return redirect(url_for("rulesets.show", name=here.name), 303)


def _proposed(proposal: str) -> tuple[dict[str, str], dict[str, str]]:
    try:
        said = json.loads(proposal)
        return dict(said["texts"]), {path: str(said["etags"][path]) for path in said["texts"]}
    except (ValueError, KeyError, TypeError):
        raise BadRequest("The proposal is not one of this page.") from None


def _page(
    here: Workspace, made: exchange.Proposal | None = None, refused: ImportRefused | None = None
) -> str:
    texts: Mapping[str, str] = made.texts if made else {}
    etags = {path: here.stored[path].etag if path in here.stored else "" for path in texts}
    return render_template(
        "bring_in.html",
        here=here,
        made=made,
        refused=refused,
        policies=POLICIES,
        item=request.values.get("item", ""),
        changes=[(path, list(differences(_present(here, path), text))) for path, text in texts.items()],
        proposal=json.dumps({"texts": dict(texts), "etags": etags}),
        findings=_findings(here, texts),
    )


def _present(here: Workspace, path: str) -> str:
    return here.text(path) if path in here.files else ""


def _findings(here: Workspace, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """What would be wrong in the files that change."""
    if not texts:
        return []
    there = here
    for path, text in texts.items():
        there = there.with_text(path, text)
    return [found for found in there.findings() if found["file"] in texts]
