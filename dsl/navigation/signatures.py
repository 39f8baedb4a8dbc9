"""The call that is being typed: its parameters, and which of them is next."""

from collections.abc import Sequence
from dataclasses import dataclass

from dsl import functions, types
from dsl.program import Program
from dsl.tree import INSIGNIFICANT, Token, parse_tree


@dataclass(frozen=True, slots=True)
class Signature:
    """What a call takes; `active` is the index of the argument at the place."""

    label: str
    parameters: tuple[str, ...]
    doc: str
    active: int


def signature(program: Program, path: str, offset: int) -> Signature | None:
    """The innermost call around an offset; None outside brackets."""
    source = program.sources.get(path)
    if source is None:
        return None
    start = source.text.rfind("\n\n", 0, offset) + 1
    tokens = [t for t in parse_tree(source.text[start:offset]).tokens if t.kind not in INSIGNIFICANT]
    opened = _opened(tokens)
    if opened is None or opened == 0 or tokens[opened - 1].kind != "word":
        return None
    name, before = tokens[opened - 1].text, tokens[opened - 2].text if opened > 1 else ""
    described = _described(program, name, before)
    if described is None:
        return None
    label, parameters, doc = described
    return Signature(label, parameters, doc, _active(tokens[opened + 1 :], parameters))


def _opened(tokens: Sequence[Token]) -> int | None:
    """The bracket that is not closed yet, if it is a round one."""
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index].text in (")", "]", "}"):
            depth += 1
        elif tokens[index].text in ("(", "[", "{"):
            if depth == 0:
                return index if tokens[index].text == "(" else None
            depth -= 1
    return None


def _active(tokens: Sequence[Token], parameters: Sequence[str]) -> int:
    depth, commas, argument = 0, 0, 0
    for index, token in enumerate(tokens):
        if token.text in ("(", "[", "{"):
            depth += 1
        elif token.text in (")", "]", "}"):
            depth -= 1
        elif token.text == "," and depth == 0:
            commas, argument = commas + 1, index + 1
    named = [t.text for t in tokens[argument : argument + 2]]
    if named[1:] == [":"]:
        return next((i for i, p in enumerate(parameters) if p.partition(":")[0] == named[0]), commas)
    return min(commas, max(len(parameters) - 1, 0))


def _described(program: Program, name: str, before: str) -> tuple[str, tuple[str, ...], str] | None:
    """Label, parameters and sentence of what is called."""
    if before == "lookup" and name in program.lookups:
        return _labelled(f"lookup {name}", program.lookups[name].keys, "")
    if before == "table" and name in program.tables:
        return _labelled(f"table {name}", program.tables[name].inputs, "")
    if name in program.maps and before in ("using", "with"):
        return _labelled(name, program.maps[name].parameters, "")
    if name in program.functions:
        own = program.functions[name]
        return _labelled(
            name, own.parameters, f"A function in {own.path}.", f" : {types.describe(own.result)}"
        )
    spec = functions.registry().get(name)
    if spec is None:
        return None
    return spec.signature, spec.parameter_words, spec.doc


def _labelled(
    name: str, parameters: Sequence[tuple[str, types.Type]], doc: str, result: str = ""
) -> tuple[str, tuple[str, ...], str]:
    shown = tuple(f"{parameter}: {types.describe(of)}" for parameter, of in parameters)
    return f"{name}({', '.join(shown)}){result}", shown, doc
