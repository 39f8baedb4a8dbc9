"""The pages: one blueprint a noun, rendered on the server, with htmx for parts of a page.

A request passes `access` (logged in, and the capability the page asks for), a view in the noun's
module asks the services of `app.design`, `app.runtime` and `app.storage`, a view model turns the
answer into plain values, and a template writes HTML. `frame` adds what every page shows; `display`
says how states, times and values look; `workspace` is the one way in which forms change a file.

Invariants:
- No page holds a rule of who may do what: it asks `current_user.can` only to leave buttons out, and
  the service refuses.
- Templates escape everything; there is no inline script or style, so the strict CSP holds.
- A form edits the text of a file through `dsl.edits` and is refused where somebody changed the file
  since the page was made (etag).
- static/ is built from client/ (`npm ci && npm run build`) and committed: running needs no Node.
"""

from flask import Flask

from app.web import (
    accounts,
    connections,
    display,
    editing,
    errors,
    exchange,
    flows,
    frame,
    handbooks,
    history,
    home,
    lookups,
    maps,
    messages,
    names,
    problems,
    reference,
    releases,
    replays,
    rules,
    rulesets,
    scheduled,
    search,
    session,
    static,
    tables,
    texts,
    trials,
    whereused,
)

__all__ = ["errors", "register"]

_NOUNS = (
    session, home, search, rulesets, texts, maps, tables, lookups, rules, flows, trials, releases, scheduled, messages,
    problems, connections, replays, editing, accounts, history, exchange, handbooks, reference, whereused,
    names,
)  # fmt: skip


def register(app: Flask) -> None:
    """Add the pages to the application."""
    static.register(app)
    display.register(app)
    frame.register(app)
    for noun in _NOUNS:
        app.register_blueprint(noun.blueprint)
