"""Commands on a rule set folder: init, check, test, format."""

from pathlib import Path
from typing import Any

import click

from app.terminal import (
    PROBLEMS,
    REFUSED,
    USAGE,
    Stop,
    counted,
    print_diagnostics,
    print_json,
    say,
)

FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object to stdout.")


def read(folder: Path) -> dict[str, bytes]:
    """The files of a rule set folder; wrong use where it is none."""
    from app.design.rulesets import MANIFEST, read_folder

    files = read_folder(folder)
    if MANIFEST not in files:
        raise Stop(
            USAGE, f"{folder} is no rule set: it has no {MANIFEST}. `mapwright init {folder}` writes one."
        )
    return files


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the rule set; the folder's name unless said.")
def init(folder: Path, name: str | None) -> None:
    """Write a small rule set into FOLDER that checks, runs and has a green test."""
    from app.commands.starter import starter_files

    if folder.exists() and any(folder.iterdir()):
        raise Stop(USAGE, f"{folder} is not empty")
    for path, text in starter_files(name or folder.resolve().name).items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Stop(REFUSED, f"{target} can't be written: {error.strerror}") from error
    say(f"{folder}: a rule set to start from. Next: mapwright test {folder}")


@click.command()
@FOLDER
@AS_JSON
def check(folder: Path, as_json: bool) -> int:
    """Check every text of FOLDER against its schemas. Exit 1 where there are errors."""
    from app.design import trials

    program = trials.check_files(read(folder))
    if as_json:
        print_json(trials.check_json(program))
    else:
        print_diagnostics(program.diagnostics, program.sources)
        errors = sum(d.severity == "error" for d in program.diagnostics)
        warnings = sum(d.severity == "warning" for d in program.diagnostics)
        say(
            f"{folder}: {counted(len(program.sources), 'file')}, {counted(errors, 'error')}, {counted(warnings, 'warning')}"
        )
    return 0 if program.ok else PROBLEMS


@click.command()
@FOLDER
@AS_JSON
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a JUnit file as well.")
@click.option("--coverage", is_flag=True, help="Say which rows, rules, branches and fields no test reached.")
def test(folder: Path, as_json: bool, junit: Path | None, coverage: bool) -> int:
    """Run the test blocks of FOLDER. Exit 1 where one fails or the texts have errors."""
    from app.design import trials
    from rules.testing import to_json, to_junit

    files = read(folder)
    program = trials.check_files(files)
    if not program.ok:
        print_diagnostics([d for d in program.diagnostics if d.severity == "error"], program.sources)
        raise Stop(PROBLEMS, f"{folder} has errors: no test was run")
    report = trials.run_tests(files)
    if junit:
        junit.write_text(to_junit(report), encoding="utf-8")
    if as_json:
        print_json(to_json(report))
    else:
        _print_report(report, coverage)
    return 0 if all(result.passed for result in report.results) else PROBLEMS


def _print_report(report: Any, coverage: bool) -> None:
    failed = [result for result in report.results if not result.passed]
    for result in failed:
        say(f"FAILED {result.file}:{result.line} {result.name}\n  {result.message}")
    if coverage:
        for kind, value in report.coverage.items():
            say(f"{kind}: {value}")
    say(f"{len(report.results) - len(failed)} of {len(report.results)} tests green")


@click.command("format")
@FOLDER
@click.option(
    "--check", "only_check", is_flag=True, help="Change nothing; exit 1 where something would change."
)
def format_(folder: Path, only_check: bool) -> int:
    """Format the texts of FOLDER; comments and meaning stay."""
    from dsl.printer import format_text
    from dsl.source import Source

    changed = 0
    for path, content in read(folder).items():
        if not path.endswith(".mw"):
            continue
        before = content.decode("utf-8")
        after = format_text(Source(path, before))
        if before != after:
            changed += 1
            say(f"{path}: {'would be ' if only_check else ''}formatted")
            if not only_check:
                (folder / path).write_text(after, encoding="utf-8", newline="\n")
    return PROBLEMS if only_check and changed else 0
