"""Flows -> walkable steps: a small generated function for each key, argument list and value that stands in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dsl import syntax, types
from dsl.program import CheckedDataset, CheckedFlow, Program
from dsl.types import Record
from rules.generation.plans import spell
from rules.generation.shapes import Read
from rules.generation.snippets import Snippets
from rules.outcome import Place
from rules.referee.environment import names_in
from rules.remedies import seconds
from rules.steps import AskStep, CompiledMap, MapUse, Otherwise, RecallStep, ReplyStep, UseStep

Results = Sequence[tuple[syntax.Expression, bool]]
Functions = Mapping[tuple[int, str], str]
"""The generated functions of a flow: step number and what it is for -> name."""


def step_functions(snippets: Snippets, checked: CheckedFlow) -> Functions:
    """Generate the functions of a flow; each sees the values that are named before its step."""
    found: dict[tuple[int, str], str] = {}
    variables: dict[str, bool] = {checked.node.variable: False}
    for number, step in enumerate(checked.node.steps):
        for word, results in _wanted(snippets.unit.program, step):
            found[number, word] = snippets.step_function(checked.path, variables, results)
        name = getattr(step, "variable", "")
        if name:
            variables[name] = isinstance(checked.variables.get(name), types.Maybe)
    return found


def _wanted(program: Program, step: syntax.Step) -> Iterator[tuple[str, Results]]:
    """What has to be made for a step: its key, its arguments, the value that stands in."""
    if isinstance(step, syntax.MapStep | syntax.CallStep | syntax.Reply) and step.arguments:
        checked = program.maps[step.map]
        maybe = [name in checked.optional for name, _ in checked.parameters]
        yield "arguments", list(zip(step.arguments, maybe, strict=True))
    if isinstance(step, syntax.Enrich) and isinstance(step.source, syntax.Recall):
        yield "keys", [(key, True) for key in step.source.keys]
    for handler in getattr(step, "handlers", ()):
        if handler.value is not None:
            yield "use", [(handler.value, False)]


def records_of(program: Program, checked: CheckedFlow) -> Iterator[Record]:
    """The schemas by which a flow reads what it recalls and what it is answered."""
    for step in checked.node.steps:
        if isinstance(step, syntax.Enrich) and isinstance(step.source, syntax.Recall):
            yield program.datasets[step.source.dataset].schema.record
        elif isinstance(step, syntax.CallStep):
            yield checked.answers[step.variable].record


class StepAssembler:
    """Puts the steps of one flow together, once the generated functions can be called."""

    def __init__(
        self,
        program: Program,
        checked: CheckedFlow,
        maps: Mapping[str, CompiledMap],
        functions: Functions,
        namespace: Mapping[str, Any],
        read: Callable[[Record], Read],
    ) -> None:
        self.program = program
        self.checked = checked
        self.maps = maps
        self.functions = functions
        self.namespace = namespace
        self.read = read

    def of(self, number: int, step: syntax.Step) -> UseStep | RecallStep | AskStep | ReplyStep | None:
        """A step of a kind that is walked with named values."""
        match step:
            case syntax.MapStep():
                return UseStep(self._use(number, step), step.variable)
            case syntax.Enrich(source=syntax.Recall()):
                return self._recall(number, step)
            case syntax.CallStep():
                return self._ask(number, step)
            case syntax.Reply():
                return ReplyStep(self._use(number, step))
            case _:
                return None

    def _function(self, number: int, word: str) -> Any:
        name = self.functions.get((number, word))
        return None if name is None else self.namespace[name]

    def _use(self, number: int, step: syntax.MapStep | syntax.CallStep | syntax.Reply) -> MapUse:
        checked = self.program.maps[step.map]
        names = [name for name, _ in checked.parameters]
        given = zip(names, (path_text(argument) for argument in step.arguments), strict=False)
        paths = tuple((name, path) for name, path in given if path)
        if not step.arguments and not self._mapped(number):
            paths = ((names[0], self.checked.node.variable),)
        return MapUse(self.maps[step.map], self._function(number, "arguments"), paths)

    def _mapped(self, number: int) -> bool:
        """Whether a map came before: the document so far is no longer the one received."""
        return any(isinstance(step, syntax.MapStep) for step in self.checked.node.steps[:number])

    def _recall(self, number: int, step: syntax.Enrich) -> RecallStep:
        source = step.source
        assert isinstance(source, syntax.Recall)
        dataset: CheckedDataset = self.program.datasets[source.dataset]
        otherwise = self._otherwise(number, step.handlers, "missing") or Otherwise("reject")
        return RecallStep(
            step.variable,
            source.dataset,
            self._function(number, "keys"),
            frozenset(names_in(*source.keys)),
            self.read(dataset.schema.record),
            otherwise,
            seconds(step.wait),
            self._place(step),
        )

    def _ask(self, number: int, step: syntax.CallStep) -> AskStep:
        schema = self.checked.answers[step.variable]
        return AskStep(
            step.variable,
            step.endpoint,
            self._use(number, step),
            f"{schema.name}@{schema.version}",
            self.read(schema.record),
            self._otherwise(number, step.handlers, "error"),
            number,
            self._place(step),
        )

    def _otherwise(self, number: int, handlers: Sequence[syntax.Handler], kind: str) -> Otherwise | None:
        for handler in handlers:
            if handler.failure == kind:
                value = self._function(number, "use") if handler.action == "use" else None
                return Otherwise(handler.action, value, handler.warn)
        return None

    def _place(self, step: syntax.Node) -> Place:
        source = self.program.sources[self.checked.path]
        return Place(self.checked.path, *source.position(step.span.start))


def path_text(node: syntax.Expression) -> str:
    """The path that an expression is: "x", "nc.header"; empty for anything else."""
    steps: list[str] = []
    while isinstance(node, syntax.Path):
        steps.append(node.field)
        node = node.base
    if not isinstance(node, syntax.Name):
        return ""
    return ".".join([node.name, *(spell((step,)) for step in reversed(steps))])
