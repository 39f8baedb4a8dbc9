"""`lanes`, `pause`, `resume`, `groups`: what waits where, hold it back, let it go, say who serves it."""

from typing import TYPE_CHECKING, Any

import click

from app.commands.naming import beside, say_if_unknown
from app.commands.opening import environment_of, known_environment, opened
from app.commands.options import AS_JSON, BY, CURSOR, ENVIRONMENT, LIMIT, WHY
from app.terminal import PROBLEMS, USAGE, Stop, console, print_json, print_table, say

if TYPE_CHECKING:
    from app.runtime.installation import Installation

_STATES = ("blocked", "parked", "leased", "free")


@click.group(invoke_without_command=True)
@click.option("--blocked", is_flag=True, help="Lanes that wait for one message or delivery, or are paused.")
@click.option("--parked", is_flag=True, help="Lanes whose endpoint can't or must not be reached.")
@click.option("--leased", is_flag=True, help="Lanes that a worker has now.")
@click.option("--free", is_flag=True, help="Lanes that anybody may take.")
@click.option("--flow", help="Flow.")
@click.option("--endpoint", help="Endpoint.")
@click.option("--key", "order_key", help="Order key, as the lot.")
@click.option("--all", "everything", is_flag=True, help="Also lanes in which nothing is to be done.")
@LIMIT
@CURSOR
@ENVIRONMENT
@AS_JSON
@click.pass_context
def lanes(context: click.Context, environment: str | None, as_json: bool, **asked: Any) -> None:
    """Lanes with work in them or that wait for somebody, longest wait first."""
    if context.invoked_subcommand is not None:
        return
    from app.storage.lane_list import list_lanes

    states = [state for state in _STATES if asked.pop(state)]
    with opened() as installation, installation.database.read() as tx:
        try:
            where = known_environment(installation, tx, environment)
            found, following = list_lanes(tx, where, states=states, **asked)
        except ValueError as error:
            raise Stop(USAGE, str(error)) from None
        at = installation.database.now(tx)
        if not found:
            say_if_unknown(installation, where, asked["flow"], asked["endpoint"])
    if as_json:
        print_json({"items": [_shown(lane, at) for lane in found], "next_cursor": following})
        return
    from app.commands.figures import lane_table

    console().print(lane_table(found, at) if found else "no lane")
    if following:
        say(f"more: --cursor {following}")


def _shown(lane: dict[str, Any], at: Any) -> dict[str, Any]:
    from app.runtime.states import lane_state

    return {**lane, "state": lane_state(lane, at)}


@lanes.command("show")
@click.argument("lane_id")
@AS_JSON
def show(lane_id: str, as_json: bool) -> None:
    """Everything of one lane."""
    from app.storage.lane_list import one_lane
    from app.storage.unknown import no_id

    with opened() as installation, installation.database.read() as tx:
        try:
            found = _shown(one_lane(tx, lane_id), installation.database.now(tx))
        except LookupError:
            raise Stop(PROBLEMS, no_id("lane", lane_id).message) from None
    if as_json:
        print_json(found)
    else:
        print_table(
            "", ("", ""), ((name, str(value)) for name, value in found.items() if value not in (None, "", {}))
        )


def _step(name: str, help: str) -> Any:
    """A command that does one thing to one lane."""

    @lanes.command(name, help=help)
    @click.argument("lane_id")
    @WHY
    @BY
    @AS_JSON
    def step(lane_id: str, reason: str, by: str, as_json: bool) -> None:
        from app.runtime import steering

        with opened() as installation:
            done = getattr(steering, f"{name}_lane")(installation, lane_id, by=by, reason=reason)
        print_json(done) if as_json else say(f"lane {lane_id} is {done['state']}")

    return step


release = _step("release", "Let a lane go on: past what it waits for, away from who has it.")
pause_one = _step("pause", "Hold one lane back.")
resume_one = _step("resume", "Let a paused lane go on.")


@click.command()
@click.argument("name", metavar="FLOW|ENDPOINT")
@WHY
@ENVIRONMENT
@BY
@AS_JSON
def pause(name: str, reason: str, environment: str | None, by: str, as_json: bool) -> None:
    """Hold back what a flow does, or what travels through an endpoint. What comes in is stored and waits."""
    _turn(name, True, reason, environment, by, as_json)


