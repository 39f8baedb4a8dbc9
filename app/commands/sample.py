"""`run-sample`: what a flow makes of a sample."""

import json
from pathlib import Path
from typing import Any

import click

from app.commands.folder import FOLDER, read
from app.commands.options import AS_JSON
from app.terminal import PROBLEMS, USAGE, Stop, print_diagnostics, print_json, say


@click.command("run-sample")
@FOLDER
@click.option("--flow", required=True, help="The flow to run.")
@click.option("--sample", required=True, help="Name of a file in samples/.")
@click.option("--document", default=1, show_default=True, help="Which document of the sample, from 1.")
@click.option("--explain", is_flag=True, help="Say for each value of the event where it came from.")
@AS_JSON
def run_sample(folder: Path, flow: str, sample: str, document: int, explain: bool, as_json: bool) -> int:
    """Run a sample of FOLDER through a flow. Nothing is sent. Exit 1 where it is rejected."""
    from app.design import trials
    from app.design.errors import SampleInvalid

    files = read(folder)
    program = trials.check_files(files)
    if not program.ok:
        print_diagnostics([d for d in program.diagnostics if d.severity == "error"], program.sources)
        raise Stop(PROBLEMS, f"{folder} has errors: nothing was run")
    try:
        outcome = trials.run_sample(files, flow, sample.removeprefix("samples/"), document)
    except SampleInvalid as error:
        known = error.details.get("known")
        hint = f"; known are {', '.join(known)}" if known else ""
        raise Stop(USAGE if known else PROBLEMS, f"{error.message}{hint}") from error
    if as_json:
        print_json(outcome)
    else:
        _print_outcome(outcome, explain)
    return PROBLEMS if outcome["state"] == "rejected" else 0


def _wait(wait: dict[str, Any]) -> str:
    if wait["type"] == "recall":
        time = f", at most {wait['seconds']} seconds" if wait["seconds"] is not None else ""
        return f"the record {wait['key']} of dataset {wait['dataset']}{time}"
    return f"the answer of {wait['endpoint']} to {json.dumps(wait['payload'], ensure_ascii=False)}"


def _print_outcome(outcome: dict[str, Any], explain: bool) -> None:
    say(f"{outcome['state']}{': ' + outcome['reason'] if outcome.get('reason') else ''}")
    for failure in outcome["failures"]:
        say(f"  {failure['kind']} at {failure['path']}: {failure['message']} ({failure['action']})")
    for action in outcome["actions"]:
        say(
            f"  {action['type']} {action.get('endpoint') or action.get('event') or action.get('channel', '')}"
        )
    for wait in outcome.get("waits", ()):
        say(f"  waits for {_wait(wait)}")
    if outcome.get("reply") is not None:
        say(f"  replies {json.dumps(outcome['reply'], ensure_ascii=False)}")
    if explain:
        for path, trace in outcome["lineage"].items():
            say(f"  {path} <- {', '.join([*trace['sources'], *trace['decisions']]) or 'a constant'}")
