"""What a run asks for that is not in its document: records of datasets, answers of other systems.

A run never waits. One that lacks something ends in the state `waiting` and says in `waits` what it
lacks; whoever runs it puts that into the context and runs it again from the start. Same inputs, same
result, so nothing of the first run has to be kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rules.outcome import Place, Trace

FailureClass = Literal["transport", "application", "partner_data", "mapping"]


@dataclass(frozen=True, slots=True)
class Recall:
    """A record of reference state that a run lacks; (dataset, key) is its place in `Context.recalled`.

    With `unknown`, the context says nothing of it: look it up and run again, with None where there is
    none. Otherwise there is none, and the flow waits for it at most `seconds`, counted by the runtime
    from the first time it waited; after that, put (dataset, key) into `Context.expired` and run again.
    """

    dataset: str
    key: str
    variable: str
    unknown: bool
    seconds: int | None
    place: "Place"
    type: Literal["recall"] = "recall"


@dataclass(frozen=True, slots=True)
class Call:
    """A question to another system; its answer belongs into `Context.answers[variable]`.

    `payload` is what to send through the endpoint, `answer` the schema of what comes back
    ("erp.answer@v1"). `step` is the number of the step in its flow, from 0: with the message's id and
    the endpoint it makes the question's own key, so that a question is not asked twice.
    `retry_seconds` is how long the playbook wants transport faults to be retried.
    """

    variable: str
    endpoint: str
    payload: Any
    answer: str
    step: int
    place: "Place"
    retry_seconds: int | None = None
    lineage: Mapping[str, "Trace"] = field(default_factory=dict)
    type: Literal["call"] = "call"


Wait = Recall | Call


class AllRecords(Mapping[tuple[str, str], Any]):
    """Records for `Context.recalled` that are all there are: of any other it is known that there is none."""

    def __init__(self, records: Mapping[tuple[str, str], Any] | None = None) -> None:
        self._records = dict(records or {})

    def __contains__(self, place: object) -> bool:
        return True

    def __getitem__(self, place: tuple[str, str]) -> Any:
        return self._records.get(place)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Stands in `Context.answers` for a call that failed for good: why, and which endpoint was asked."""

    failure: Literal["transport", "application", "partner_data"]
    reason: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What the playbook of a flow says of one class of failure.

    `retry_seconds`: first retry that long. Then `reaction`: hold the message for a person, park it,
    block its lane, make it a dead letter, or send to one of the `fallback` endpoints, the one of the
    same schema. `channel` and `text` are the alert to make, `runbook` the page that says what to do.
    """

    playbook: str
    failure: FailureClass
    reaction: Literal["hold", "park", "block", "dead_letter", "fallback"]
    retry_seconds: int | None = None
    fallback: tuple[str, ...] = ()
    channel: str | None = None
    text: str = ""
    runbook: str = ""
