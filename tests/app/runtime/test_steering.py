"""What people do with flows: pausing and resuming one changes nothing else of how it runs."""

from dataclasses import fields, replace

import pytest

from app.errors import ReasonRequired
from app.runtime.installation import Installation
from app.runtime.steering import pause_flow
from app.storage.flows import FlowPolicy, flow_policies, put_flow_policy
from tests.journey import ENVIRONMENT

HERE = (ENVIRONMENT, "journey", "orders")
WHO = {"by": "olga", "reason": "the ERP is counted"}


@pytest.mark.parametrize("paused", [True, False])
def test_pausing_and_resuming_a_flow_keeps_everything_else_of_its_policy(
    installation: Installation, paused: bool
) -> None:
    before = FlowPolicy(on_failure="block_lane", paused=not paused, weight=7)
    default = FlowPolicy()
    assert all(
        getattr(before, f.name) != getattr(default, f.name) for f in fields(before) if f.name != "paused"
    )
    with installation.database.begin() as tx:
        put_flow_policy(tx, *HERE, before)
    assert pause_flow(installation, *HERE, paused, **WHO) == replace(before, paused=paused)
    with installation.database.read() as tx:
        assert flow_policies(tx)[HERE] == replace(before, paused=paused)


def test_pausing_a_flow_needs_a_reason(installation: Installation) -> None:
    with pytest.raises(ReasonRequired):
        pause_flow(installation, *HERE, True, by="olga", reason=" ")
