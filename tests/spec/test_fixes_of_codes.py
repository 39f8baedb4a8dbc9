"""What a code offers as a fix in its bad example settles the finding."""

import pytest

from dsl.checker import check
from dsl.codes import CODES
from tests.dsl.workshop import files
from tests.spec.fixing import unsettled

SAMPLES = {"samples/notice.json": b""}


@pytest.mark.parametrize("spec", CODES.values(), ids=lambda spec: spec.code)
def test_the_fixes_of_a_code(spec) -> None:
    sources = files(spec.bad)
    program = check(sources, SAMPLES)
    wrong = [
        text for d in program.diagnostics if d.code == spec.code for text in unsettled(sources, program, d)
    ]
    assert wrong == []
