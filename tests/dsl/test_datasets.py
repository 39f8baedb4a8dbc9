"""Datasets as forms: what they show, and edits that touch one line."""

import pytest

from dsl.edits import EditError, apply_edits, set_dataset_keys, set_dataset_schema
from dsl.forms import dataset_form
from dsl.parser import Parsed, parse
from dsl.source import Source

TEXT = (
    '# stock of all plants\ndataset stock : plant: text, integer -> erp.stock "v1"   # kept by keep_stock\n'
)


def read(text: str = TEXT) -> Parsed:
    return parse(Source("m.mw", text))


def test_a_form_shows_keys_and_schema() -> None:
    form = dataset_form(read(), "stock")
    assert [(key["name"], key["type"]) for key in form["keys"]] == [("plant", "text"), ("key2", "integer")]
    assert (form["schema"], form["version"], form["comment"]) == ("erp.stock", "v1", "kept by keep_stock")


def test_other_keys_change_only_the_keys() -> None:
    made = apply_edits(TEXT, set_dataset_keys(read(), "stock", ["plant: text", "item: text"]))
    assert made == TEXT.replace("integer", "item: text")


def test_another_schema_changes_only_the_schema() -> None:
    assert apply_edits(TEXT, set_dataset_schema(read(), "stock", "erp.stock", "v2")) == TEXT.replace(
        "v1", "v2"
    )
    assert apply_edits(TEXT, set_dataset_schema(read(), "stock", "erp.store", "")) == TEXT.replace(
        'erp.stock "v1"', "erp.store"
    )


def test_what_is_no_column_is_refused() -> None:
    with pytest.raises(EditError):
        set_dataset_keys(read(), "stock", ["plant of text"])
