"""Bodies of requests: complete or refused, whatever the server in front says.

The server hands over a body that broke off as if it were whole: the length read is compared with
the length announced, and a chunked body, which announces none, needs a Content-Digest (RFC 9530).
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Any

from flask import Request

from app.errors import TooLarge
from app.security.errors import BodyIncomplete, LengthRequired

_CHUNK = 64 * 1024
_DIGEST = re.compile(r"sha-(256|512)=:([A-Za-z0-9+/=]+):")


class CompleteInput:
    """A `wsgi.input` that raises where the body ends before its announced length."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._missing = stream, length

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that is left where it is negative."""
        wanted = self._missing if size < 0 else min(size, self._missing)
        parts = []
        while wanted:
            part = self._stream.read(wanted)
            if not part:
                raise BodyIncomplete(f"{self._missing} bytes of the body are missing")
            parts.append(part)
            wanted -= len(part)
            self._missing -= len(part)
        return b"".join(parts)

    def readline(self, size: int = -1) -> bytes:
        """Not split by lines: forms are read in blocks."""
        return self.read(size if size >= 0 else _CHUNK)


class Guard:
    """WSGI middleware: every announced length is held to, for pages and API alike."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Wrap the body, then go on."""
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdecimal():
            environ["wsgi.input"] = CompleteInput(environ["wsgi.input"], int(length))
        return self._app(environ, start_response)


def read_body(request: Request, limit: int) -> bytes:
    """The whole body of a machine's call.

    Errors: LengthRequired, TooLarge (before a byte is read where the length says so), BodyIncomplete.
    """
    digest = request.headers.get("Content-Digest", "")
    announced = request.headers.get("Content-Length", "")
    if not announced.isdecimal() and not digest:
        raise LengthRequired()
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge(f"the body has {int(announced):,} bytes, the limit is {limit:,}", {"limit": limit})
    body = _read(request.environ["wsgi.input"], int(announced) if announced.isdecimal() else limit + 1)
    if len(body) > limit:
        raise TooLarge(f"the body has more than {limit:,} bytes", {"limit": limit})
    if announced.isdecimal() and len(body) != int(announced):
        raise BodyIncomplete(f"{int(announced) - len(body)} bytes of the body are missing")
    if digest and not _agrees(digest, body):
        raise BodyIncomplete("the body does not have the digest its header says")
    return body


def _read(stream: Any, limit: int) -> bytes:
    parts, missing = [], limit
    while missing:
        part = stream.read(min(_CHUNK, missing))
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _agrees(header: str, body: bytes) -> bool:
    found = _DIGEST.findall(header)
    try:
        return bool(found) and all(
            hmac.compare_digest(
                base64.b64decode(said, validate=True), hashlib.new(f"sha{bits}", body).digest()
            )
            for bits, said in found
        )
    except binascii.Error:
        return False
