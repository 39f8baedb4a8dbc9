"""`docs`: the reference, written from the declarations."""

from pathlib import Path

import click

from app.terminal import print_table, say


@click.command()
@click.option(
    "--write", "target", type=click.Path(path_type=Path), help="Folder to write Markdown pages into."
)
def docs(target: Path | None) -> None:
    """Reference of functions, diagnostic codes and settings."""
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
