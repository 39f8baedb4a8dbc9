"""One edit of a rule set, where it stands, and the walk over what can be edited."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from dsl import syntax
from dsl.checking.userfunctions import nodes_in
from dsl.program import Program
from dsl.source import Source, Span


@dataclass(frozen=True)
class Edit:
    """Replace a span of a file; `lines` are where a finding about it belongs (0-based offsets of the old text)."""

    kind: str
    path: str
    span: Span
    text: str
    words: str
    home: tuple[Span, ...] = ()

    def apply(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """The rule set with this edit in it."""
        text = files[self.path].decode()
        made = text[: self.span.start] + self.text + text[self.span.end :]
        return {**files, self.path: made.encode()}


@dataclass(frozen=True)
class Original:
    """The rule set before any edit."""

    program: Program
    random: Random

    def nodes(self, *kinds: type) -> Iterator[tuple[Source, syntax.Node]]:
        """Every node of some kinds in all modules but those of tests, with its source."""
        for path, module in self.program.modules.items():
            source = self.program.sources[path]
            for declaration in (*module.uses, *module.declarations):
                if isinstance(declaration, syntax.Test):
                    continue
                for node in nodes_in(declaration):
                    if isinstance(node, kinds):
                        yield source, node

    def slice(self, source: Source, span: Span) -> str:
        """The text of a span."""
        return source.slice(span)

    def lines(self, source: Source, span: Span) -> Span:
        """The whole lines of a span, line break included."""
        start = source.text.rfind("\n", 0, span.start) + 1
        end = source.text.find("\n", span.end)
        return Span(start, len(source.text) if end < 0 else end + 1)


Mutator = Callable[[Original], Iterator[Edit]]


def misspelt(word: str, random: Random) -> str:
    """A word with two letters swapped, one doubled, one left out or one replaced."""
    letters = [i for i, char in enumerate(word) if char.isalnum()]
    place = random.choice(letters)
    match random.randrange(4):
        case 0 if place + 1 < len(word) and word[place] != word[place + 1]:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case 1 if len(word) > 2:
            return word[:place] + word[place + 1 :]
        case 2:
            return word[:place] + word[place] + word[place:]
        case _:
            other = "x" if word[place] != "x" else "z"
            return word[:place] + (other if not word[place].isdigit() else "7") + word[place + 1 :]
