"""Releases: the whole rule set as canonical JSON, known by its hash, the same bytes in every environment."""

import hashlib
import json
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from dsl.checker import check
from dsl.diagnostics import Severity
from rules.codes import CodeStore
from rules.compiler import VERSION, Compiled, compile_program
from rules.errors import ReleaseRefused, ReleaseTampered
from rules.testing import run_tests

FORMAT = 1
KEPT = 16


@dataclass(frozen=True, slots=True)
class Release:
    """An immutable rule set; `id` is the sha256 of `content`."""

    id: str
    content: bytes
    name: str
    compiler_version: str

    def files(self) -> dict[str, bytes]:
        """The files of the rule set, by path."""
        return {path: text.encode() for path, text in json.loads(self.content)["files"].items()}


def build_release(files: Mapping[str, bytes], samples: Mapping[str, Any] | None = None) -> Release:
    """Check, test and freeze a rule set; `samples` are decoded documents by file name.

    Errors: ReleaseRefused with the diagnostics and the test report.
    """
    program = check(dict(files))
    if not program.ok:
        errors = sum(d.severity is Severity.ERROR for d in program.diagnostics)
        raise ReleaseRefused(f"the rule set has {errors} errors", program.diagnostics)
    report = run_tests(compile_program(program), samples or {})
    if not report.passed:
        failed = sum(not result.passed for result in report.results)
        raise ReleaseRefused(f"{failed} tests fail", program.diagnostics, report)
    content = canonical_json(
        {
            "format": FORMAT,
            "name": program.manifest.name,
            "language": program.manifest.language,
            "compiler": VERSION,
            "files": {path: data.decode() for path, data in files.items() if belongs(path)},
        }
    )
    return Release(hashlib.sha256(content).hexdigest(), content, program.manifest.name, VERSION)


def belongs(path: str) -> bool:
    """Whether a file is part of a release: manifest, modules, schemas, lookups."""
    return path == "ruleset.toml" or path.endswith(".mw") or path.startswith(("schemas/", "lookups/"))


def canonical_json(value: Any) -> bytes:
    """One byte sequence for one content: NFC, sorted keys, no white space."""
    return json.dumps(_normal(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {_normal(key): _normal(inner) for key, inner in value.items()}
    return value


def load_release(id: str, content: bytes) -> Release:
    """A stored release; raises ReleaseTampered if the content is not the one the id names."""
    actual = hashlib.sha256(content).hexdigest()
    if actual != id:
        raise ReleaseTampered(details={"expected": id, "actual": actual})
    document = json.loads(content)
    if document.get("format") != FORMAT:
        raise ReleaseTampered(f"release format {document.get('format')} is not known", {"expected": id})
    return Release(id, content, document["name"], document["compiler"])


_compiled: OrderedDict[str, Compiled] = OrderedDict()
_lock = Lock()


def compile_release(release: Release, store: CodeStore | None = None) -> Compiled:
    """The release ready to run; the last few used are kept, and its code objects in a store beside."""
    with _lock:
        if release.id in _compiled:
            _compiled.move_to_end(release.id)
            return _compiled[release.id]
    compiled = compile_program(check(release.files()), release.id, store)
    with _lock:
        _compiled[release.id] = compiled
        while len(_compiled) > KEPT:
            _compiled.popitem(last=False)
    return compiled
