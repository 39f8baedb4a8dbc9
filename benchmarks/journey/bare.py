"""What intake is measured against: the same server and application, a view that does one insert and one commit.

The call is authenticated as intake does it, its body read as intake reads it; then one row is written. Once by
the application, and once by the short way that intake takes as well, with a commit of its own for every call.
"""

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask, request
from sqlalchemy import text

from app.api.calls import installation, require
from app.collector import collect_seldom
from app.express import Express
from app.factory import create_app
from app.front import Answer, Front
from app.parents import die_with_parent
from app.runtime.installation import Installation
from app.security import tokens
from app.security.bodies import read_body
from app.serving import THREADS
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


class Shortcut(Express):
    """The short way of intake; the bare path beside it looks at a call in the same way and writes one row."""

    def __init__(self, installation: Installation, threads: int) -> None:
        super().__init__(installation, threads)
        self._bare = ThreadPoolExecutor(threads, "bare")

    async def answer(self, scope: Any, body: bytes) -> Answer | None:
        """Bare calls here, all others as always."""
        if scope.path != "/v1/in/bare.short":
            return await super().answer(scope, body)
        offer = self._offer(scope, body)
        if offer is None:  # the token is not known any more: intake would have the application verify it
            with self._installation.database.read() as tx:
                said = scope.headers.get("authorization").partition(" ")[2]
                self._installation.tokens.remember(said, tokens.verify(tx, said), time.monotonic())
        id = await asyncio.get_running_loop().run_in_executor(self._bare, self._insert, body)
        told = json.dumps({"message_id": id}).encode()
        return self._answer(202, told, {"Content-Type": "application/json"}, "")

    def _insert(self, body: bytes) -> str:
        id = new_id(0)
        with self._installation.database.begin() as tx:
            tx.execute(text("INSERT INTO bare (id, body) VALUES (:id, :body)"), {"id": id, "body": body})
        return id


def __getattr__(name: str) -> Any:
    if name != "application":
        raise AttributeError(name)
    die_with_parent(os.getppid())
    app = make()
    front = Front(app, load_settings(), THREADS, Shortcut(app.extensions["mapwright"], THREADS))
    collect_seldom()
    return front
