"""Single edits of the example rule sets, drawn by a seed: which of them a person would be told of, and where.

python -m tests.mutations.measure [--edits 1000] [--seed 1] [--write docs/mutations.md]
"""

import argparse
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from app.design import samples
from app.design.rulesets import only_samples, read_folder, without_samples
from dsl.checker import check
from dsl.diagnostics import Diagnostic
from dsl.program import Program
from rules import oracle
from rules.outcome import Context, to_json
from rules.testing import run_tests
from tests.mutations.edits import Edit, Original
from tests.mutations.mutators import MUTATORS
from tests.mutations.page import page
from tests.mutations.probes import probes, table_answers
from tests.mutations.verdicts import Verdict, shares

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = tuple(sorted(path.parent for path in (ROOT / "examples").glob("*/ruleset.toml")))
CONTEXT = Context(datetime(2026, 4, 13, 6, 55, tzinfo=UTC), {"id": "m1"})
_WHY = ("place", "lineage", "rules", "decisions", "file", "line", "column")


class Example:
    """A rule set, what it makes of its samples, and the verdict on an edit of it."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.files = read_folder(folder)
        self.program = self.check(self.files)
        self.known = {_words(d) for d in self.program.diagnostics}

    def check(self, files: Mapping[str, bytes]) -> Program:
        """As `mapwright check` does."""
        return check(without_samples(files), only_samples(files))

    @cached_property
    def documents(self) -> list[tuple[str, Any]]:
        """A flow and a document of it: every sample, and variants of each."""
        return list(probes(self.program, self.files))

    @cached_property
    def outcomes(self) -> list[Any]:
        """What the rule set makes of all of them."""
        return self.run(self.program)

    @cached_property
    def samples(self) -> dict[str, Any]:
        """For test blocks."""
        return samples.decoded_samples(self.program, self.files)

    def run(self, program: Program) -> list[Any]:
        """The outcome of each document, and the answers of each table on its bounds."""
        found: list[Any] = []
        for flow, document in self.documents:
            if flow not in program.flows:
                found.append("no such flow")
                continue
            outcome = oracle.run(program, flow, document, CONTEXT)
            found.append([_plain(to_json(outcome)), str(oracle.keys(program, flow, document, CONTEXT))])
        return [*found, table_answers(self.program, program, CONTEXT)]

    def verdict(self, edit: Edit) -> Verdict:
        """Check the edited rule set, run it, run its tests."""
        program = self.check(edit.apply(self.files))
        line = self.program.sources[edit.path].position(edit.span.start)[0]
        new = [d for d in program.diagnostics if _words(d) not in self.known]
        said = f"{new[0].code} {new[0].message}" if new else ""
        hit = any(self._on_line(program, edit, d) for d in new)
        if not program.ok:
            return Verdict(self.name, edit, line, "error", hit, said)
        if self.run(program) == self.outcomes:
            return Verdict(self.name, edit, line, "same", hit, said)
        if new:
            return Verdict(self.name, edit, line, "warning", hit, said)
        failed = not run_tests(program, self.samples).passed
        return Verdict(self.name, edit, line, "tests" if failed else "nothing", False)

    def _on_line(self, program: Program, edit: Edit, found: Diagnostic) -> bool:
        """Whether the finding, or a label of it, stands on a line of the edit."""
        places = [(found.file, found.span), *((label.file, label.span) for label in found.labels)]
        lines = set(self._edited_lines(edit))
        for file, span in places:
            source = program.sources.get(file)
            if file == edit.path and source is not None:
                first, last = (
                    source.position(span.start)[0],
                    source.position(max(span.start, span.end - 1))[0],
                )
                if lines & set(range(first, last + 1)):
                    return True
        return False

    def _edited_lines(self, edit: Edit) -> Iterator[int]:
        """Lines of the edited text: those of the edit and of what it belongs to."""
        source = self.program.sources[edit.path]
        removed = source.slice(edit.span).count("\n") - edit.text.count("\n")
        for span in (edit.span, *edit.home):
            first, last = source.position(span.start)[0], source.position(max(span.start, span.end - 1))[0]
            shift = removed if span.start >= edit.span.end and span is not edit.span else 0
            yield from range(first - shift, last - shift + 1)


def _words(found: Diagnostic) -> tuple[str, ...]:
    return found.file, found.code, found.message, found.subject


def _plain(value: Any) -> Any:
    """An outcome without where and why, so that only what happens is compared."""
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items() if name not in _WHY}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def drawn(examples: list[Example], count: int, seed: int) -> Iterator[tuple[Example, Edit]]:
    """Different edits, as many of each kind as there are."""
    random = Random(seed)
    pools: dict[str, list[tuple[Example, Edit]]] = {}
    for example in examples:
        original = Original(example.program, random)
        for mutate in MUTATORS:
            for edit in mutate(original):
                pools.setdefault(edit.kind, []).append((example, edit))
    for pool in pools.values():
        random.shuffle(pool)
    left = count
    while left and any(pools.values()):
        for pool in pools.values():
            if pool and left:
                yield pool.pop()
                left -= 1


def measure(count: int, seed: int, folders: tuple[Path, ...] = EXAMPLES) -> list[Verdict]:
    """The verdict on so many edits."""
    examples = [Example(folder) for folder in folders]
    return [example.verdict(edit) for example, edit in drawn(examples, count, seed)]


def main() -> None:
    """Measure, print the shares, write the page."""
    parser = argparse.ArgumentParser(description="Measure how many mistakes the checker names.")
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    verdicts = measure(options.edits, options.seed)
    text = page(verdicts, options.seed)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    named, on_line = shares(verdicts)
    print(f"{named:.1%} of the mistakes are named, {on_line:.1%} of those on their line")


if __name__ == "__main__":
    main()
