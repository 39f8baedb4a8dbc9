"""Constants of the wrong type that say the right thing: the fix writes them as the target needs them."""

from dsl import syntax, types
from dsl.checking.expressions import LITERAL_TYPES, Expressions
from dsl.diagnostics import Edit, Fix
from dsl.parser import parse_expression


def written_plain(check: Expressions, node: syntax.Expression, wanted: types.Type) -> list[Fix]:
    """What a constant would be as a value of the wanted type: "5" is 5, "Major" is major, 5 is 5%."""
    if not isinstance(node, syntax.Literal):
        return []
    text = str(node.value) if node.kind in ("text", "integer") else ""
    if isinstance(wanted, types.Enum):
        text = next(
            (
                value
                for value in wanted.values
                if value.casefold() == text.casefold() and value.isidentifier()
            ),
            "",
        )
    elif wanted == types.PERCENT:
        text += "%"
    elif wanted == types.TEXT:
        text = f'"{text}"' if node.kind == "integer" else ""
    else:
        text = text if node.kind == "text" else ""
    written, _ = parse_expression(text) if text else (None, ())
    if not isinstance(written, syntax.Literal | syntax.Name):
        return []
    typed = (
        types.TEXT if isinstance(written, syntax.Name) else LITERAL_TYPES.get(written.kind, types.ANYTHING)
    )
    if not isinstance(wanted, types.Enum) and not types.fits(typed, wanted):
        return []
    return [Fix(f"Write {text}", (Edit(check.site.file, node.span, text),))]
