"""A rule set as pages work on it: its files, the checked program, and the one way a form writes a file."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask_login import current_user

from app.design import history, rulesets, samples, trials
from app.errors import NotFound
from app.storage.rulesets import StoredFile
from app.web.access import installation
from dsl import syntax
from dsl.diagnostics import Diagnostic, to_json
from dsl.parser import Parsed, parse
from dsl.source import Source

_KINDS: dict[str, type] = {
    "map": syntax.Map,
    "table": syntax.Table,
    "lookup": syntax.Lookup,
    "rules": syntax.Rules,
    "flow": syntax.Flow,
    "playbook": syntax.Playbook,
}
CONSTRUCT_PAGES = {
    "map": "maps.show",
    "table": "tables.show",
    "lookup": "lookups.show",
    "rules": "rules.show",
    "flow": "flows.show",
    "playbook": "flows.show_playbook",
}
"""The page of a construct, by kind; it takes `name`, the rule set, and `item`, the construct."""


@dataclass(frozen=True)
class Workspace:
    """One state of a rule set's files; `with_text` gives another without storing it."""

    name: str
    title: str
    stored: dict[str, StoredFile]
    files: dict[str, bytes]

    @cached_property
    def trial(self) -> trials.Trial:
        """The checked program with its samples."""
        return trials.trial(self.files)

    @cached_property
    def sample_names(self) -> list[str]:
        """The samples by name."""
        return samples.sample_names(self.files)

    def text(self, path: str) -> str:
        """A file as text."""
        return self.files[path].decode("utf-8", "replace")

    def parsed(self, path: str) -> Parsed:
        """A module with its lossless tree."""
        return parse(Source(path, self.text(path)))

    def steps(self, path: str) -> history.Steps:
        """What undo and redo would do to a file."""
        with installation().database.read() as connection:
            return history.steps(connection, self.name, path)

    def with_text(self, path: str, text: str) -> "Workspace":
        """The same rule set with one file changed, for checking and previews."""
        return replace(self, files={**self.files, path: text.encode()})

    def declarations(self, kind: str) -> list[tuple[str, Any]]:
        """(path, node) of every map, table, lookup, rules or flow, in the order of files and lines."""
        of = _KINDS[kind]
        modules = sorted(self.trial.program.modules.items())
        return [
            (path, node) for path, module in modules for node in module.declarations if isinstance(node, of)
        ]

    def find(self, kind: str, name: str) -> tuple[str, Any]:
        """Where a construct stands and its node; NotFound where nothing of that name parses."""
        for path, node in self.declarations(kind):
            if node.name == name:
                return path, node
        raise NotFound(
            f"the rule set {self.name} has no {kind} {name} (or the line that names it does not parse)"
        )

    def findings(self, subject: str = "") -> list[dict[str, Any]]:
        """Diagnostics as data, of one construct or of all; `place` tells equal codes apart."""
        program = self.trial.judged
        chosen = [d for d in program.diagnostics if belongs(d, subject)]
        return [
            {**to_json(d, program.sources), "place": f"{d.file}:{d.span.start}", "message": with_evidence(d)}
            for d in chosen
        ]

    def findings_of(self, path: str, node: Any) -> list[dict[str, Any]]:
        """Diagnostics on the lines of one construct."""
        source = self.trial.program.sources[path]
        first, last = source.position(node.span.start)[0], source.position(node.span.end)[0]
        return [f for f in self.findings() if f["file"] == path and first <= f["line"] <= last]

    def fix_edits(self, code: str, place: str, number: int) -> Any:
        """The edits of an offered fix; NotFound where the finding is gone."""
        for found in self.trial.judged.diagnostics:
            if (
                found.code == code
                and place == f"{found.file}:{found.span.start}"
                and number < len(found.fixes)
            ):
                return found.fixes[number].edits
        raise NotFound("this finding is no longer there")


def with_evidence(found: Diagnostic) -> str:
    """The message with what the samples show at its own place."""
    shown = [label.message for label in found.labels if (label.file, label.span) == (found.file, found.span)]
    return ": ".join([found.message, *shown])


def belongs(found: Diagnostic, subject: str) -> bool:
    """Whether a finding is about a construct or a part of it."""
    return not subject or found.subject == subject or found.subject.startswith(f"{subject}/")


def open_workspace(name: str) -> Workspace:
    """The rule set as it is stored now."""
    with installation().database.read() as connection:
        title = rulesets.ruleset(connection, name).title
        stored = {file.path: file for file in rulesets.list_files(connection, name)}
    return Workspace(name, title, stored, {path: file.content for path, file in stored.items()})


def save_text(name: str, path: str, text: str, etag: str | None) -> StoredFile:
    """Write a file for the person logged in; EditConflict where it has changed since `etag`."""
    with installation().database.begin() as tx:
        return rulesets.write_file(tx, name, path, text.encode(), current_user.login, etag)
