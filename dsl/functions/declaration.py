"""How a function is declared: once, with all that documentation, completion, types and tests need."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dsl import types
from dsl.errors import DslError
from dsl.syntax import FailureKind

REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "REQUIRED"})()
"""The default of a parameter that has none."""

Implementation = TypeVar("Implementation", bound=Callable[..., Any])


class TypeRuleError(DslError):
    """The arguments do not go together; the message says why in the analyst's words."""

    code = "type_rule"


class Fault(str):
    """What is wrong with a constant text: from which character on, and what was probably meant instead."""

    position: int
    instead: tuple[str, ...]

    def __new__(cls, message: str, position: int = 0, instead: Sequence[str] = ()) -> "Fault":
        """The message with its place."""
        fault = super().__new__(cls, message)
        fault.position = position
        fault.instead = tuple(instead)
        return fault


@dataclass(frozen=True, slots=True)
class Accepts:
    """A parameter type that is a choice: `words` names it in documentation and messages."""

    words: str
    test: Callable[[types.Type], bool]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    named       only by name (`zone: "Europe/Berlin"`)     repeated    takes the rest of the arguments
    constant    has to be written as a constant             missing_ok  a missing value is passed as None
    fields      names fields of the elements of the first argument; passed as a tuple of paths
    word        a word that passes `check` may stand without quotes: `half_up`, `KGM`, unless it names a value
    `check` tells what is wrong with a constant at compile time, or returns None; as a Fault it says where.
    """

    name: str
    type: types.Type | Accepts
    default: Any = REQUIRED
    named: bool = False
    repeated: bool = False
    constant: bool = False
    missing_ok: bool = False
    fields: bool = False
    word: bool = False
    check: Callable[[Any], str | None] | None = None

    @property
    def required(self) -> bool:
        """Whether a call has to give it."""
        return self.default is REQUIRED and not self.repeated


@dataclass(frozen=True, slots=True)
class Argument:
    """What the type rule of a function sees of one argument; `value` only if it is a constant."""

    type: types.Type
    constant: bool = False
    value: Any = None


Rule = Callable[[Sequence[Argument]], types.Type]
Given = Mapping[str, Argument]
"""The arguments of a call by the names of their parameters."""


@dataclass(frozen=True, slots=True)
class Example:
    """An expression and what it gives; `result` is an expression too, or `fails error`."""

    expression: str
    result: str


@dataclass(frozen=True, slots=True, eq=False)
class FunctionSpec:
    """A function, whole.

    `implementation` takes the arguments in the order of `parameters` (repeated ones last, one by
    one) as plain values; it raises FunctionFailure of one of `failures`. It is None where only
    the engine can know the answer (position, tests). `settings` names keyword arguments that
    come from the rule set, see `bound`. With `lazy`, an argument is only made if those before
    it are missing or fail as `missing` (coalesce). `safe` names kinds that can't occur with the given arguments.
    """

    name: str
    family: str
    parameters: tuple[Parameter, ...]
    result: types.Type | Rule
    result_words: str
    failures: frozenset[FailureKind]
    doc: str
    examples: tuple[Example, ...]
    implementation: Callable[..., Any] | None
    settings: tuple[str, ...] = ()
    lazy: bool = False
    safe: Callable[[Given], Sequence[FailureKind]] | None = None

    def failures_of(self, given: Given) -> frozenset[FailureKind]:
        """How a call with these arguments can fail: what the declaration says, less what can't be with them."""
        return self.failures - frozenset(self.safe(given)) if self.safe is not None else self.failures

    def result_type(self, arguments: Sequence[Argument]) -> types.Type:
        """The type of a call; raises TypeRuleError."""
        return self.result(arguments) if callable(self.result) else self.result

    @property
    def signature(self) -> str:
        """`round(value: decimal, digits: integer = 0, mode: text = "half_even") : decimal`."""
        return f"{self.name}({', '.join(self.parameter_words)}) : {self.result_words}"

    @property
    def parameter_words(self) -> tuple[str, ...]:
        """Each parameter as the signature has it: `digits: integer = 0`."""
        return tuple(map(_parameter_words, self.parameters))


_DECLARED: dict[str, FunctionSpec] = {}


def declared() -> Mapping[str, FunctionSpec]:
    """All functions declared so far (import dsl.functions to have all of them)."""
    return _DECLARED


def function(
    name: str,
    parameters: Sequence[Parameter],
    result: types.Type | Rule,
    doc: str,
    examples: Sequence[tuple[str, str]],
    *,
    fails: Sequence[FailureKind] = (),
    result_words: str = "",
    settings: Sequence[str] = (),
    lazy: bool = False,
    safe: Callable[[Given], Sequence[FailureKind]] | None = None,
) -> Callable[[Implementation], Implementation]:
    """Declare the decorated Python function as a function of the language."""

    def register(implementation: Implementation) -> Implementation:
        family = implementation.__module__.rpartition(".")[2]
        declare(
            FunctionSpec(
                name,
                family,
                tuple(parameters),
                result,
                result_words or _result_words(result),
                frozenset(fails),
                doc,
                tuple(Example(*e) for e in examples),
                implementation,
                tuple(settings),
                lazy,
                safe,
            )
        )
        return implementation

    return register


def declare(spec: FunctionSpec) -> None:
    """Add a function to the registry; a second one of the same name is a programming error."""
    if spec.name in _DECLARED:
        raise ValueError(f"{spec.name} is declared twice")
    _DECLARED[spec.name] = spec


def _result_words(result: types.Type | Rule) -> str:
    return "value" if callable(result) else types.describe(result)


def _parameter_words(parameter: Parameter) -> str:
    kind = parameter.type
    words = kind.words if isinstance(kind, Accepts) else types.describe(kind)
    if parameter.repeated:
        return f"{parameter.name}: {words}, ..."
    if parameter.required:
        return f"{parameter.name}: {words}"
    default = parameter.default
    shown = (
        "missing" if default is None else f'"{default}"' if isinstance(default, str) else str(default).lower()
    )
    return f"{parameter.name}: {words} = {shown}"
