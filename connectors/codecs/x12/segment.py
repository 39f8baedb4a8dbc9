"""A segment as it stands in the file, and the delimiters of its interchange."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delimiters:
    """One character each; `repetition` is empty where the release has none."""

    element: str = "*"
    component: str = ">"
    terminator: str = "~"
    repetition: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """`number` counts from 1 over the whole body, `offset` is in bytes from 0; elements[0] is element 01."""

    number: int
    offset: int
    id: str
    elements: tuple[str, ...]

    def element(self, position: int) -> str:
        """Element by its number from 1; empty where it was not sent."""
        return self.elements[position - 1] if position <= len(self.elements) else ""
