"""The front of the product's web server behind the small server of a test: plain calls go the short way here too."""

import asyncio
import threading
from typing import Any

from app.express import Express
from app.factory import create_app
from app.front import Front
from app.runtime.installation import Installation
from tests.app.api.fronted import Answered, scope_of

THREADS = 16


class Fronted:
    """A WSGI application that hands every call to the front, in the one loop that it lives in."""

    def __init__(self, installation: Installation) -> None:
        shortcut = Express(installation, THREADS)
        self._front = Front(create_app(installation), installation.settings, THREADS, shortcut)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        """One call, read whole."""
        length = environ.get("CONTENT_LENGTH") or "0"
        proto = Answered([environ["wsgi.input"].read(int(length))])
        asyncio.run_coroutine_threadsafe(self._front.__rsgi__(scope_of(environ), proto), self._loop).result()
        start(f"{proto.status} told", [h for h in proto.headers if h[0] != "Connection"])
        return [proto.body]
