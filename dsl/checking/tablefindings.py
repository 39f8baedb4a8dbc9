"""The analysis of a table as diagnostics: rows by their ids, examples, and fixes that are edits of the text."""

from collections.abc import Iterable, Sequence
from typing import Any

from dsl import syntax, types
from dsl.analysis import Gap, Idle, Outlier, Overlap, Sliver, TableAnalysis
from dsl.checking.session import Session, Site
from dsl.diagnostics import Edit, Fix
from dsl.edits.rows import segments
from dsl.edits.tables import free_id, row_line
from dsl.parser import parse
from dsl.source import Source, Span

_MOST_NAMED = 5
Label = tuple[Span, str]


def report_analysis(
    session: Session,
    site: Site,
    node: syntax.Table,
    outputs: Sequence[tuple[str, types.Type]],
    found: TableAnalysis,
) -> None:
    """Say what was found in a table whose rows are sound."""
    _Report(session, site, node, outputs, found).run()


class _Report:
    """The findings of one table."""

    def __init__(
        self,
        session: Session,
        site: Site,
        node: syntax.Table,
        outputs: Sequence[tuple[str, types.Type]],
        found: TableAnalysis,
    ) -> None:
        self._session = session
        self._site = site
        self._node = node
        self._outputs = outputs
        self._found = found
        self._rows = [row for row in node.rows if isinstance(row, syntax.TableRow)]
        self._source = session.sources[site.file]

    def run(self) -> None:
        for overlap in self._found.overlaps:
            self._overlap(overlap)
        for idle in self._found.idle:
            self._idle(idle)
        if self._found.gap is not None:
            self._gap(self._found.gap)
        for sliver in self._found.slivers:
            self._sliver(sliver)
        for outlier in self._found.outliers:
            self._outlier(outlier)
        self._not_analysed()
        if self._found.too_large:
            self._session.report("M617", self._site, self._node.name_span, table=self._node.name)

    def _at(self, row: syntax.TableRow) -> Site:
        return self._site.at(f"table/{self._node.name}/{row.id}")

    def _overlap(self, overlap: Overlap) -> None:
        one, other = self._rows[overlap.upper], self._rows[overlap.lower]
        words: dict[str, Any] = {"first": one.id, "second": other.id, "example": overlap.example.words()}
        label = [(one.span, f"row {one.id}")]
        at, report = self._at(other), self._session.report
        if not overlap.certain:
            label += self._undecided_cells((overlap.upper, overlap.lower))
            report("M616", at, other.span, labels=label, **words)
        elif self._node.policy == "unique":
            report("M604", at, other.span, labels=label, **words)
        else:
            report("M605", at, other.span, labels=label, **words)

    def _idle(self, idle: Idle) -> None:
        row = self._rows[idle.row]
        others = [self._rows[number] for number in idle.others]
        ids = [f"`{other.id}`" for other in others]
        named = "no value fits all its cells"
        if ids:
            rows = f"row {ids[0]} takes" if len(ids) == 1 else f"rows {_listed(ids)} take"
            same = " and gives the same" if len(ids) == 1 else " and give the same"
            named = f"{rows} everything it fits{same if idle.why == 'adds nothing' else ' before it'}"
        self._session.report(
            "M613",
            self._at(row),
            row.span,
            row=row.id,
            because=named,
            why="is never reached" if idle.why == "never reached" else idle.why,
            labels=[(other.span, f"row {other.id}") for other in others[:_MOST_NAMED]],
            fixes=[Fix("Remove this row", (Edit(self._site.file, self._lines(row.span), ""),))],
        )

    def _gap(self, gap: Gap) -> None:
        words = gap.example.words()
        fixes, help_ = self._gap_fixes(gap)
        if gap.certain:
            beside = [
                (self._rows[number].span, f"row {self._rows[number].id}")
                for number in gap.beside[:_MOST_NAMED]
            ]
            self._session.report(
                "M614",
                self._site,
                self._node.name_span,
                example=words,
                help=help_,
                fixes=fixes,
                labels=beside,
            )
            return
        labels = self._undecided_cells({row for row, _ in self._found.undecided})
        self._session.report(
            "M615", self._site, self._node.name_span, example=words, help=help_, fixes=fixes, labels=labels
        )

    def _sliver(self, sliver: Sliver) -> None:
        one, other = self._rows[sliver.below], self._rows[sliver.above]
        upper, lower = sorted((one, other), key=lambda row: row.span.start)
        example = f"{self._node.inputs[sliver.column].name} {sliver.text}"
        self._session.report(
            "M630",
            self._at(lower),
            lower.span,
            first=upper.id,
            second=lower.id,
            example=example,
            rest="`otherwise`" if sliver.rest is None else f"row `{self._rows[sliver.rest].id}`",
            labels=[(upper.span, f"row {upper.id}")],
        )

    def _outlier(self, outlier: Outlier) -> None:
        row = self._rows[outlier.row]
        labels = [(self._rows[other].span, "or this row") for other in outlier.others[:_MOST_NAMED]]
        self._session.report(
            "M631",
            self._at(row),
            row.span,
            labels=labels,
            row=row.id,
            found=outlier.found,
            pattern=outlier.pattern,
        )

    def _not_analysed(self) -> None:
        """What was left out of the analysis, so that silence never passes for a proof."""
        if self._found.idle_left:
            self._session.report("M632", self._site, self._node.name_span, table=self._node.name)
        free = [
            (self._at(row), cell.span)
            for row in self._rows
            for cell in row.cells
            if isinstance(cell, syntax.ConditionCell)
        ]
        named = self._found.gap is not None
        named = named or any(not overlap.certain for overlap in self._found.overlaps)
        if free and not named:
            site, span = free[0]
            labels = [(other, "nor this") for _, other in free[1 : _MOST_NAMED + 1]]
            self._session.report("M633", site, span, table=self._node.name, labels=labels)

    def _undecided_cells(self, rows: Iterable[int]) -> list[Label]:
        """The cells that could not be decided, as places to point at."""
        found = [self._rows[row].cells[column].span for row, column in self._found.undecided if row in rows]
        return [(span, "can't be decided before it runs") for span in found[:_MOST_NAMED]]

    def _gap_fixes(self, gap: Gap) -> tuple[list[Fix], list[str]]:
        """The missing row, with the results of the row most like it, and a default for all that is left."""
        like = self._rows[gap.like] if gap.like is not None else None
        results = [self._source.slice(out.span) for out in like.outputs] if like else self._first_results()
        fixes, help_ = [], []
        if results is None:
            return [], []
        if gap.certain or self._node.policy == "first":
            row = row_line(
                self._widths(), [free_id(self._node), *gap.cells, *results], len(self._node.inputs)
            )
            fixes.append(Fix("Add this row", (self._insert(row),)))
            taken = f"; its results are those of {like.id}" if like else ""
            help_.append(f"The missing row: {' '.join(row.split())}{taken}. Say what is right there.")
        otherwise = f"otherwise => {' | '.join(results)} |"
        fixes.append(Fix("Set otherwise", (self._insert(otherwise),)))
        return fixes, help_

    def _first_results(self) -> list[str] | None:
        """Some value a column, for a table that has no row yet; None where there is none that is written alike."""
        found = []
        for _, of in self._outputs:
            kind = types.present(of)
            if isinstance(of, types.Maybe):
                found.append("missing")
            elif isinstance(kind, types.Enum):
                found.append(kind.values[0])
            elif isinstance(kind, types.Scalar) and kind.name in _PLAIN:
                found.append(_PLAIN[kind.name])
            else:
                return None
        return found

    def _lines(self, span: Span) -> Span:
        """The whole lines of a span, line break included."""
        start = self._source.text.rfind("\n", 0, span.start) + 1
        end = self._source.text.find("\n", span.end)
        return Span(start, len(self._source.text) if end < 0 else end + 1)

    def _header(self) -> Span:
        return self._node.inputs[0].type.span

    def _widths(self) -> list[int]:
        """How wide the cells of the line of columns are."""
        line = self._source.slice(self._lines(self._header()))
        parsed = parse(Source("", line))
        return [len(segment.text) for segment in segments(parsed, parsed.tree.lines[0])]

    def _insert(self, line: str) -> Edit:
        """A line behind the last row (or the line of columns), indented like that."""
        last = self._lines(self._rows[-1].span if self._rows else self._header())
        text = self._source.slice(last)
        indent = text[: len(text) - len(text.lstrip(" \t"))]
        ending = "\r\n" if text.endswith("\r\n") else "\n"
        return Edit(self._site.file, Span(last.end, last.end), f"{indent}{line}{ending}")


_PLAIN = {"text": '""', "integer": "0", "decimal": "0", "percent": "0%", "boolean": "false"}


def _listed(ids: Sequence[str]) -> str:
    shown = list(ids[:_MOST_NAMED])
    more = f" and {len(ids) - len(shown)} more" if len(ids) > len(shown) else ""
    return f"{', '.join(shown)}{more}" if more else f"{', '.join(shown[:-1])} and {shown[-1]}"
