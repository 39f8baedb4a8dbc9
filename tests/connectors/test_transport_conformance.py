"""http and file pass the conformance suite against a real server and real folders."""

import json
import os

import pytest

from connectors.registry import transports
from connectors.testing import check_transport


class HttpSinkBench:
    """The test server as a target; unreachable is a port nobody listens at."""

    def __init__(self, target, unused_url):
        self.target = target
        self.settings = {"url": target.url, "allow_private": True}
        self.unreachable = {"url": unused_url, "allow_private": True}

    def received(self):
        return [request["body"] for request in self.target.requests if request["method"] != "OPTIONS"]


class HttpSourceBench:
    """The test server as a list of waiting entries."""

    def __init__(self, target):
        self.target, self.waiting = target, []
        self.settings = {"url": target.url, "allow_private": True, "entries": "array"}

    def put(self, body):
        self.waiting.append(json.loads(body))
        self.target.answer = lambda handler: handler.reply(200, json.dumps(self.waiting).encode())


class FileSinkBench:
    """A folder as a target; unreachable is one that is not there."""

    def __init__(self, folder):
        self.folder = folder / "out"
        self.folder.mkdir()
        self.settings = {"folder": str(self.folder)}
        self.unreachable = {"folder": str(folder / "nowhere")}

    def received(self):
        names = [name for name in os.listdir(self.folder) if not name.startswith(".")]
        paths = sorted((self.folder / name for name in names), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in paths]


class FileSourceBench:
    """A folder as an origin."""

    def __init__(self, folder):
        self.folder, self.count = folder / "in", 0
        self.folder.mkdir()
        self.settings = {"folder": str(self.folder), "min_age": 0}

    def put(self, body):
        self.count += 1
        path = self.folder / f"{self.count}.json"
        path.write_bytes(body)
        os.utime(path, (1_000_000 + self.count, 1_000_000 + self.count))


def test_http(target, unused_url):
    check_transport(transports()["http"], HttpSinkBench(target, unused_url), HttpSourceBench(target))


def test_file(tmp_path):
    check_transport(transports()["file"], FileSinkBench(tmp_path), FileSourceBench(tmp_path))


@pytest.mark.parametrize("name", sorted(transports()))
def test_every_transport_has_a_conformance_test(name):
    assert f"test_{name}" in globals()
