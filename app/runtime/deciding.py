"""Run the pinned release on one message, outside any transaction, and turn its outcome into plain effects."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from app.errors import ActionNotCarriedOut, AppError, UnknownEndpoint
from app.runtime.calling import question
from app.runtime.drafts import Intake, drafts_of
from app.runtime.expectations import Expectations
from app.runtime.firing import TIMER
from app.runtime.installation import Installation
from app.runtime.later import Later, later_of
from app.runtime.recalling import Recaller
from app.runtime.recording import record_of
from app.runtime.routing import EVENT, Route, context, decode, guide, route, routes
from app.runtime.timed import timed_outcome
from app.runtime.withholding import chosen_only
from app.storage.answers import Reply
from app.storage.bodies import Body
from app.storage.claims import ClaimedLane
from app.storage.identity import content_hash, digest, partition_of
from app.storage.lanes import LaneKey
from app.storage.messages import Message
from app.telemetry.tracing import Span
from connectors.contract import DecodedDocument
from connectors.errors import ConnectorError
from dsl.program import Endpoint
from rules.outcome import (
    AlertAction,
    CollectAction,
    Context,
    ExpectAction,
    ForgetAction,
    Outcome,
    RaiseAction,
    RememberAction,
    SendAction,
)
from rules.remedies import alert_text
from rules.waiting import Recall, Remedy

_log = structlog.get_logger(__name__)
_MOST_HOPS = 16
_SPREAD = 16
_CARRIED_OUT = (
    SendAction,
    RaiseAction,
    AlertAction,
    ExpectAction,
    CollectAction,
    RememberAction,
    ForgetAction,
)


@dataclass(frozen=True)
class Send:
    """One delivery to be: where, in which lane, and its final bytes."""

    action: SendAction
    endpoint: Endpoint
    lane: LaneKey
    ledger_key: str
    content: bytes
    media_type: str


@dataclass
class Decided:
    """What has to be written for one message; its span ends once that is written."""

    message: Message
    state: str
    reason: str = ""
    code: str = ""
    outcome: Any = field(default_factory=dict)
    sends: tuple[Send, ...] = ()
    events: tuple[Intake, ...] = ()
    alerts: tuple[AlertAction, ...] = ()
    later: Later | None = None
    reply: Reply | None = None
    blocks: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def trace(self) -> str:
        """The context that its effects carry on."""
        return self.span.line if self.span is not None else self.message.trace

    @property
    def failed(self) -> bool:
        """Whether the flow's policy for failing messages applies."""
        return self.state == "dead"


