"""What names mean at a place, and which values are known to be there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dsl import syntax, types
from dsl.program import Variable

Key = tuple[str, ...]
"""A variable and the fields after it: ("nc", "supplier", "id")."""

MESSAGE = types.Record(
    "message",
    {
        "now": types.FieldSpec(types.DATETIME, required=True, title="When the message is processed"),
        "id": types.FieldSpec(types.TEXT, title="Id of the message"),
        "endpoint": types.FieldSpec(types.TEXT, title="Endpoint it came through"),
        "environment": types.FieldSpec(types.TEXT, title="Environment it runs in"),
        "correlation_id": types.FieldSpec(types.TEXT, title="Journey it belongs to"),
        "received_at": types.FieldSpec(types.DATETIME, title="When it came in"),
        "replayed": types.FieldSpec(types.BOOLEAN, title="Whether it is replayed"),
    },
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Variables, values known to be present, and - where they count - fields of the target.

    `elements` are the variables of an `each` or comprehension (position() takes them); `testing`
    opens the functions of tests; `row` is true inside `each`.
    """

    variables: Mapping[str, Variable] = field(default_factory=dict)
    present: frozenset[Key] = frozenset()
    fields: Mapping[str, Variable] = field(default_factory=dict)
    elements: frozenset[str] = frozenset()
    testing: bool = False
    row: bool = False

    def find(self, name: str) -> Variable | None:
        """The variable of a name; `message` is there wherever no other stands for it."""
        found = self.variables.get(name)
        return _MESSAGE_VARIABLE if found is None and name == "message" else found

    def with_variable(self, variable: Variable, element: bool = False) -> "Scope":
        """A scope with one more variable; what was known of a covered one is forgotten."""
        elements = self.elements | {variable.name} if element else self.elements
        kept = frozenset(key for key in self.present if key[0] != variable.name)
        return replace(
            self, variables={**self.variables, variable.name: variable}, present=kept, elements=elements
        )

    def with_present(self, keys: Iterable[Key]) -> "Scope":
        """A scope in which these values are known to be there."""
        return replace(self, present=self.present | frozenset(keys))

    def with_fields(self, record: types.Record) -> "Scope":
        """A scope in which the fields of the result can be named."""
        fields = {
            name: Variable(name, types.field_type(spec), "target") for name, spec in record.fields.items()
        }
        return replace(self, fields=fields)

    def known(self) -> list[str]:
        """All names, for suggestions."""
        return [*self.variables, *self.fields]


_MESSAGE_VARIABLE = Variable("message", MESSAGE)


def key_of(node: syntax.Expression) -> Key | None:
    """The key of a variable or a path from one; None for anything else."""
    match node:
        case syntax.Name(name=name):
            return (name,)
        case syntax.Path(base=base, field=field_name):
            below = key_of(base)
            return None if below is None else (*below, field_name)
        case _:
            return None


def _prefixes(key: Key | None) -> frozenset[Key]:
    return frozenset(key[:end] for end in range(1, len(key) + 1)) if key else frozenset()


def facts(condition: syntax.Expression, truth: bool) -> frozenset[Key]:
    """Values that are certainly there where the condition is true (or false)."""
    match condition:
        case syntax.Presence(value=value, negated=negated):
            return _prefixes(key_of(value)) if negated is truth else frozenset()
        case syntax.Unary(operator="not", operand=operand):
            return facts(operand, not truth)
        case syntax.Binary(operator="and" | "or" as operator, left=left, right=right):
            ours, theirs = facts(left, truth), facts(right, truth)
            return ours | theirs if (operator == "and") is truth else ours & theirs
        case syntax.Binary(operator="=" | "<>" as operator, left=left, right=right) if truth == (
            operator == "="
        ):
            return _equal_to_something(left, right) | _equal_to_something(right, left)
        case syntax.Binary(operator="<" | "<=" | ">" | ">=", left=left, right=right):
            return _prefixes(key_of(left)) | _prefixes(key_of(right))  # it would have failed without them
        case syntax.Membership(value=value, negated=negated) if negated is not truth:
            return _prefixes(key_of(value))
        case _:
            return frozenset()


def _equal_to_something(value: syntax.Expression, other: syntax.Expression) -> frozenset[Key]:
    """`x = 5` says that x is there; `x = y` says nothing, for both may be missing."""
    return _prefixes(key_of(value)) if isinstance(other, syntax.Literal) else frozenset()
