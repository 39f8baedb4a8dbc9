"""Each code of the text is found in its bad example and not in its good one."""

import pytest

from dsl.codes import CODES
from dsl.parser import parse
from dsl.source import Source

OF_SIZE = {"M108"}
READ = [spec for code, spec in sorted(CODES.items()) if code[:2] == "M1" and code not in OF_SIZE]


@pytest.mark.parametrize("spec", READ, ids=lambda spec: spec.code)
def test_bad_example_has_the_finding(spec):
    assert spec.code in {d.code for d in parse(Source("a.mw", spec.bad)).diagnostics}


@pytest.mark.parametrize("spec", READ, ids=lambda spec: spec.code)
def test_good_example_has_none(spec):
    assert parse(Source("a.mw", spec.good)).diagnostics == ()
