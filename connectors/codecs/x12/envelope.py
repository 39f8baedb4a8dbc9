"""Segments -> interchanges, groups and transaction sets, with every count and control number checked."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.codecs.x12.faults import Report
from connectors.codecs.x12.scan import Scanner
from connectors.codecs.x12.segment import Delimiters, Segment

_BESIDE_GROUPS = ("TA1", "ISB", "ISE", "TA3")


@dataclass(slots=True)
class TransactionSet:
    """ST, the segments between, and SE where it is there."""

    st: Segment
    report: Report
    body: list[Segment] = field(default_factory=list)
    se: Segment | None = None


@dataclass(slots=True)
class Group:
    """GS, its sets, and GE where it is there. A group without GS holds sets that stand outside any."""

    gs: Segment | None
    report: Report
    sets: list[TransactionSet] = field(default_factory=list)
    ge: Segment | None = None


@dataclass(slots=True)
class Interchange:
    """ISA, its groups, what stands beside them (TA1), and IEA where it is there."""

    isa: Segment
    delimiters: Delimiters
    report: Report
    groups: list[Group] = field(default_factory=list)
    beside: list[Segment] = field(default_factory=list)
    iea: Segment | None = None


def read_envelopes(scanner: Scanner) -> list[Interchange]:
    """All interchanges of a body, in order.

    Errors: DecodeError from the scanner
    """
    reader = _Reader(scanner)
    count = 0
    for segment in scanner.segments():
        count += segment.id in ("ISA", "ST")
        if count > 2 * scanner.limits.sets:  # every interchange has at least one
            scanner.refuse("too_many_sets", f"more than {scanner.limits.sets} transaction sets", segment)
        reader.take(segment)
    reader.end_interchange()
    return reader.interchanges


class _Reader:
    """What is open right now; a header closes what it can't stand in."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.interchanges: list[Interchange] = []
        self.interchange: Interchange | None = None
        self.group: Group | None = None
        self.set: TransactionSet | None = None

    def take(self, segment: Segment) -> None:
        step = {
            "ISA": self.isa,
            "GS": self.gs,
            "ST": self.st,
            "SE": self.se,
            "GE": self.ge,
            "IEA": self.iea,
        }.get(segment.id, self.other)
        step(segment)

    def isa(self, segment: Segment) -> None:
        self.end_interchange()
        self.interchange = Interchange(segment, self.scanner.delimiters, self.scanner.report)
        self.interchanges.append(self.interchange)

    def gs(self, segment: Segment) -> None:
        self.end_group()
        self.group = Group(segment, self._here().report.inner())
        self._here().groups.append(self.group)

    def st(self, segment: Segment) -> None:
        self.end_set()
        if self.group is None:
            self.group = Group(None, self._here().report.inner())
            self._here().groups.append(self.group)
            self.group.report.add(
                "group_missing", "ST stands outside a functional group", segment, expected="GS"
            )
        self.set = TransactionSet(segment, self.group.report.inner())
        self.group.sets.append(self.set)

    def se(self, segment: Segment) -> None:
        if self.set is None:
            return self.other(segment)
        self.set.se = segment
        _check_count(self.set.report, segment, len(self.set.body) + 2, "segments from ST to SE")
        _check_control(self.set.report, segment, self.set.st, 2)
        self.set = None

    def ge(self, segment: Segment) -> None:
        if self.group is None or self.group.gs is None:
            return self.other(segment)
        self.end_set()
        self.group.ge = segment
        _check_count(self.group.report, segment, len(self.group.sets), "transaction sets")
        _check_control(self.group.report, segment, self.group.gs, 6)
        _check_repeated(self.group.report, "ST02", ((s.st, s.st.element(2)) for s in self.group.sets))
        self.group = None

    def iea(self, segment: Segment) -> None:
        here = self.interchange
        if here is None:
            return self.other(segment)
        self.end_group()
        here.iea = segment
        _check_count(here.report, segment, sum(1 for group in here.groups if group.gs), "functional groups")
        _check_control(here.report, segment, here.isa, 13)
        _check_repeated(here.report, "GS06", ((g.gs, g.gs.element(6)) for g in here.groups if g.gs))
        self.interchange = None

    def other(self, segment: Segment) -> None:
        if self.set:
            self.set.body.append(segment)
        elif self.interchange and not self.group and segment.id in _BESIDE_GROUPS:
            self.interchange.beside.append(segment)
        else:
            report = self.interchange.report if self.interchange else self.interchanges[-1].report
            report.add("stray_segment", f"{segment.id[:10]} stands outside a transaction set", segment)

    def end_set(self) -> None:
        if self.set:
            last = self.set.body[-1] if self.set.body else self.set.st
            self.set.report.add("set_not_closed", f"SE is missing after {last.id[:10]}", last, expected="SE")
        self.set = None

    def end_group(self) -> None:
        self.end_set()
        if self.group and self.group.gs:
            self.group.report.add("group_not_closed", "GE is missing", self.group.gs, expected="GE")
        self.group = None

    def end_interchange(self) -> None:
        self.end_group()
        if self.interchange:
            isa = self.interchange.isa
            self.interchange.report.add("interchange_not_closed", "IEA is missing", isa, expected="IEA")
        self.interchange = None

    def _here(self) -> Interchange:
        """The open interchange; what follows IEA without a new ISA still belongs to the last one."""
        return self.interchange or self.interchanges[-1]


def _check_count(report: Report, trailer: Segment, counted: int, what: str) -> None:
    found = trailer.element(1).strip()
    if not (found.isascii() and found.isdigit() and len(found) < 16 and int(found) == counted):
        text = f"{trailer.id}01 is {found or 'empty'}, but {counted} {what} were counted"
        report.add("count", text, trailer, element="01", expected=counted, found=found)


def _check_control(report: Report, trailer: Segment, header: Segment, position: int) -> None:
    found, expected = trailer.element(2).strip(), header.element(position).strip()
    if found != expected:
        text = f"{trailer.id}02 is {found or 'empty'}, but {header.id}{position:02} is {expected or 'empty'}"
        report.add("control_number", text, trailer, element="02", expected=expected, found=found)


def _check_repeated(report: Report, name: str, numbers: Iterable[tuple[Segment, str]]) -> None:
    seen: set[str] = set()
    for segment, number in numbers:
        if number in seen:
            report.add("control_number_repeated", f"{name} {number} occurs twice", segment, found=number)
        seen.add(number)
