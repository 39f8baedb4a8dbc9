"""Set the limits of an environment and the weights of its flows; every change is audited."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection

from app.errors import LimitInvalid
from app.security.audit import append
from app.settings import Settings
from app.storage import environments, tokens
from app.storage.flows import FlowPolicy, flow_policies, put_flow_policy
from app.storage.limits import INSTALLATION, KINDS, Limit, Scope, limits, put_limit, waiting
from app.storage.unknown import no_environment


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a limit; `weight` is for flows, None leaves it as it is."""

    rate: float | None = None
    burst: int | None = None
    backlog: int | None = None
    weight: int | None = None


def set_limit(tx: Connection, scope: Scope, wish: Wish, by: str, reason: str = "") -> dict[str, Any]:
    """Replace the limit of a flow, endpoint or token; what is None is not limited. Errors: LimitInvalid."""
    _check(tx, scope, wish)
    before = limits(tx, scope.environment).get(scope, Limit())
    made = Limit(wish.rate, wish.burst, wish.backlog)
    put_limit(tx, scope, made)
    told, was = asdict(made), asdict(before)
    if wish.weight is not None:
        was["weight"] = _weigh(tx, scope, wish.weight)
        told["weight"] = wish.weight
    append(
        tx, by, "limits.set", f"environment/{scope.environment}/{scope.kind}/{scope.name}", was, told, reason
    )
    return {"kind": scope.kind, "name": scope.name, **told}


def _weigh(tx: Connection, scope: Scope, weight: int) -> int:
    """The weight it had."""
    ruleset, _, flow = scope.name.partition("/")
    policy = flow_policies(tx).get((scope.environment, ruleset, flow), FlowPolicy())
    put_flow_policy(tx, scope.environment, ruleset, flow, replace(policy, weight=weight))
    return policy.weight


def _check(tx: Connection, scope: Scope, wish: Wish) -> None:
    if environments.environment(tx, scope.environment) is None:
        raise LimitInvalid(no_environment(tx, scope.environment))
    if scope.kind not in KINDS:
        raise LimitInvalid(f"a limit is for a {', '.join(KINDS)}; {scope.kind} is none of them")
    if scope.kind == "flow" and not all(scope.name.partition("/")):
        raise LimitInvalid(f"write a flow as RULESET/FLOW, not {scope.name}")
    if scope.kind == "token":
        found = tokens.token(tx, scope.name)
        if found is None or found.environment != scope.environment:
            raise LimitInvalid(f"there is no token {scope.name} in {scope.environment}")
    if wish.weight is not None and scope.kind != "flow":
        raise LimitInvalid("only a flow has a weight")
    if wish.burst is not None and wish.rate is None:
        raise LimitInvalid("a burst goes with a rate: say how many messages a second")


def shown(tx: Connection, environment: str, settings: Settings) -> dict[str, Any]:
    """Limits and weights of an environment with what waits now, and those of the whole installation."""
    counted = waiting(tx)
    found = [
        {"kind": scope.kind, "name": scope.name, **asdict(limit), "waiting": counted.get(scope, 0)}
        for scope, limit in limits(tx, environment).items()
    ]
    weights = {
        f"{ruleset}/{flow}": policy.weight
        for (stage, ruleset, flow), policy in flow_policies(tx).items()
        if stage == environment and policy.weight != 1
    }
    whole = Limit(
        settings.intake_rate or None, settings.intake_burst or None, settings.intake_backlog or None
    )
    return {
        "environment": environment,
        "limits": found,
        "weights": weights,
        "installation": {**asdict(whole), "waiting": counted.get(INSTALLATION, 0)},
    }