class Decider:
    """Decides the messages of one batch; documents of a shared body are decoded once."""

    def __init__(self, installation: Installation, bodies: Mapping[str, Body]) -> None:
        self._installation = installation
        self._bodies = bodies
        self._documents: dict[tuple[str, str], list[DecodedDocument]] = {}
        self._event_routes: dict[tuple[str, str], list[Route]] = {}
        self._recaller = Recaller(installation)
        self._expectations = Expectations(installation)
        self._trace = ""

    def decide(self, message: Message, lane: ClaimedLane) -> Decided:
        """Never raises for what is wrong with a message: it becomes a dead letter that says so.

        Errors: OperationalError, InterfaceError of a database that can't be asked now.
        """
        about = {"message": message.id, "correlation": message.correlation_id, "endpoint": message.endpoint}
        span = self._installation.spans.begin(f"decide {message.flow}", "consumer", message.trace, about)
        self._trace = span.line
        decided = self._safely(message, lane)
        decided.span = span
        return decided

    def _safely(self, message: Message, lane: ClaimedLane) -> Decided:
        try:
            return self._decide(message, lane)
        except (AppError, ConnectorError) as error:
            return _dead(message, error.code, error.message, error.details)
        except (OperationalError, InterfaceError):
            raise  # a database that can't be asked says nothing about the message: its lane comes again
        except Exception as error:
            _log.error(
                "message failed", message_id=message.id, correlation_id=message.correlation_id, exc_info=True
            )
            return _dead(message, "engine_failed", f"{type(error).__name__}: {error}"[:500], {})

    def _decide(self, message: Message, lane: ClaimedLane) -> Decided:
        found = route(self._installation, message.ruleset, message.release_id, message.endpoint)
        document = self._document(message, found)
        about = context(
            message.id,
            message.endpoint,
            message.environment,
            message.received_at,
            correlation_id=message.correlation_id,
            causation_id=message.causation_id,
            received_at=message.received_at,
            replayed=bool(message.replay_of),
        )
        outcome = self._outcome(message, found, document, about)
        outcome, withheld = chosen_only(self._installation, message, outcome)
        content = record_of(outcome, document.faults, withheld)
        later = later_of(message, lane, outcome, self._answered(message, document, about))
        self._recaller.noted(later)
        if outcome.state == "waiting":
            asked = [self._send(message, lane, found, question(call)) for call in later.calls]
            return Decided(
                message, "waiting", _waits_for(outcome), "waiting", content, tuple(asked), later=later
            )
        if outcome.state != "done":
            return _remedied(
                Decided(message, outcome.state, _reason(outcome), _code(outcome), content, later=later),
                outcome.remedy,
            )
        effects = self._effects(message, lane, found, outcome, content)
        return replace(effects, reason=outcome.reason, later=later, reply=self._reply(outcome))

    def _reply(self, outcome: Outcome) -> Reply | None:
        if outcome.reply is None:
            return None
        codec = self._installation.codecs["json"]
        return Reply(codec.encode([outcome.reply], {}, {}), codec.media_types[0])

    def _outcome(self, message: Message, found: Route, document: DecodedDocument, about: Context) -> Outcome:
        body = self._bodies[message.body_id]
        if body.media_type == TIMER:
            return timed_outcome(found.compiled, body.content, about)
        if not message.flow:
            return Outcome("done", document.data)
        return self._recaller.run(found.compiled, message, document.data, about)

    def _answered(self, message: Message, document: DecodedDocument, about: Context) -> list[str]:
        """Expectations that a message answers, unless a timer made it."""
        if self._bodies[message.body_id].media_type == TIMER:
            return []
        return self._expectations.answered(message, document.data, about)

    def _document(self, message: Message, found: Route) -> DecodedDocument:
        key = (message.body_id, message.release_id)
        if key not in self._documents:
            body = self._bodies[message.body_id]
            if body.media_type in (EVENT, TIMER):
                found = replace(found, endpoint=None)
            self._documents[key] = decode(self._installation, found, body.content)
        return self._documents[key][message.document_index]

    def _effects(
        self, message: Message, lane: ClaimedLane, found: Route, outcome: Outcome, content: Any
    ) -> Decided:
        _refuse_unknown(outcome)
        sends = [self._send(message, lane, found, a) for a in outcome.actions if isinstance(a, SendAction)]
        events = [self._event(message, a) for a in outcome.actions if isinstance(a, RaiseAction)]
        alerts = [a for a in outcome.actions if isinstance(a, AlertAction)]
        return Decided(
            message,
            "done",
            outcome=content,
            sends=tuple(sends),
            events=tuple(e for e in events if e.drafts),
            alerts=tuple(alerts),
        )

    def _send(self, message: Message, lane: ClaimedLane, found: Route, action: SendAction) -> Send:
        endpoint = found.compiled.program.manifest.endpoints[action.endpoint]
        codec = self._installation.codecs[endpoint.codec]
        content = codec.encode([action.payload], endpoint.options, guide(found.compiled, endpoint))
        target = f"{action.endpoint}\x1f{action.to or ''}"
        key = digest(message.id, f"{action.rules}/{action.rule}", target, str(action.ordinal))
        return Send(action, endpoint, outbox_lane(message, lane, action), key, content, codec.media_types[0])

    def _event(self, message: Message, action: RaiseAction) -> Intake:
        if message.hops >= _MOST_HOPS:
            raise AppError(f"events raise one another: {_MOST_HOPS} in a row, the last one {action.event}")
        body = self._installation.codecs["json"].encode([action.payload], {}, {})
        drafts = [
            draft
            for found in self._routes(message.environment, action.event)
            for draft in drafts_of(self._installation, found, message.environment, action.event, body)
        ]
        return Intake(
            message.environment,
            action.event,
            body,
            content_hash(body),
            EVENT,
            {},
            tuple(drafts),
            correlation_id=message.correlation_id,
            causation_id=message.id,
            trace=self._trace,
            hops=message.hops + 1,
        )

    def _routes(self, environment: str, event: str) -> list[Route]:
        key = (environment, event)
        if key not in self._event_routes:
            try:
                self._event_routes[key] = routes(self._installation, environment, event)
            except UnknownEndpoint:  # nobody listens to this event here; the outcome still shows it
                self._event_routes[key] = []
        return self._event_routes[key]


def outbox_lane(message: Message, lane: ClaimedLane, action: SendAction) -> LaneKey:
    """The lane of a delivery: the rule's own key, else the message's lane, to one endpoint."""
    if action.key is not None:
        return LaneKey("outbox", message.environment, "", "", action.endpoint, action.key, True)
    where = (message.environment, message.ruleset, message.flow, action.endpoint)
    if lane.ordered:
        return LaneKey("outbox", *where, lane.order_key, True)
    return LaneKey("outbox", *where, str(partition_of(digest(message.id)) % _SPREAD), False)


def _refuse_unknown(outcome: Outcome) -> None:
    """An action that nobody here carries out must not get lost: the message becomes a dead letter."""
    unknown = sorted({a.type for a in outcome.actions if not isinstance(a, _CARRIED_OUT)})
    if unknown:
        words = ", ".join(f"`{word}`" for word in unknown)
        raise ActionNotCarriedOut(
            f"this version of the server does not carry out {words}", {"actions": unknown}
        )


def _remedied(decided: Decided, found: Remedy | None) -> Decided:
    """What the playbook says of a message that fails: who hears of it, where it waits, whether its lane does."""
    if found is None:
        return decided
    text = alert_text(found, f"{decided.message.flow}: {decided.reason}")
    alerts = (AlertAction(found.channel, text, "playbook", found.playbook),) if found.channel else ()
    state = {"dead_letter": "dead", "park": "held", "hold": "held"}.get(found.reaction, decided.state)
    return replace(decided, state=state, alerts=alerts, blocks=found.reaction == "block")


def _waits_for(outcome: Outcome) -> str:
    lacks = [
        f"{wait.key} in {wait.dataset}" if isinstance(wait, Recall) else f"the answer of {wait.endpoint}"
        for wait in outcome.waits
    ]
    return f"waits for {', '.join(lacks)}"


def _dead(message: Message, code: str, reason: str, details: Mapping[str, Any]) -> Decided:
    outcome = {"state": "dead", "code": code, "reason": reason, "details": dict(details)}
    return Decided(message, "dead", reason, code, outcome)


def _reason(outcome: Outcome) -> str:
    if outcome.reason:
        return outcome.reason
    return "; ".join(f"{f.path}: {f.message}" for f in outcome.failures[:5])


def _code(outcome: Outcome) -> str:
    return outcome.failures[0].code if outcome.failures else ""
