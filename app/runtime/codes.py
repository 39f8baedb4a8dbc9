"""Compiled code in the data folder, signed: nobody but this installation can put code there that is run."""

import hashlib
import hmac
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

MOST_FILES = 64
_SIGNATURE = hashlib.sha256().digest_size
_PURPOSE = b"mapwright compiled code v1"


class SignedFolder:
    """Files by name, each with a signature over its name and its content; a file that does not verify is no file.

    The key is derived from the secret keys of the installation: the first signs, the others still verify.
    """

    def __init__(self, folder: Path, secret_keys: Sequence[str]) -> None:
        self._folder = folder
        self._keys = [hmac.digest(key.encode(), _PURPOSE, "sha256") for key in secret_keys]

    def get(self, name: str) -> bytes | None:
        """What was put under this name, if nobody has touched it since."""
        try:
            stored = self._path(name).read_bytes()
        except OSError:
            return None
        signature, content = stored[:_SIGNATURE], stored[_SIGNATURE:]
        known = [hmac.compare_digest(signature, self._sign(key, name, content)) for key in self._keys]
        return content if any(known) else None

    def put(self, name: str, content: bytes) -> None:
        """Write whole or not at all; a folder that can't be written to keeps nothing."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(self._sign(self._keys[0], name, content) + content)
            os.replace(temporary, self._path(name))
            self._tidy()

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}.code"

    def _sign(self, key: bytes, name: str, content: bytes) -> bytes:
        return hmac.digest(key, hashlib.sha256(name.encode()).digest() + content, "sha256")

    def _tidy(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in files[MOST_FILES:]:
            path.unlink(missing_ok=True)
