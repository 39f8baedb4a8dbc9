"""What a command says about a flow or an endpoint that is not there: the nearest name, and those there are."""

from typing import TYPE_CHECKING

from app.terminal import say

if TYPE_CHECKING:
    from app.runtime.installation import Installation


def beside(installation: "Installation", environment: str, name: str) -> str:
    """The nearest name, then the live flows and bound endpoints."""
    from app.storage.unknown import listed, meant

    flows, endpoints = _known(installation, environment)
    short = {flow for _, flow in flows}
    full = {f"{ruleset}/{flow}" for ruleset, flow in flows}
    guess = meant(name, {*endpoints, *(full if "/" in name else short)}) or ";"
    return f"{guess} flows: {listed(full)}; endpoints: {listed(endpoints)}"


def say_if_unknown(
    installation: "Installation", environment: str, flow: str | None, endpoint: str | None = None
) -> None:
    """Nothing was found: say so where the flow is not live or the endpoint not bound, for it may be a slip."""
    from app.storage.unknown import instead

    flows, endpoints = _known(installation, environment)
    short = {name for _, name in flows}
    for word, asked, known in (("live flow", flow, short), ("bound endpoint", endpoint, endpoints)):
        if asked and asked not in known:
            say(f"{environment} has no {word} {asked}{instead(asked, known)}")


def _known(installation: "Installation", environment: str) -> tuple[list[tuple[str, str]], set[str]]:
    from app.runtime.steering import live_flows
    from app.storage.environments import bindings

    with installation.database.read() as tx:
        endpoints = {one.endpoint for one in bindings(tx, environment)}
    return live_flows(installation, environment), endpoints
