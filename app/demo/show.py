"""The demo from beginning to end, told on the terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from app.demo import people, result, setup, traffic
from app.runtime.installation import Installation
from app.settings import load_settings
from app.terminal import PROBLEMS, console, say
from app.wiring import wire

_STYLES = {
    "done": "green",
    "ignored": "dim",
    "held": "magenta",
    "dead": "red",
    "rejected": "red",
    "quarantined": "red",
}


def show(environ: Mapping[str, str], sandbox: str) -> int:
    """Set the example up, send its samples, say what became of them; 0 if all arrived as expected."""
    installation = wire(load_settings(environ))
    try:
        people.make_people(installation)
        _print_where(installation, sandbox)
        setup.bind_environments(installation, sandbox)
        setup.release_example(installation)
        samples = setup.example_folder() / "samples"
        token = setup.machine_token(installation)
        sent = traffic.send_samples(
            installation, samples, token, lambda file: result.known(installation, file.read_bytes())
        )
        traffic.wait(installation)
        _print_rows(result.rows(installation, samples, sent))
        return _print_verdict(result.differences(samples, sandbox))
    finally:
        installation.close()


def _print_where(installation: Installation, sandbox: str) -> None:
    say(f"Sandbox     {sandbox}   (what the target systems received)\n")
    for person in people.PEOPLE:
        password = people.shown_password(installation, person.login)
        say(f"  {person.login:<5} {password:<20} {person.does}")
    say("")


def _print_rows(rows: Sequence[result.Row]) -> None:
    table = Table(show_edge=False, pad_edge=False, box=SIMPLE_HEAD)
    for name in ("Sample", "Through", "State"):
        table.add_column(name, no_wrap=True)
    table.add_column("Delivered to, or why not")
    for row in rows:
        state = Text(row.state, style=_STYLES.get(row.state, ""))
        table.add_row(row.sample, row.door, state, row.delivered or row.why or "nothing to send")
    console().print(table)


def _print_verdict(differences: Sequence[str]) -> int:
    if not differences:
        say("\nThe sandbox received exactly what was expected.")
        return 0
    say("\nThe sandbox did not receive what was expected:")
    for line in differences:
        say(f"  {line}")
    return PROBLEMS
