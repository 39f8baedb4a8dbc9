"""What an edited rule set is run on: the samples, variants of them, and the bounds of each table."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from itertools import islice, product
from random import Random
from typing import Any

from app.design import samples
from dsl import syntax, types
from dsl.checking.userfunctions import nodes_in
from dsl.program import CheckedTable, Program
from dsl.source import Span
from rules import engine, oracle
from rules.outcome import Context
from rules.referee.environment import Environment
from rules.referee.evaluate import Blamed, Evaluator

_NOWHERE = Span(0, 0)
_NOTHING = syntax.MissingLiteral(_NOWHERE)
VARIANTS = 3
MOST_ANSWERS = 3_000


def probes(program: Program, files: Mapping[str, bytes]) -> Iterator[tuple[str, Any]]:
    """A flow and a document."""
    random = Random(7)
    for name, flow in program.flows.items():
        endpoint = program.manifest.endpoints.get(flow.node.endpoint)
        for sample in samples.sample_names(files):
            try:
                documents = samples.decode_sample(program, files, sample, endpoint.name if endpoint else None)
            except samples.SampleInvalid:
                continue
            for document in documents:
                yield name, document.data
                yield from ((name, spoilt(document.data, random)) for _ in range(VARIANTS))


def spoilt(document: Any, random: Random) -> Any:
    """A copy with some of its values gone or odd."""
    made = deepcopy(document)
    leaves = list(_leaves(made))
    for holder, key in random.sample(leaves, min(4, len(leaves))):
        holder[key] = random.choice([None, "", "0", holder[key], "99", "-1"])
    return made


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        if isinstance(part, dict | list):
            yield from _leaves(part)
        else:
            yield value, key


def table_answers(original: Program, edited: Program, context: Context) -> list[Any]:
    """What each table answers on the constants of its cells, a step beside them, and nothing at all."""
    found: list[Any] = []
    evaluator = oracle.Referee(edited, context).e
    for name, table in original.tables.items():
        columns = [column_values(table, column) for column in range(len(table.inputs))]
        if name in edited.tables:
            here = evaluator.at(edited.tables[name].path)
            with engine.exact():
                found += [_answer(here, name, inputs) for inputs in islice(product(*columns), MOST_ANSWERS)]
    return [len(found), *found]


def _answer(evaluator: Evaluator, name: str, inputs: tuple[Any, ...]) -> Any:
    arguments = [_NOTHING if value is None else syntax.Literal(_NOWHERE, "text", value) for value in inputs]
    try:
        return evaluator.may(syntax.TableCall(_NOWHERE, name, tuple(arguments)), Environment())
    except Blamed as failure:
        return str(failure)


def column_values(table: CheckedTable, column: int) -> list[Any]:
    """The values of a column that tell its cells apart."""
    of = table.inputs[column][1]
    kind = types.present(of)
    found: list[Any] = [None] if isinstance(of, types.Maybe) else []
    if isinstance(kind, types.Enum):
        return [*found, *kind.values]
    for row in table.node.rows:
        if isinstance(row, syntax.TableRow) and column < len(row.cells):
            for node in nodes_in(row.cells[column]):
                if isinstance(node, syntax.Literal):
                    found += _around(node.value)
    return [value for index, value in enumerate(found) if value not in found[:index]]


def _around(value: Any) -> list[Any]:
    if isinstance(value, Decimal):
        step = Decimal(1).scaleb(min(int(value.as_tuple().exponent), -2))
        return [value - step, value, value + step]
    if isinstance(value, int) and not isinstance(value, bool):
        return [value - 1, value, value + 1]
    return [value]
