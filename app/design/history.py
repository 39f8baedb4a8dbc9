"""What a file of a rule set said before: undo, redo, and any earlier text put back.

Nothing is ever taken away: to undo is to write the text before as one more change that says which
change it restores. So an undo can itself be undone (redo), and the authors of a release stay known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.design import rulesets
from app.design.errors import EditConflict, NothingToUndo
from app.errors import NotFound
from app.storage import rulesets as stored
from app.storage.rulesets import Change, StoredFile


@dataclass(frozen=True, slots=True)
class Steps:
    """What undo and redo would put back; None where there is nothing."""

    undo: Change | None
    redo: Change | None
    last: Change | None


def versions(connection: Connection, name: str, path: str) -> list[Change]:
    """The latest 200 changes of a file, newest first."""
    rulesets.ruleset(connection, name)
    return stored.path_changes(connection, name, rulesets.clean_path(path))


def text_at(connection: Connection, name: str, path: str, change: int) -> bytes:
    """What the file said after a change; NotFound where that was not kept."""
    for one in versions(connection, name, path):
        if one.id == change and one.etag:
            content = stored.content_of(connection, one.etag)
            if content is not None:
                return content
    raise NotFound(f"{path} has no kept text of change {change}")


def steps(connection: Connection, name: str, path: str) -> Steps:
    """What undo and redo would do to a file now."""
    changes = versions(connection, name, path)
    if not changes:
        return Steps(None, None, None)
    known = {change.id: change for change in changes}
    before = {change.id: _shown_before(changes, place, known) for place, change in enumerate(changes)}
    shown = changes[0].shows
    redone = [c for c in changes if c.restores is None and (b := before[c.id]) and b.id == shown]
    undone = changes[0].restores is not None
    return Steps(before.get(shown), redone[0] if undone and redone else None, changes[0])


def undo(tx: Connection, name: str, path: str, by: str, etag: str) -> StoredFile:
    """Put back the text before the one that is shown now."""
    return _put_back(tx, name, path, by, etag, steps(tx, name, path).undo, "undo")


def redo(tx: Connection, name: str, path: str, by: str, etag: str) -> StoredFile:
    """Put back the text that the last undo took away."""
    return _put_back(tx, name, path, by, etag, steps(tx, name, path).redo, "redo")


def restore(tx: Connection, name: str, path: str, by: str, etag: str, change: int) -> StoredFile:
    """Put back the text of any earlier change, as a new text of its own."""
    return rulesets.write_file(tx, name, path, text_at(tx, name, path, change), by, etag)


def _shown_before(changes: Sequence[Change], place: int, known: Mapping[int, Change]) -> Change | None:
    """The change whose text stood there before the one at a place; None for a file that was new or deleted."""
    if place + 1 >= len(changes):
        return None
    earlier = known.get(changes[place + 1].shows)
    return earlier if earlier and earlier.etag else None


def _put_back(
    tx: Connection, name: str, path: str, by: str, etag: str, target: Change | None, what: str
) -> StoredFile:
    if target is None:
        raise NothingToUndo(f"there is nothing to {what} in {path}")
    content = stored.content_of(tx, target.etag)
    if content is None:
        raise NothingToUndo(f"the text of {path} before its first kept change is not known")
    now = rulesets.read_file(tx, name, path)
    if now.etag != etag:
        raise EditConflict(
            f"{path} was changed by {now.updated_by} meanwhile", {"path": path, "etag": now.etag}
        )
    return rulesets.write_file(tx, name, path, content, by, etag, target.id)
