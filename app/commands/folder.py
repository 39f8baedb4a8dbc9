"""Commands on a rule set folder: init, check, test, format."""

from importlib import metadata
from pathlib import Path
from typing import Any

import click

from app.commands.options import AS_JSON
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
@click.option(
    "--sarif", "as_sarif", is_flag=True, help="SARIF 2.1.0 to stdout, for code hosts and pipelines."
)
def check(folder: Path, as_json: bool, as_sarif: bool) -> int:
    """Check every text of FOLDER against its schemas. Exit 1 where there are errors."""
    from app.design import trials

    if as_json and as_sarif:
        raise Stop(USAGE, "choose --json or --sarif, not both")
    program = trials.check_thoroughly(read(folder))
    if as_json:
        print_json(trials.check_json(program))
    elif as_sarif:
        from dsl.exchange.sarif import to_sarif

        root = folder.resolve().as_uri()
        print_json(to_sarif(program.diagnostics, program.sources, metadata.version("mapwright"), root))
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
    from rules.testing import TestReport, to_json, to_junit

    files = read(folder)
    program = trials.check_files(files)
    if not program.ok:
        errors = [d for d in program.diagnostics if d.severity == "error"]
        if junit:
            write(junit, to_junit(TestReport([], {}), [f"{d.file}: {d.code} {d.message}" for d in errors]))
        print_diagnostics(errors, program.sources)
        raise Stop(PROBLEMS, f"{folder} has errors: no test was run")
    report = trials.run_tests(files)
    if junit:
        write(junit, to_junit(report))
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
        _print_coverage(report.coverage)
    say(f"{len(report.results) - len(failed)} of {len(report.results)} tests green")


def _print_coverage(coverage: dict[str, Any]) -> None:
    """How much of each kind the tests reached; what they did not by name and line."""
    for kind, value in coverage.items():
        if value["total"]:
            share = 100 * value["covered"] // value["total"]
            say(f"{kind}: {value['covered']} of {value['total']} ({share} %)")
            for name in value["missing"]:
                say(f"  not reached: {name} ({value['where'][name]})")


def write(target: Path, text: str) -> None:
    """A file that was asked for; Stop says why it can't be written."""
    try:
        target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Stop(REFUSED, f"{target} can't be written: {error.strerror}") from error


@click.command("format")
@FOLDER
@click.option(
    "--check", "only_check", is_flag=True, help="Change nothing; exit 1 where something would change."
)
def format_(folder: Path, only_check: bool) -> int:
    """Format the texts of FOLDER; comments and meaning stay. Exit 1 where a text can't be laid out."""
    from dsl.printer import format_text
    from dsl.source import Source

    changed, broken = 0, 0
    for path, content in read(folder).items():
        if not path.endswith(".mw"):
            continue
        source = _laid_out(path, content)
        if source is None:
            broken += 1
            continue
        after = format_text(Source(path, source))
        if source != after:
            changed += 1
            say(f"{path}: {'would be ' if only_check else ''}formatted")
            if not only_check:
                write(folder / path, after)
    return PROBLEMS if broken or only_check and changed else 0


def _laid_out(path: str, content: bytes) -> str | None:
    """The text of a module that can be formatted; None, said, where it is no text or its blocks don't close."""
    from dsl.parser import parse
    from dsl.source import Source

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        say(f"{path}: left as it is, it is not UTF-8")
        return None
    if parse(Source(path, text)).balanced:
        return text
    say(f"{path}: left as it is, a block has no `end`")
    return None
