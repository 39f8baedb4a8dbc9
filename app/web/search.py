"""Search over everything: constructs of the rule sets, releases, messages by key or text."""

from typing import Any

from flask import render_template, request, url_for

from app.design import rulesets
from app.storage import queries, releases
from app.web.access import installation, requires
from app.web.errors import page_blueprint
from app.web.frame import current_environment
from app.web.workspace import CONSTRUCT_PAGES, open_workspace

blueprint = page_blueprint("search", __name__)


@blueprint.get("/search")
@requires("view")
def show() -> Any:
    """Everything that the words fit."""
    words = request.args.get("q", "").strip()
    here = current_environment()
    found: dict[str, Any] = {"constructs": [], "messages": [], "releases": []}
    if words:
        with installation().database.read() as connection:
            names = [one.name for one in rulesets.list_rulesets(connection)]
            found["messages"] = _messages(connection, here, words)
            found["releases"] = [r for r in releases.release_records(connection) if _fits(r, words)][:20]
        found["constructs"] = [hit for name in names for hit in _constructs(name, words.lower())]
    return render_template("search.html", words=words, found=found, here=here)


def _messages(connection: Any, environment: str, words: str) -> list[Any]:
    return queries.search_messages(connection, environment, q=words, limit=20).items


def _fits(record: Any, words: str) -> bool:
    return words.lower() in record.note.lower() or record.id.startswith(words) or words == f"r{record.number}"


def _constructs(name: str, words: str) -> list[dict[str, str]]:
    here = open_workspace(name)
    hits = [
        {
            "kind": kind,
            "name": node.name,
            "ruleset": here.title,
            "url": url_for(page, name=name, item=node.name),
        }
        for kind, page in CONSTRUCT_PAGES.items()
        for _, node in here.declarations(kind)
        if words in node.name.lower()
    ]
    files = [path for path in here.files if words in path.lower()]
    return hits + [
        {
            "kind": "file",
            "name": path,
            "ruleset": here.title,
            "url": url_for("texts.show", name=name, path=path),
        }
        for path in files
    ]
