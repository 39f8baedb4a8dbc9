"""What the tests of a rule set have reached: fields, table rows, rules, branches."""

from collections.abc import Iterable, Iterator
from typing import Any

from dsl import syntax
from dsl.program import CheckedMap, Program
from rules.outcome import ExpectAction, Outcome, Place, RaiseAction, SendAction


class Coverage:
    """Collects outcomes; reports per kind how much of the program they touched."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._places: set[Place] = set()
        self._rows: set[str] = set()
        self._rules: set[str] = set()
        self._steps: dict[str, int] = {}

    def add(self, outcome: Outcome, flow: str = "") -> None:
        """Count what one outcome has touched; of a flow also how far it came."""
        if flow:
            done = outcome.steps - (1 if outcome.waits else 0)
            self._steps[flow] = max(self._steps.get(flow, 0), done)
        self._places.update(trace.place for trace in outcome.lineage.values())
        self._places.update(trace.place for trace in outcome.reply_lineage.values())
        for call in outcome.calls:
            self._places.update(trace.place for trace in call.lineage.values())
        for action in outcome.actions:
            made = action.otherwise if isinstance(action, ExpectAction) else action
            if isinstance(made, SendAction | RaiseAction):
                self._places.update(trace.place for trace in made.lineage.values())
        self._rules.update(f"{trace.rules}/{trace.rule}" for trace in outcome.rules if trace.fired)
        for words in outcome.decisions:
            if words.startswith("table "):
                name, _, rows = words.removeprefix("table ").partition(" ")
                self._rows.update(f"{name}/{row}" for row in rows.split(", "))

    def report(self) -> dict[str, Any]:
        """Per kind: covered, total, the names of what no test reached, and where each of those stands."""
        fields: dict[str, bool] = {}
        branches: dict[str, bool] = {}
        places: dict[str, Place] = {}
        for checked in self._program.maps.values():
            for name, place in self._fields(checked, checked.node.body, ""):
                fields[name] = fields.get(name, False) or place in self._places
                places.setdefault(name, place)
            for name, body in self._branches(checked, checked.node.body):
                inside = {place for _, place in self._fields(checked, body, "")}
                branches[name] = branches.get(name, False) or not inside or bool(inside & self._places)
                places.setdefault(name, min(inside, key=lambda p: p.line, default=Place(checked.path, 0, 0)))
        rows, rules = dict(self._table_rows()), dict(self._rule_names())
        steps = dict(self._flow_steps())
        places |= rows | rules | {step: place for step, (_, _, place) in steps.items()}
        return {
            "fields": _counted(fields, places),
            "rows": _counted({row: row in self._rows for row in rows}, places),
            "rules": _counted({rule: rule in self._rules for rule in rules}, places),
            "branches": _counted(branches, places),
            "steps": _counted(
                {step: number < self._steps.get(flow, 0) for step, (flow, number, _) in steps.items()}, places
            ),
        }

    def _flow_steps(self) -> Iterator[tuple[str, tuple[str, int, Place]]]:
        """The steps of flows by their text: flow, number, place."""
        for name, flow in self._program.flows.items():
            source = self._program.sources[flow.path]
            for number, step in enumerate(flow.node.steps):
                text = " ".join(source.slice(step.span).split())
                yield f"{name}/{text}", (name, number, Place(flow.path, *source.position(step.span.start)))

    def _table_rows(self) -> Iterator[tuple[str, Place]]:
        for name, table in self._program.tables.items():
            for row in table.node.rows:
                if isinstance(row, syntax.TableRow):
                    yield f"{name}/{row.id}", self._place(table.path, row)
            if table.node.otherwise:
                yield f"{name}/otherwise", self._place(table.path, table.node.otherwise[0])

    def _rule_names(self) -> Iterator[tuple[str, Place]]:
        for name, rules in self._program.rules.items():
            for rule in rules.node.rules:
                if isinstance(rule, syntax.Rule):
                    yield f"{name}/{rule.name}", self._place(rules.path, rule)

    def _fields(
        self, checked: CheckedMap, statements: Iterable[syntax.Statement], prefix: str
    ) -> Iterator[tuple[str, Place]]:
        for statement in statements:
            match statement:
                case syntax.Field():
                    name = f"{checked.node.name}/{prefix}{'.'.join(statement.target)}"
                    yield name, self._place(checked.path, statement.value)
                case syntax.Each():
                    yield from self._fields(
                        checked, statement.body, f"{prefix}{'.'.join(statement.target)}[]."
                    )
                case syntax.If():
                    for branch in statement.branches:
                        yield from self._fields(checked, branch.body, prefix)
                    yield from self._fields(checked, statement.otherwise or (), prefix)

    def _branches(
        self, checked: CheckedMap, statements: Iterable[syntax.Statement]
    ) -> Iterator[tuple[str, tuple[syntax.Statement, ...]]]:
        for statement in statements:
            match statement:
                case syntax.Each():
                    yield from self._branches(checked, statement.body)
                case syntax.If():
                    place = self._place(checked.path, statement)
                    bodies = [branch.body for branch in statement.branches]
                    if statement.otherwise is not None:
                        bodies.append(statement.otherwise)
                    for number, body in enumerate(bodies, 1):
                        yield f"{checked.node.name}/line {place.line} branch {number}", body
                        yield from self._branches(checked, body)

    def _place(self, path: str, node: syntax.Node) -> Place:
        return Place(path, *self._program.sources[path].position(node.span.start))


def _counted(names: dict[str, bool], places: dict[str, Place]) -> dict[str, Any]:
    missed = [name for name, covered in names.items() if not covered]
    where = {name: f"{places[name].file}:{places[name].line}" for name in missed}
    return {"covered": len(names) - len(missed), "total": len(names), "missing": missed, "where": where}