@click.command()
@click.argument("name", metavar="FLOW|ENDPOINT")
@WHY
@ENVIRONMENT
@BY
@AS_JSON
def resume(name: str, reason: str, environment: str | None, by: str, as_json: bool) -> None:
    """Let go what was paused, in its order."""
    _turn(name, False, reason, environment, by, as_json)


def _turn(name: str, paused: bool, reason: str, environment: str | None, by: str, as_json: bool) -> None:
    from app.runtime import switching
    from app.runtime.steering import pause_flow

    with opened() as installation:
        where = environment_of(installation, environment)
        kind, ruleset, found = named(installation, where, name)
        if kind == "flow":
            pause_flow(installation, where, ruleset, found, paused, by=by, reason=reason)
        else:
            turn = switching.pause if paused else switching.resume
            turn(installation, where, found, by=by, reason=reason)
    if as_json:
        print_json({"environment": where, "kind": kind, "ruleset": ruleset, "name": found, "paused": paused})
    else:
        say(f"{kind} {found} is {'paused' if paused else 'let go'} in {where}")


def named(installation: "Installation", environment: str, name: str) -> tuple[str, str, str]:
    """(kind, rule set, name) of what people call a flow or an endpoint. Stop where it is neither, or both."""
    from app.runtime.steering import flows_named
    from app.storage.environments import binding

    flows = flows_named(installation, environment, name)
    with installation.database.read() as tx:
        endpoint = binding(tx, environment, name)
    if len(flows) > 1 or (flows and endpoint):
        said = [f"{ruleset}/{flow}" for ruleset, flow in flows] + (
            [f"the endpoint {name}"] if endpoint else []
        )
        raise Stop(USAGE, f"{name} means several things: {', '.join(said)}. Say RULESET/FLOW")
    if flows:
        return "flow", *flows[0]
    if endpoint is None:
        there = beside(installation, environment, name)
        raise Stop(PROBLEMS, f"{environment} has no live flow and no bound endpoint {name}{there}")
    return "endpoint", "", name


@click.group(invoke_without_command=True)
@ENVIRONMENT
@AS_JSON
@click.pass_context
def groups(context: click.Context, environment: str | None, as_json: bool) -> None:
    """Worker groups: which one serves which flow, endpoint or environment, and who is at work."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from app.storage.groups import assignments
    from app.storage.queries import unserved
    from app.storage.workers import living_groups

    with opened() as installation, installation.database.read() as tx:
        known, living, missing = assignments(tx, environment), sorted(living_groups(tx)), unserved(tx)
    if as_json:
        print_json({"items": [asdict(one) for one in known], "living": living, "unserved": missing})
        return
    whats = [one.endpoint or (f"{one.ruleset}/{one.flow}" if one.flow else "everything") for one in known]
    rows = [(one.environment, what, one.group) for one, what in zip(known, whats, strict=True)]
    print_table("", ("environment", "what", "group"), [*rows, ("", "everything else", "default")])
    say(f"workers serve: {', '.join(living) or 'nobody'}")
    for group, count in missing.items():
        say(f"nobody serves {group}; lanes that wait: {count}")


@groups.command("assign")
@click.argument("name", metavar="[FLOW|ENDPOINT]", required=False)
@click.option("--to", "group", required=True, help="The group; `default` ends an assignment.")
@WHY
@ENVIRONMENT
@BY
@AS_JSON
def assign(
    name: str | None, group: str, reason: str, environment: str | None, by: str, as_json: bool
) -> None:
    """Have a group serve a flow or an endpoint; without a name, everything of the environment."""
    from dataclasses import asdict

    from app.runtime.groups import assign_group
    from app.storage.groups import Assignment

    with opened() as installation:
        where = environment_of(installation, environment)
        kind, ruleset, found = named(installation, where, name) if name else ("", "", "")
        wanted = Assignment(
            where, ruleset, found if kind == "flow" else "", found if kind == "endpoint" else "", group
        )
        with installation.database.begin() as tx:
            assign_group(tx, wanted, by, reason)
    print_json(asdict(wanted)) if as_json else say(f"{name or where} is served by {group}")
