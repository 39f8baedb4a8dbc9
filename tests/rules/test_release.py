"""Releases: only what is in order, the same bytes for the same content, nothing altered."""

import hashlib
import json
import unicodedata

import pytest

from rules.errors import ReleaseRefused, ReleaseTampered
from rules.release import build_release, compile_release, load_release
from tests.rules.documents import files
from tests.rules.rulebook import DOCUMENT

MAP = "map m : doc in s.doc -> t.out\n  on missing reject\n  t1 = doc.a\nend\n"
TEST = 'test "t"\n  given doc = sample("d.json")\n  map m\n  expect t1 = "{wanted}"\nend\n'
SAMPLES = {"d.json": DOCUMENT}


def sources(wanted: str = "k7") -> dict[str, bytes]:
    return files(MAP + TEST.format(wanted=wanted))


def test_the_id_is_the_hash_of_the_content() -> None:
    release = build_release(sources(), SAMPLES)
    assert release.id == hashlib.sha256(release.content).hexdigest()


def test_the_order_of_files_changes_nothing() -> None:
    found = sources()
    assert build_release(found, SAMPLES).id == build_release(dict(reversed(found.items())), SAMPLES).id


def test_composed_and_decomposed_letters_are_the_same_release() -> None:
    first, second = (
        sources()
        | {"schemas/note@v1.json": json.dumps({"type": "object", "title": t}, ensure_ascii=False).encode()}
        for t in (unicodedata.normalize("NFC", "Prüfung"), unicodedata.normalize("NFD", "Prüfung"))
    )
    assert build_release(first, SAMPLES).id == build_release(second, SAMPLES).id


def test_samples_and_readmes_are_not_part_of_it() -> None:
    more = sources() | {"README.md": b"hi", "samples/d.json": b"{}"}
    assert build_release(more, SAMPLES).id == build_release(sources(), SAMPLES).id


def test_a_failing_test_refuses_it() -> None:
    with pytest.raises(ReleaseRefused) as caught:
        build_release(sources("other"), SAMPLES)
    assert [r.name for r in caught.value.test_report.results if not r.passed] == ["t"]


def test_an_error_refuses_it() -> None:
    with pytest.raises(ReleaseRefused) as caught:
        build_release(files(MAP.replace("doc.a", "doc.nope")), SAMPLES)
    assert caught.value.diagnostics


def test_it_loads_again_and_runs() -> None:
    release = build_release(sources(), SAMPLES)
    loaded = load_release(release.id, release.content)
    assert loaded == release
    assert list(compile_release(loaded).maps) == ["m"]


def test_a_flipped_byte_is_found() -> None:
    release = build_release(sources(), SAMPLES)
    with pytest.raises(ReleaseTampered):
        load_release(release.id, release.content.replace(b"doc.a", b"doc.b"))


def test_compiled_releases_are_kept() -> None:
    release = build_release(sources(), SAMPLES)
    assert compile_release(release) is compile_release(release)
