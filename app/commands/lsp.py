"""`lsp`: the language server over standard input and output."""

import click


@click.command()
def lsp() -> None:
    """Answer an editor over standard input and output, until it closes them."""
    from app.languageserver.features import build

    build().start_io()
