"""Each code of the checker is found in its bad example and not in its good one."""

import pytest

from dsl.codes import CODES
from dsl.diagnostics import Severity
from tests.dsl.workshop import checked

OF_FILES = {"M332", "M607", "M608", "M617", "M619", "M632", "M801", "M802", "M803", "M805", "M809"}
CHECKED = [spec for code, spec in sorted(CODES.items()) if code >= "M2" and code not in OF_FILES]


@pytest.mark.parametrize("spec", CHECKED, ids=lambda spec: spec.code)
def test_the_bad_example_has_the_finding(spec):
    found = {d.code: d for d in checked(spec.bad).diagnostics}
    assert spec.code in found, list(found.values())
    assert found[spec.code].severity is spec.severity


@pytest.mark.parametrize("spec", CHECKED, ids=lambda spec: spec.code)
def test_the_good_example_is_good(spec):
    assert [
        d for d in checked(spec.good).diagnostics if d.severity is Severity.ERROR or d.code == spec.code
    ] == []
