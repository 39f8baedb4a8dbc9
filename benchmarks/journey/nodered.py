"""Node-RED from npm with the same task: in over HTTP, rules and map, out to the target. It stores nothing.

It answers the sender at once and then sends; or, synchronous, answers with what the map made. Once with a
function node, once with JSONata in change and switch nodes, as people who don't write code do it.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.journey import ruleset
from benchmarks.journey.stage import ROOT, free_port

FOLDER = ROOT / "var" / "bench"
PROGRAM = FOLDER / "node_modules" / "node-red" / "red.js"


def missing() -> str:
    """What is not there, if something is not."""
    if shutil.which("node") is None:
        return "Node-RED is not measured: there is no node"
    return (
        ""
        if PROGRAM.is_file()
        else "Node-RED is not measured: it is installed by `make bench`, with npm, into var/bench"
    )


class NodeRed:
    """A Node-RED of its own: its folder, its port, its flows."""

    def __init__(self, folder: Path, target: str) -> None:
        self.port = free_port()
        self._folder = folder
        folder.mkdir(parents=True)
        settings = {
            "uiHost": "127.0.0.1",
            "uiPort": self.port,
            "httpAdminRoot": False,
            "flowFile": "flows.json",
        }
        quiet = {"logging": {"console": {"level": "warn"}}, "diagnostics": {"enabled": False}}
        more = {"credentialSecret": False, "telemetry": {"enabled": False}}
        text = json.dumps({**settings, **quiet, **more})
        (folder / "settings.js").write_text(f"module.exports = {text};\n")
        (folder / "flows.json").write_text(json.dumps(flows(target)))

    @property
    def ready(self) -> str:
        """Answers as soon as the flows run."""
        return f"http://127.0.0.1:{self.port}/ready"

    def command(self) -> list[str]:
        """How it is started."""
        folder = str(self._folder)
        return [
            str(shutil.which("node")),
            str(PROGRAM),
            "--userDir",
            folder,
            "--settings",
            f"{folder}/settings.js",
        ]


def flows(target: str) -> list[dict[str, Any]]:
    """Five paths: ready, and both kinds of nodes with and without waiting for the result."""
    made: list[dict[str, Any]] = [{"id": "tab", "type": "tab", "label": "bench"}]
    made += [_entry("ready", "get", ["ready-out"]), _answer("ready-out", 200)]
    for kind, nodes in (("function", _function), ("jsonata", _jsonata)):
        made += [_entry(kind, "post", [f"{kind}-at-once", f"{kind}-first"]), _answer(f"{kind}-at-once", 202)]
        made += nodes(kind, f"{kind}-send")
        made += [_sending(f"{kind}-send", target)]
        made += [_entry(f"{kind}-reply", "post", [f"{kind}-reply-first"])]
        made += [*nodes(f"{kind}-reply", f"{kind}-reply-out"), _answer(f"{kind}-reply-out", 200)]
    return made


def _node(id: str, type: str, following: list[str], **more: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "z": "tab", "name": id, "wires": [following], "x": 1, "y": 1, **more}


def _entry(path: str, method: str, following: list[str]) -> dict[str, Any]:
    return _node(path, "http in", following, url=f"/{path}", method=method, upload=False, swaggerDoc="")


def _answer(id: str, status: int) -> dict[str, Any]:
    return {**_node(id, "http response", []), "statusCode": str(status), "headers": {}}


def _sending(id: str, target: str) -> dict[str, Any]:
    return _node(
        id,
        "http request",
        [],
        method="POST",
        ret="txt",
        paytoqs="ignore",
        url=target,
        tls="",
        persist=True,
        proxy="",
        insecureHTTPParser=False,
        authType="",
        senderr=False,
        headers=[],
    )


def _function(id: str, following: str) -> list[dict[str, Any]]:
    return [
        _node(
            f"{id}-first",
            "function",
            [following],
            func=ruleset.javascript(),
            outputs=1,
            timeout=0,
            noerr=0,
            initialize="",
            finalize="",
            libs=[],
        ),
    ]


def _jsonata(id: str, following: str) -> list[dict[str, Any]]:
    """The rules as a count of refusals, a switch that lets none through, then the map."""
    refusals, made = ruleset.jsonata()
    return [
        _change(f"{id}-first", "refusals", refusals, f"{id}-second"),
        _node(
            f"{id}-second",
            "switch",
            [f"{id}-third"],
            property="refusals",
            propertyType="msg",
            rules=[{"t": "eq", "v": "0", "vt": "num"}],
            checkall="true",
            repair=False,
            outputs=1,
        ),
        _change(f"{id}-third", "payload", made, following),
    ]


def _change(id: str, property: str, expression: str, following: str) -> dict[str, Any]:
    rule = {"t": "set", "p": property, "pt": "msg", "to": expression, "tot": "jsonata"}
    return _node(id, "change", [following], rules=[rule], action="", property="", reg=False)
