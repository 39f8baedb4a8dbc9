"""Every codec and transport of the registry passes the conformance suite."""

from pathlib import Path

import pytest

from connectors.registry import codecs
from connectors.testing import Case, check_case, check_hostile, check_unencodable, golden_cases

HERE = Path(__file__).parent
GOLDEN = {"json": HERE / "golden_json", "x12": HERE.parent / "golden" / "x12"}
CASES = [(name, case) for name, folder in GOLDEN.items() for case in golden_cases(folder)]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}-{case.name}" for name, case in CASES])
def test_golden_case(name: str, case: Case) -> None:
    check_case(codecs()[name], case)


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}-{case.name}" for name, case in CASES])
def test_damaged_bytes_end_in_documents_or_a_refusal(name: str, case: Case) -> None:
    check_hostile(codecs()[name], case)


@pytest.mark.parametrize("name", sorted(codecs()))
def test_every_codec_has_golden_cases(name: str) -> None:
    assert name in GOLDEN


@pytest.mark.parametrize("name", sorted(codecs()))
def test_nothing_is_written_that_the_format_does_not_carry(name: str) -> None:
    check_unencodable(codecs()[name])
