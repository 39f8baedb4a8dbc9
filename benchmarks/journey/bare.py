"""What intake is measured against: the same server and application, a view that does one insert and one commit.

The call is authenticated as intake does it, its body read as intake reads it; then one row is written.
"""

import os
from typing import Any

from flask import Flask, request
from sqlalchemy import text

from app.api.calls import installation, require
from app.factory import create_app
from app.front import Front
from app.security.bodies import read_body
from app.serving import THREADS, die_with_parent
from app.settings import load_settings
from app.storage.identity import new_id
from app.wiring import wire


def make() -> Flask:
    """The application with one path more, where calls of machines have their threads."""
    app = create_app(wire(load_settings()))

    @app.post("/v1/in/bare/insert")
    def bare() -> Any:
        require("send")
        body = read_body(request, installation().settings.body_limit)
        id = new_id(0)
        with installation().database.begin() as tx:
            tx.execute(text("INSERT INTO bare (id, body) VALUES (:id, :body)"), {"id": id, "body": body})
        return {"message_id": id}, 202

    return app


def __getattr__(name: str) -> Any:
    if name != "application":
        raise AttributeError(name)
    die_with_parent(os.getppid())
    return Front(make(), load_settings(), THREADS)
