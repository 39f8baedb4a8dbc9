"""The documentation of a rule set as one HTML page that needs nothing beside it."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dsl.handbook import handbook
from dsl.program import Program

_WEB = Path(__file__).resolve().parents[1] / "web"


def handbook_page(program: Program) -> str:
    """The page, its style inside; to read, to print, to send."""
    jinja = Environment(
        loader=FileSystemLoader(_WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_WEB / "static" / "style.css").read_text(encoding="utf-8").replace("</", "<\\/")
    return jinja.get_template("handbook_file.html").render(book=handbook(program), style=style)
