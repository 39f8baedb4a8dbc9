"""What generated rules do: they put plain data on the list of the run."""

from dataclasses import dataclass
from typing import Any

from rules.generation.plans import FramePlan, Lineage
from rules.generation.support import Run
from rules.outcome import AlertAction, Place, RaiseAction, SendAction
from rules.shaping import plain_value
from rules.writing import write_plain


@dataclass(slots=True, eq=False)
class ActionSpec:
    """What is known of an action before the run; `plan` and `write` come with its map."""

    rules: str
    rule: str
    target: str
    map: str | None
    place: Place
    plan: FramePlan | None = None
    write: Any = plain_value

    def payload(self, run: Run, pair: Any) -> tuple[Any, Any]:
        """The payload as it leaves, and its lineage."""
        output, marks = pair
        if self.plan is None:
            return self.write(output), {}
        run.frames.append((self.plan, marks))
        return self.write(output), Lineage(self.plan, marks, output)


def send(run: Run, spec: ActionSpec, ordinal: int, pair: Any, to: Any, key: Any) -> None:
    """`send endpoint using map to ... key ...`."""
    payload, lineage = spec.payload(run, pair)
    run.actions.append(
        SendAction(
            spec.target, payload, spec.rules, spec.rule, ordinal,
            None if to is None else str(write_plain(to, "string")),
            None if key is None else str(write_plain(key, "string")), lineage,
        )
    )  # fmt: skip


def raise_event(run: Run, spec: ActionSpec, ordinal: int, pair: Any) -> None:
    """`raise event using map`."""
    payload, lineage = spec.payload(run, pair)
    run.actions.append(RaiseAction(spec.target, payload, spec.rules, spec.rule, ordinal, lineage))


def alert(run: Run, spec: ActionSpec, text: str) -> None:
    """`alert channel text`."""
    run.actions.append(AlertAction(spec.target, text, spec.rules, spec.rule))


def end(run: Run, state: str, reason: str) -> None:
    """`reject`, `ignore` or `hold for review`: the message ends here; the first one counts."""
    if run.ended is None:
        run.ended = (state, reason)


def remember(run: Run, name: str, value: Any) -> None:
    """`set name = value`; a missing value sets nothing."""
    if value is not None:
        run.facts[name] = value
