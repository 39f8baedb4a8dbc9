"""`docs`: a rule set as a readable page, or the reference of the language, written from the declarations."""

import sys
from pathlib import Path

import click

from app.commands.folder import read, write
from app.terminal import USAGE, Stop, print_table, say


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the page; stdout unless said.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown in place of HTML.")
@click.option(
    "--write", "target", type=click.Path(path_type=Path), help="Folder for the reference, as Markdown pages."
)
def docs(folder: Path | None, output: Path | None, as_markdown: bool, target: Path | None) -> None:
    """Write FOLDER's maps, tables, rules and the rest, with their tests, as one page to read and print.

    Without FOLDER: the reference of functions, diagnostic codes and settings.
    """
    if folder is not None:
        if target is not None:
            raise Stop(USAGE, "--write is for the reference; say -o FILE for the page of a rule set")
        return _page(folder, output, as_markdown)
    if output is not None or as_markdown:
        raise Stop(USAGE, "name the folder of a rule set")
    _reference(target)


def _page(folder: Path, output: Path | None, as_markdown: bool) -> None:
    from app.design import trials
    from app.design.handbooks import handbook_page
    from dsl.handbook import handbook, markdown

    program = trials.check_files(read(folder))
    text = markdown(handbook(program)) if as_markdown else handbook_page(program)
    if output is None:
        sys.stdout.write(text)
        return
    write(output, text)
    say(f"{folder}: written to {output}")


def _reference(target: Path | None) -> None:
    written = pages()
    if target is None:
        print_table(
            "Pages of the reference",
            ("page", "lines"),
            ((p, str(len(t.splitlines()))) for p, t in written.items()),
        )
        return
    for path, text in written.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    say(f"{len(written)} pages written to {target}")


def pages() -> dict[str, str]:
    """Name -> text of every page that is written from declarations."""
    from dsl import reference

    return {
        "functions.md": reference.function_pages(),
        "diagnostics.md": reference.code_pages(),
        "settings.md": settings_page(),
        "metrics.md": metrics_page(),
    }


def settings_page() -> str:
    """The settings as a Markdown page."""
    from app.settings import SETTINGS

    rows = [
        f"| `{d.variable}` | {d.kind} | {f'`{d.default}`' if d.default not in ('', ()) else ''} | {d.doc} |"
        for d in sorted(SETTINGS, key=lambda d: d.name)
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Environment variables; or, in the TOML file that `MAPWRIGHT_CONFIG` names, the same without the",
            "prefix and in small letters. `mapwright doctor` prints those in force, secrets hidden.",
            "",
            "| Setting | Kind | Default | Meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def metrics_page() -> str:
    """The figures of /metrics as a Markdown page."""
    from app.telemetry.metrics import FIGURES, RECORDED

    counted = [f"| `{f.name}` | {f.kind} | {', '.join(f.labels)} | {f.doc} |" for f in FIGURES]
    recorded = [
        f"| `mapwright_{name}` | gauge | environment, state | {doc} |" for name, doc in RECORDED.items()
    ]
    return "\n".join(
        [
            "# Figures",
            "",
            "What `/metrics` gives to Prometheus. Counted by every process of the data folder and added up; a host",
            "without a web server gives its own on `MAPWRIGHT_METRICS_BIND`. Durations are in seconds.",
            "",
            "| Figure | Kind | Labels | Meaning |",
            "|---|---|---|---|",
            *counted,
            "",
            "Read from the record when the web server is asked:",
            "",
            "| Figure | Kind | Labels | Meaning |",
            "|---|---|---|---|",
            *recorded,
            "| `mapwright_processes` | gauge | kind | Workers and clocks that gave a sign of life lately |",
            "",
        ]
    )
