"""The description against the application: what it allows is never answered by a crash."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

EVERYTHING = ("send", "view", "edit", "release", "promote", "rollback", "operate", "connect")


@pytest.mark.slow
def test_no_call_that_the_description_allows_breaks_the_server(site: Any) -> None:
    token = site.token(*EVERYTHING)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", site.app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        _try(operation, {"Authorization": f"Bearer {token}"})


def _try(operation: Any, headers: dict[str, str]) -> None:
    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        answer = case.call(headers=headers)
        where = f"{operation.method} {operation.path}: {answer.status_code}"
        assert answer.status_code < 500 or answer.status_code == 503, where
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json", where

    call()
