"""What a soak relies on: releases that differ, and senders that give up for nothing but a refusal."""

import pytest

from rules.release import build_release
from tests.faults.mix import mix_files
from tests.faults.soak.site import EDITIONS
from tests.faults.soak.traffic import final

pytestmark = pytest.mark.faults


def test_each_edition_of_its_rule_set_is_another_release() -> None:
    assert len({build_release(mix_files(edition)).id for edition in EDITIONS}) == len(EDITIONS)


@pytest.mark.parametrize(
    ("status", "text", "refused"),
    [
        (422, b'{"code": "arguments_invalid", "retryable": false}', True),
        (404, b'{"code": "unknown_endpoint", "retryable": false}', True),
        (422, b'{"code": "arguments_invalid", "retryable": true}', False),
        (422, b"<html>", False),
        (408, b'{"code": "too_slow", "retryable": false}', False),
        (429, b'{"code": "rate_exceeded", "retryable": false}', False),
        (503, b'{"code": "database_slow", "retryable": false}', False),
    ],
)
def test_a_sender_asks_again_unless_its_body_is_refused_for_good(
    status: int, text: bytes, refused: bool
) -> None:
    assert final(status, text) is refused
