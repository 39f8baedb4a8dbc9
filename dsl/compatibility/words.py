"""One change between two versions, and the names of the versions for its sentence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Versions:
    """What the two versions are called."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """What changed at a path, in words; what it breaks. `note`: refuses nothing by that, but loses or changes meaning.

    `backward`: messages of the old version can be refused by the new one; `forward`: the other way round.
    """

    path: str
    kind: str
    words: str
    backward: bool = False
    forward: bool = False
    note: bool = False

    @property
    def sentence(self) -> str:
        """`lot` became required: messages of v1 without it will be refused."""
        return (
            f"`{self.path}` {self.words}." if not self.path.startswith("(") else f"{self.path}: {self.words}."
        )
