"""The command line: `mapwright <command>`.

Exit codes: 0 done, 1 found problems (diagnostics, failed tests, failed deliveries), 2 wrong use,
3 not reachable or not allowed. `--json` prints one object to stdout; everything else goes to stderr.
Each command lives in `app.commands` and is imported when it is called, so that `mapwright check` is quick.
"""

import sys
from importlib import import_module
from pathlib import Path

import click

from app.commands import COMMANDS
from app.terminal import PROBLEMS, REFUSED, USAGE, Stop, complain


class _Lazy(click.Group):
    """Imports a command's module when it is called; the list of commands is data."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(import_module(place.module), place.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="mapwright")
def program() -> None:
    """Mapwright: design mappings and rules, release them, run them."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    sys.exit(_run(arguments))


def require_one_parent() -> None:
    """The four packages have generic names: refuse to start where one of them is somebody else's."""
    names = ("app", "dsl", "rules", "connectors")
    places = {name: Path(import_module(name).__path__[0]).resolve().parent for name in names}
    if len(set(places.values())) != 1:
        found = ", ".join(f"{name} in {place}" for name, place in places.items())
        raise Stop(
            REFUSED,
            f"these packages do not belong together: {found}. Mapwright needs an environment of its own",
        )


def _run(arguments: list[str] | None) -> int:
    try:
        require_one_parent()
        result = program.main(args=arguments, prog_name="mapwright", standalone_mode=False)
    except Stop as stop:
        if stop.message:
            complain(stop.message)
        return stop.code
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show(sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return PROBLEMS
    except Exception as error:  # one line instead of a traceback for what the installation refuses
        return _refused(error)
    return result if isinstance(result, int) else 0


def _refused(error: Exception) -> int:
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    if not isinstance(code, str) or not isinstance(message, str):
        raise error
    complain(f"{message} [{code}]")
    faults = getattr(error, "details", {}).get("faults", [])
    for fault in faults if len(faults) > 1 else []:
        complain(f"  {fault}")
    return REFUSED


if __name__ == "__main__":
    main()
