"""What a file said before: undone, redone, restored; every step is one more change."""

import pytest

from app.design import history, rulesets
from app.design.errors import EditConflict, NothingToUndo
from app.errors import NotFound

NAME, PATH = "orders", "maps/notes.mw"


@pytest.fixture
def notes(orders):
    """A file written three times by Ana; gives functions to write, read and step."""

    class Notes:
        def write(self, text, by="ana"):
            with orders.begin() as tx:
                rulesets.write_file(tx, NAME, PATH, text.encode(), by)

        def read(self):
            with orders.read() as connection:
                return rulesets.read_file(connection, NAME, PATH).content.decode()

        def step(self, what, etag=None, **more):
            with orders.begin() as tx:
                present = rulesets.read_file(tx, NAME, PATH).etag
                what(tx, NAME, PATH, "ana", etag if etag is not None else present, **more)
            return self.read()

        def steps(self):
            with orders.read() as connection:
                return history.steps(connection, NAME, PATH)

        def versions(self):
            with orders.read() as connection:
                return history.versions(connection, NAME, PATH)

    made = Notes()
    for text in ("# one\n", "# two\n", "# three\n"):
        made.write(text)
    return made


def test_undo_puts_back_the_text_before_again_and_again(notes):
    assert notes.step(history.undo) == "# two\n"
    assert notes.step(history.undo) == "# one\n"


def test_the_first_text_cannot_be_undone(notes):
    notes.step(history.undo)
    notes.step(history.undo)
    with pytest.raises(NothingToUndo):
        notes.step(history.undo)


def test_redo_puts_back_what_undo_took_away(notes):
    notes.step(history.undo)
    notes.step(history.undo)
    assert notes.step(history.redo) == "# two\n"
    assert notes.step(history.redo) == "# three\n"
    assert notes.steps().redo is None


def test_nothing_can_be_redone_after_a_new_text(notes):
    notes.step(history.undo)
    notes.write("# other\n")
    with pytest.raises(NothingToUndo):
        notes.step(history.redo)


def test_undo_after_a_new_text_goes_to_what_stood_there_before_it(notes):
    notes.step(history.undo)
    notes.write("# other\n")
    assert notes.step(history.undo) == "# two\n"


def test_an_undo_over_somebody_elses_change_is_refused(notes):
    read = notes.versions()[0].etag
    notes.write("# of Ben\n", by="ben")
    with pytest.raises(EditConflict):
        notes.step(history.undo, etag=read)
    assert notes.read() == "# of Ben\n"


def test_any_earlier_text_can_be_put_back(notes):
    first = notes.versions()[-1]
    assert notes.step(history.restore, change=first.id) == "# one\n"
    assert notes.step(history.undo) == "# three\n"


def test_an_undo_counts_as_a_change_of_the_one_who_undid(notes):
    notes.step(history.undo)
    last = notes.versions()[0]
    assert (last.by, last.restores is None) == ("ana", False)


def test_a_change_of_another_file_is_no_version_of_this_one(notes, orders):
    with orders.read() as connection:
        other = history.versions(connection, NAME, "maps/orders.mw")[0]
        with pytest.raises(NotFound):
            history.text_at(connection, NAME, PATH, other.id)
