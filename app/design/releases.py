"""Cut a release from the files of a rule set, list releases, say what differs between two."""

import difflib
from collections import OrderedDict
from collections.abc import Mapping
from re import fullmatch
from typing import Any

from sqlalchemy import Connection

from app.design.errors import ReleaseRefused
from app.design.rulesets import read_files, without_samples
from app.design.trials import content_hash, diagnostics_json, trial
from app.errors import NotFound
from app.security import audit
from app.storage import releases as stored
from app.storage import rulesets as stored_rulesets
from app.storage.releases import ReleaseRecord
from dsl import compatibility
from rules import diff, release, testing
from rules.release import Release

_NAMED = 5
_TEXT = (".mw", ".toml", ".json", ".csv", ".md", ".txt")
_built: OrderedDict[str, tuple[Release, dict[str, Any]]] = OrderedDict()


def cut_release(tx: Connection, ruleset: str, by: str, note: str = "") -> ReleaseRecord:
    """Make the present files a release; equal files give the release there already is.

    Authors are everybody who changed a file since the release before.
    Errors: ReleaseRefused with the diagnostics and the test report.
    """
    made, report = build(read_files(tx, ruleset))
    found = stored.release_record(tx, made.id)
    if found:
        return found
    latest = stored.latest_release(tx, ruleset)
    changes = stored_rulesets.changes(tx, ruleset, latest.last_change if latest else 0)
    record = stored.add_release(
        tx,
        made.id,
        ruleset,
        made.content,
        by,
        note,
        authors=[change.by for change in changes],
        report=report,
        last_change=stored_rulesets.last_change(tx, ruleset),
    )
    after = {"number": record.number, "authors": list(record.authors)}
    audit.append(
        tx, by, "release.cut", f"release/{record.id}", after={"ruleset": ruleset, **after}, reason=note
    )
    return record


def build(files: Mapping[str, bytes]) -> tuple[Release, dict[str, Any]]:
    """The release of these files and its test report, kept for a while.

    Call it before a transaction begins: then `cut_release` has nothing left to compute.
    """
    key = content_hash(files)
    if key not in _built:
        _built[key] = _build(files)
        while len(_built) > 8:
            _built.popitem(last=False)
    return _built[key]


def list_releases(connection: Connection, ruleset: str | None = None) -> list[ReleaseRecord]:
    """Releases, latest first."""
    return stored.release_records(connection, ruleset)


def get_release(connection: Connection, release_id: str) -> ReleaseRecord:
    """One release; NotFound where there is none. An unambiguous beginning of the id is enough."""
    found = stored.release_record(connection, release_id) or stored.release_by_prefix(connection, release_id)
    if found is None:
        raise _unknown(connection, release_id)
    return found


def _unknown(connection: Connection, wanted: str) -> NotFound:
    """What was asked for, why it is none, the releases there are, and how one is made."""
    latest = stored.release_records(connection, limit=_NAMED)
    alike = [one for one in latest if wanted and one.id.startswith(wanted)]
    why = ""
    if alike:
        why = " (write at least 8 signs of an id, enough that it is the only one)"
    elif fullmatch(r"r?\d{1,6}", wanted):
        why = " (a release is named by its id, not by its number)"
    there = ", ".join(f"{one.id[:12]} ({one.ruleset} r{one.number})" for one in latest)
    known = f"the latest are: {there}" if there else "none has been cut here yet"
    return NotFound(
        f"there is no release {wanted[:64]}{why}; {known}. `mapwright release FOLDER` cuts one of a rule set's folder",
        {"release": wanted[:64], "latest": [one.id for one in latest]},
    )


def release_files(connection: Connection, release_id: str) -> dict[str, bytes]:
    """The files a release was made of, its hash verified."""
    content = stored.release_content(connection, release_id)
    return dict(release.load_release(release_id, content).files())


def compare(connection: Connection, old: str | None, new: str) -> dict[str, Any]:
    """What changes from one release (or nothing) to another: sentences and text diffs."""
    before = release_files(connection, old) if old else {}
    return compare_files(before, release_files(connection, new))


def compare_draft(connection: Connection, ruleset: str) -> dict[str, Any]:
    """What the files of a rule set change since its latest release."""
    latest = stored.latest_release(connection, ruleset)
    before = release_files(connection, latest.id) if latest else {}
    return compare_files(before, read_files(connection, ruleset))


def compare_files(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, Any]:
    """Semantic changes in sentences, what changed schemas mean for messages, and a diff for each file that differs."""
    old, new = ({p: c for p, c in side.items() if release.belongs(p)} for side in (old, new))
    program, after = trial(old).program if old else None, trial(new).program
    changes = diff.semantic_diff(program, after)
    verdicts = compatibility.between(program.schemas.values(), after.schemas.values()) if program else []
    paths = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
    return {
        "changes": [{"kind": c.kind, "subject": c.subject, "sentence": c.sentence} for c in changes],
        "compatibility": [compatibility.verdict_json(verdict) for verdict in verdicts],
        "files": [{"path": path, "diff": _text_diff(path, old.get(path), new.get(path))} for path in paths],
    }


def public(record: ReleaseRecord) -> dict[str, Any]:
    """What lists show of a release."""
    return {
        "id": record.id,
        "ruleset": record.ruleset,
        "number": record.number,
        "note": record.note,
        "authors": list(record.authors),
        "created_by": record.created_by,
        "created_at": record.created_at,
    }


def _build(files: Mapping[str, bytes]) -> tuple[Release, dict[str, Any]]:
    here = trial(files)
    if not here.program.ok:
        raise ReleaseRefused(
            "the rule set has errors", {"diagnostics": diagnostics_json(here.program), "tests": None}
        )
    try:
        made = release.build_release(without_samples(files), here.samples)
    except release.ReleaseRefused as error:
        raise _refused(error) from None
    except UnicodeDecodeError as error:
        raise ReleaseRefused(f"a file is not UTF-8: {error}") from None
    return made, testing.to_json(testing.run_tests(here.compiled, here.samples))


def _refused(error: Any) -> ReleaseRefused:
    report = testing.to_json(error.test_report) if error.test_report else None
    return ReleaseRefused(
        str(error), {"diagnostics": [d.message for d in error.diagnostics], "tests": report}
    )


def _text_diff(path: str, old: bytes | None, new: bytes | None) -> str:
    if not path.endswith(_TEXT):
        return f"{path}: {len(old or b''):,} -> {len(new or b''):,} bytes"
    before, after = ((side or b"").decode(errors="replace").splitlines(keepends=True) for side in (old, new))
    names = (path if old is not None else "(absent)", path if new is not None else "(absent)")
    return "".join(difflib.unified_diff(before, after, *names))
