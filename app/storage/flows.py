"""How an environment runs a flow: what a failing message does to its lane, whether it is paused, its weight."""

from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import Boolean, Column, Connection, Integer, String, Table, delete, select

from app.storage.database import metadata

OnFailure = Literal["dead_letter", "block_lane"]

flow_policies_table = Table(
    "flow_policies",
    metadata,
    Column("environment", String(60), primary_key=True),
    Column("ruleset", String(120), primary_key=True),
    Column("flow", String(120), primary_key=True),
    Column("on_failure", String(12), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("weight", Integer, nullable=False, server_default="1"),
)


@dataclass(frozen=True, slots=True)
class FlowPolicy:
    """dead_letter: park the message and go on; block_lane: its lane waits until a person decides.

    Where several flows have work, each gets a share of the workers by its weight.
    """

    on_failure: OnFailure = "dead_letter"
    paused: bool = False
    weight: int = 1


def flow_policies(tx: Connection) -> dict[tuple[str, str, str], FlowPolicy]:
    """Every policy that differs from the default, by environment, rule set and flow."""
    rows = tx.execute(select(flow_policies_table))
    return {(r.environment, r.ruleset, r.flow): FlowPolicy(r.on_failure, r.paused, r.weight) for r in rows}


def put_flow_policy(tx: Connection, environment: str, ruleset: str, flow: str, policy: FlowPolicy) -> None:
    """Say how a flow runs in an environment."""
    c = flow_policies_table.c
    here = (c.environment == environment) & (c.ruleset == ruleset) & (c.flow == flow)
    tx.execute(delete(flow_policies_table).where(here))
    row = {"environment": environment, "ruleset": ruleset, "flow": flow}
    tx.execute(flow_policies_table.insert().values(**row, **asdict(policy)))
