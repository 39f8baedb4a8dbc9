"""What names mean while a function is generated: variables, the frame they live in, its marks."""

from dataclasses import dataclass, field

from dsl import types
from rules.generation.plans import NOWHERE, FramePlan, Origin


@dataclass(frozen=True, slots=True)
class Local:
    """A variable of the language and the generated variable that holds it.

    `maybe`: it may be None. `poison`: it may be POISON, its let having failed. `position`: the
    generated variable that counts its rows.
    """

    name: str
    maybe: bool = False
    poison: bool = False
    origin: Origin = NOWHERE
    position: str | None = None


class Scope:
    """Variables by name; an inner scope sees the outer ones."""

    def __init__(self, outer: "Scope | None" = None) -> None:
        self._outer = outer
        self._locals: dict[str, Local] = {}

    def find(self, name: str) -> Local | None:
        """The variable of this name."""
        found = self._locals.get(name)
        return found if found is not None or self._outer is None else self._outer.find(name)

    def put(self, name: str, local: Local) -> None:
        """Declare a variable."""
        self._locals[name] = local


@dataclass(slots=True)
class Frame:
    """A map body, a row of an `each` or a set of rules, while its code is generated."""

    plan: FramePlan
    output: str = ""
    target: types.Record | None = None
    outer: "Frame | None" = None
    indexes: tuple[str, ...] = ()
    path: str = ""
    dropped: str | None = None
    slots: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def in_loop(self) -> bool:
        """Whether its code runs once a row."""
        return self.plan.depth > 0

    def slot(self, name: str, listing: bool) -> int:
        """A new mark, held by a generated variable; a listing one collects several."""
        self.slots.append((name, listing))
        return self.plan.slot()
