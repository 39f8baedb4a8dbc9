"""The files of rule sets: listed, read, written without losing anybody's edit, imported, exported."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from app.design.errors import EditConflict, PathInvalid, RuleSetExists, RuleSetInvalid
from app.errors import NotFound, TooLarge
from app.security import audit
from app.storage import rulesets as stored
from app.storage.rulesets import RuleSet, StoredFile
from dsl.toml import read_toml

MANIFEST = "ruleset.toml"
SAMPLES = "samples/"
FILE_LIMIT = 5_000_000
FILES_LIMIT = 2_000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,79}", re.ASCII)
_PART = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,120}")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def list_rulesets(connection: Connection) -> list[RuleSet]:
    """All rule sets by name."""
    return stored.rulesets(connection)


def ruleset(connection: Connection, name: str) -> RuleSet:
    """One rule set; NotFound where there is none."""
    found = stored.ruleset(connection, name)
    if found is None:
        raise NotFound(f"there is no rule set {name}")
    return found


def create_ruleset(tx: Connection, files: Mapping[str, bytes], by: str) -> RuleSet:
    """A new rule set under the name that its ruleset.toml says."""
    name, title = _manifest_names(files)
    if stored.ruleset(tx, name):
        raise RuleSetExists(f"there already is a rule set {name}")
    if len(files) > FILES_LIMIT:
        raise TooLarge(f"a rule set has at most {FILES_LIMIT} files")
    made = stored.add_ruleset(tx, name, title, by)
    for path, content in sorted(files.items()):
        stored.add_file(tx, name, clean_path(path), _within_limit(path, content), by)
    audit.append(tx, by, "ruleset.create", f"ruleset/{name}", after={"title": title, "files": len(files)})
    return made


def read_files(connection: Connection, name: str) -> dict[str, bytes]:
    """Path -> content of every file, samples included."""
    ruleset(connection, name)
    return {file.path: file.content for file in stored.files(connection, name)}


def list_files(connection: Connection, name: str) -> list[StoredFile]:
    """Every file with its etag and last author."""
    ruleset(connection, name)
    return stored.files(connection, name)


def read_file(connection: Connection, name: str, path: str) -> StoredFile:
    """One file; NotFound where there is none."""
    found = stored.file(connection, name, clean_path(path))
    if found is None:
        raise NotFound(f"rule set {name} has no file {path}")
    return found


def write_file(
    tx: Connection,
    name: str,
    path: str,
    content: bytes,
    by: str,
    if_match: str | None = None,
    restores: int | None = None,
) -> StoredFile:
    """Write a file and remember who did.

    `if_match` is the etag the writer has read, "" for a file that must not exist yet, None to write
    whatever is there. Errors: EditConflict with the present etag and its author. `restores` is the
    earlier change whose text this is.
    """
    ruleset(tx, name)
    path = clean_path(path)
    _within_limit(path, content)
    before = stored.file(tx, name, path)
    _match(before, path, if_match)
    if before and before.content == content:
        return before
    if path == MANIFEST:
        _keep_name(tx, name, content)
    done = (
        stored.replace_file(tx, name, path, content, by, before.etag, restores)
        if before
        else stored.add_file(tx, name, path, content, by)
    )
    if not done:
        raise _conflict(stored.file(tx, name, path), path)
    return read_file(tx, name, path)


def delete_file(tx: Connection, name: str, path: str, by: str, if_match: str | None = None) -> None:
    """Delete a file; the change counts as the deleter's."""
    if path == MANIFEST:
        raise PathInvalid("a rule set keeps its ruleset.toml")
    before = read_file(tx, name, path)
    _match(before, before.path, if_match)
    if not stored.remove_file(tx, name, before.path, by, before.etag):
        raise _conflict(stored.file(tx, name, before.path), before.path)


def import_files(tx: Connection, files: Mapping[str, bytes], by: str) -> RuleSet:
    """Create the rule set, or bring an existing one to exactly these files, one change a difference."""
    name, _ = _manifest_names(files)
    if stored.ruleset(tx, name) is None:
        return create_ruleset(tx, files, by)
    clean = {clean_path(path): content for path, content in files.items()}
    for path in sorted(set(read_files(tx, name)) - set(clean)):
        delete_file(tx, name, path, by)
    for path, content in sorted(clean.items()):
        write_file(tx, name, path, content, by)
    return ruleset(tx, name)


def import_folder(tx: Connection, folder: Path, by: str) -> RuleSet:
    """Bring a folder in; see `import_files`."""
    return import_files(tx, read_folder(folder), by)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Path -> content of a folder; hidden files stay out, links are refused."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part.startswith(".") for part in relative.parts):
            continue
        if path.is_symlink():
            raise PathInvalid(f"{relative} is a link")
        if path.is_file():
            files[relative.as_posix()] = path.read_bytes()
    return files


def export_zip(connection: Connection, name: str) -> bytes:
    """All files as a zip; equal files give equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(read_files(connection, name).items()):
            archive.writestr(zipfile.ZipInfo(f"{name}/{path}", _EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def clean_path(path: str) -> str:
    """The one spelling of a path: relative, forward slashes, NFC; PathInvalid for anything else."""
    parts = unicodedata.normalize("NFC", path).split("/")
    bad = len(path) > 240 or any(not _PART.fullmatch(p) or p.startswith(".") or p != p.strip() for p in parts)
    if bad:
        raise PathInvalid(f"{path[:240]!r} is no path of a file in a rule set")
    return "/".join(parts)


def without_samples(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that make the program."""
    return {path: content for path, content in files.items() if not path.startswith(SAMPLES)}


def only_samples(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The samples and their expected outputs."""
    return {path: content for path, content in files.items() if path.startswith(SAMPLES)}


def _manifest_names(files: Mapping[str, bytes]) -> tuple[str, str]:
    if MANIFEST not in files:
        raise RuleSetInvalid("there is no ruleset.toml")
    try:
        manifest = read_toml(files[MANIFEST].decode())
    except ValueError as error:
        raise RuleSetInvalid(f"ruleset.toml: {error}") from None
    name, title = manifest.get("name"), manifest.get("title") or manifest.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(title, str):
        raise RuleSetInvalid("ruleset.toml needs a name of a-z, 0-9, underscore and hyphen")
    return name, title


def _keep_name(tx: Connection, name: str, manifest: bytes) -> None:
    try:
        given, title = _manifest_names({MANIFEST: manifest})
    except RuleSetInvalid:
        return  # a half-typed manifest may be saved; the checker reports it
    if given == name:
        stored.set_title(tx, name, title)


def _match(before: StoredFile | None, path: str, if_match: str | None) -> None:
    if if_match is not None and if_match != (before.etag if before else ""):
        raise _conflict(before, path)


def _conflict(found: StoredFile | None, path: str) -> EditConflict:
    if found is None:
        return EditConflict(f"{path} was deleted meanwhile", {"path": path, "etag": ""})
    details = {"path": path, "etag": found.etag, "updated_by": found.updated_by}
    return EditConflict(f"{path} was changed by {found.updated_by} meanwhile", details)


def _within_limit(path: str, content: bytes) -> bytes:
    if len(content) > FILE_LIMIT:
        raise TooLarge(f"{path} has {len(content):,} bytes; a file may have {FILE_LIMIT:,}")
    return content
