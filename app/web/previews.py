"""What a rule set makes of a sample, shaped for pages: the output with the reason of each value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from app.design.errors import DesignError
from app.web.workspace import Workspace
from dsl import syntax
from rules import engine, outcome
from rules.errors import RulesError
from rules.outcome import Context

_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True)
class Preview:
    """One run on a sample. `note` says why there is nothing to show, if there isn't."""

    note: str = ""
    state: str = ""
    reason: str = ""
    document: Any = None
    value: Any = None
    lineage: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()
    rules: tuple[Mapping[str, Any], ...] = ()


def choices(here: Workspace, path: str) -> list[dict[str, Any]]:
    """Flows and maps that a preview can run; what this file holds is chosen."""
    found = []
    for kind in ("flow", "map"):
        for file, node in here.declarations(kind):
            found.append(
                {"subject": f"{kind}/{node.name}", "title": f"{kind} {node.name}", "chosen": file == path}
            )
    first = next((one for one in found if one["chosen"]), None)
    return [{**one, "chosen": one is first} for one in found]


def chosen_sample(here: Workspace, wanted: str | None, usable: list[str] | None = None) -> str:
    """The wanted sample if it exists, else the first that fits."""
    names = here.sample_names if usable is None else usable
    return wanted if wanted in names else (names[0] if names else "")


def fitting_samples(here: Workspace, map_name: str) -> list[str]:
    """The samples that a flow with this map could receive; all where no flow uses it."""
    program = here.trial.program
    kinds = {_is_json(program, flow) for flow in flows_with(here, map_name)}
    names = here.sample_names
    return [name for name in names if not kinds or name.endswith(".json") in kinds] or names


def flow_samples(here: Workspace, flow: str) -> list[str]:
    """The samples that a flow could receive."""
    program = here.trial.program
    if flow not in program.flows:
        return here.sample_names
    return [name for name in here.sample_names if name.endswith(".json") == _is_json(program, flow)]


def preview(here: Workspace, subject: str, sample: str) -> Preview:
    """Run a flow or a map on a sample."""
    kind, _, name = subject.partition("/")
    if kind == "map":
        return of_map(here, name, sample)
    return _guarded(here, lambda: _of_flow(here, name, sample))


def of_map(here: Workspace, name: str, sample: str) -> Preview:
    """What a map makes: of the sample itself, else as part of the flow that gets to it."""
    return _guarded(here, lambda: _of_map(here, name, sample))


def flows_with(here: Workspace, map_name: str) -> list[str]:
    """The flows that come to a map, by `map with` or by a rule that sends with it."""
    program = here.trial.program
    found = []
    for name, flow in program.flows.items():
        steps = flow.node.steps
        direct = any(isinstance(s, syntax.MapStep) and s.map == map_name for s in steps)
        applied = [s.rules for s in steps if isinstance(s, syntax.ApplyStep)]
        if direct or any(send for rules in applied for send in _sends(here, rules, map_name)):
            found.append(name)
    return found


def _of_flow(here: Workspace, name: str, sample: str) -> Preview:
    if name not in here.trial.program.flows:
        return Preview(note=f"There is no flow {name}.")
    return _shown(_run(here, name, sample))


def _of_map(here: Workspace, name: str, sample: str) -> Preview:
    flows = [f for f in flows_with(here, name) if _is_json(here.trial.program, f) == sample.endswith(".json")]
    for flow in flows:
        result = _run(here, flow, sample)
        steps = here.trial.program.flows[flow].node.steps
        maps = [step.map for step in steps if isinstance(step, syntax.MapStep)]
        if maps and maps[-1] == name:
            return replace(_shown(result), actions=(), rules=())
        sent = next(_sent_by(here, result, name), None)
        if sent is not None:
            found = [f for f in result["failures"] if f["step"] == f"map/{name}"]
            return Preview(
                "", result["state"], "", result["event"], sent["payload"], sent["lineage"], tuple(found)
            )
    if flows:
        return Preview(note=f"This sample does not get to {name}: {_why_not(result)}")
    return _alone(here, name, sample)


def _alone(here: Workspace, name: str, sample: str) -> Preview:
    checked = here.trial.program.maps.get(name)
    if checked is None:
        return Preview(note=f"There is no map {name}.")
    first = checked.parameters[0][0]
    made = engine.run_map(here.trial.compiled, name, {first: _document(here, sample)}, _context())
    return _shown(outcome.to_json(made))


def _sent_by(here: Workspace, result: Mapping[str, Any], map_name: str) -> Iterator[Mapping[str, Any]]:
    for action in result["actions"]:
        if action["type"] == "send":
            sends = _sends(here, action["rules"], map_name)
            if (action["rule"], action["endpoint"]) in sends:
                yield action


def _sends(here: Workspace, rules: str, map_name: str) -> set[tuple[str, str]]:
    """(rule, endpoint) of every send of these rules that uses the map."""
    checked = here.trial.program.rules.get(rules)
    named = checked.node.rules if checked else ()
    return {
        (rule.name, action.endpoint)
        for rule in named
        if isinstance(rule, syntax.Rule)
        for action in rule.actions
        if isinstance(action, syntax.Send) and action.map == map_name
    }


def _run(here: Workspace, flow: str, sample: str) -> dict[str, Any]:
    made = engine.run(here.trial.compiled, flow, _document(here, sample), _context())
    return dict(outcome.to_json(made))


def _document(here: Workspace, sample: str) -> Any:
    if sample not in here.trial.samples:
        raise DesignError(
            f"No codec of the rule set reads the sample {sample}." if sample else "There is no sample yet."
        )
    return here.trial.samples[sample]


def _guarded(here: Workspace, run: Any) -> Preview:
    if not here.trial.program.ok:
        return Preview(note="Results come back once the rule set has no errors.")
    try:
        made: Preview = run()
    except (DesignError, RulesError) as error:
        return Preview(note=str(error))
    return made


def _shown(result: Mapping[str, Any]) -> Preview:
    return Preview(
        state=result["state"],
        reason=result.get("reason", ""),
        document=result.get("document"),
        value=result.get("event"),
        lineage=result.get("lineage") or {},
        failures=tuple(result.get("failures") or ()),
        actions=tuple(result.get("actions") or ()),
        rules=tuple(result.get("rules") or ()),
    )


def _why_not(result: Mapping[str, Any]) -> str:
    return (
        f"it is {result['state']}. {result.get('reason', '')}".strip()
        if result["state"] != "done"
        else ("no rule that sends with it fires.")
    )


def _is_json(program: Any, flow: str) -> bool:
    endpoint = program.manifest.endpoints.get(program.flows[flow].node.endpoint)
    return endpoint is None or endpoint.codec == "json"


def _context() -> Context:
    return Context(now=datetime.now(UTC), message={"id": "preview", "replayed": False})
