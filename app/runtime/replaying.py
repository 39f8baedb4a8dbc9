"""What a message was, ready to run once more: its raw source in a release, as a linked child.

Everything that can stand in the way has an error of its own, found before anything is written: the
body is gone, the release is, the release has no such flow, endpoint, rule or document.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from app.errors import AppError
from app.runtime.drafts import Draft, Intake, drafts_of
from app.runtime.firing import TIMER
from app.runtime.installation import Installation
from app.runtime.routing import EVENT, Route, route
from app.storage.aftermath import order_keys, siblings
from app.storage.bodies import Body, contents
from app.storage.database import read_exact
from app.storage.identity import content_hash
from app.storage.messages import Message, keys_of, messages
from dsl import syntax
from rules.compiler import Compiled
from rules.outcome import Keys


class ReplayRefused(AppError):
    """This message can't run once more."""

    code = "replay_refused"
    status = 409


class BodyGone(ReplayRefused):
    """The raw body is not kept any more, so there is nothing to run: ask the sender for it."""

    code = "body_gone"
    status = 410


class ReleaseGone(ReplayRefused):
    """The release is not there any more: choose the current one."""

    code = "release_gone"
    status = 410


class FlowGone(ReplayRefused):
    """The release has no such flow any more, or it receives something else."""

    code = "flow_gone"


class DocumentGone(ReplayRefused):
    """The body holds fewer documents when it is read by this release."""

    code = "document_gone"


class RuleGone(ReplayRefused):
    """The rule whose timer this was is not in this release: use the original one."""

    code = "rule_gone"


@dataclass(frozen=True)
class Original:
    """A message with what is needed to run it again; `body` is None where it is not kept any more.

    `alone` says that no other message was made of the same body.
    """

    message: Message
    body: Body | None
    keys: Mapping[str, str]
    order_key: str | None
    alone: bool


def originals(tx: Connection, ids: Collection[str]) -> dict[str, Original]:
    """Some messages by id; those that are not there any more are left out."""
    found = messages(tx, ids)
    bodies = contents(tx, {m.body_id for m in found.values()})
    business = keys_of(tx, list(found))
    ordered = order_keys(tx, {m.lane for m in found.values()})
    return {
        id: Original(
            m,
            bodies.get(m.body_id),
            business[id],
            ordered.get(m.lane),
            bool(m.flow) or siblings(tx, m) == 0,
        )
        for id, m in found.items()
    }


def replay_intake(
    installation: Installation, original: Original, release_id: str, *, only: Sequence[str] | None = None
) -> Intake:
    """The child of a message in a release. Errors: ReplayRefused and its kinds, Undecodable."""
    found, body = original.message, require_body(original)
    drafts = drafts_in(installation, original, release_id, body.content)
    if only is not None:
        _require_no_question(drafts, only)
    return Intake(
        found.environment,
        found.endpoint,
        body.content,
        body.hash,
        body.media_type,
        body.headers,
        tuple(drafts),
        correlation_id=found.correlation_id,
        causation_id=found.id,
        replay_of=found.id,
        trace=found.trace,
        hops=found.hops,
        only=None if only is None else tuple(only),
    )


def drafts_in(installation: Installation, original: Original, release_id: str, content: bytes) -> list[Draft]:
    """The documents of a body that this message stands for, in a release; at least one."""
    found, media = original.message, require_body(original).media_type
    compiled = _compiled(installation, found, release_id)
    way = route(installation, found.ruleset, release_id, found.endpoint)
    if media == TIMER:
        return [_timed(way, compiled, original, content)]
    if media == EVENT:
        way = replace(way, endpoint=None)
    way = _with_flow(way, compiled, found)
    drafts = drafts_of(installation, way, found.environment, found.endpoint, content)
    if found.flow or not original.alone:
        drafts = [draft for draft in drafts if draft.index == found.document_index]
    if not drafts:
        number = found.document_index + 1
        raise DocumentGone(
            f"read by this release, the body has no document {number}", {"release": release_id}
        )
    return drafts


def require_body(original: Original) -> Body:
    """The raw body. Errors: BodyGone."""
    if original.body is None:
        raise BodyGone(details={"message_id": original.message.id})
    return original.body


def _compiled(installation: Installation, found: Message, release_id: str) -> Compiled:
    try:
        return installation.compiled(release_id)
    except LookupError:
        details = {"message_id": found.id, "release": release_id}
        raise ReleaseGone(
            f"the release {release_id[:12]} is not there any more: choose the current one", details
        ) from None


def _with_flow(way: Route, compiled: Compiled, found: Message) -> Route:
    """The one flow of the message; one that had none goes to every flow that receives it now."""
    if not found.flow:
        if not way.flows:
            raise FlowGone(f"no flow of this release receives {found.endpoint}", {"endpoint": found.endpoint})
        return way
    if found.flow not in compiled.flows_for(found.endpoint):
        known = found.flow in compiled.program.flows
        said = f"receives something else than {found.endpoint}" if known else "is not there"
        raise FlowGone(f"in this release the flow {found.flow} {said}", {"flow": found.flow})
    return replace(way, flows=(found.flow,))


def _timed(way: Route, compiled: Compiled, original: Original, content: bytes) -> Draft:
    """What a timer made: in the lane of its origin, with the origin's keys, as when it fired."""
    said: dict[str, Any] = read_exact(content)
    found = original.message
    if found.release_id != way.release_id and not _has_rule(compiled, said):
        raise RuleGone(
            f"this release has no rule {said.get('rules')}.{said.get('rule')}", {"release": way.release_id}
        )
    keys = Keys(None, original.order_key, original.keys)
    return Draft(way, found.flow, 0, found.label, keys, content_hash(content))


def _has_rule(compiled: Compiled, said: Mapping[str, Any]) -> bool:
    ruleset = compiled.program.rules.get(str(said.get("rules")))
    return ruleset is not None and said.get("rule") in {
        getattr(rule, "name", None) for rule in ruleset.node.rules
    }


def _require_no_question(drafts: Sequence[Draft], only: Sequence[str]) -> None:
    """A flow that asks another system needs the answer, so the question must be among the destinations."""
    for draft in drafts:
        asked = sorted(_questions(draft) - set(only))
        if asked:
            raise ReplayRefused(
                f"the flow {draft.flow} asks {', '.join(asked)} and can't run without the answer: "
                "choose that destination too",
                {"flow": draft.flow, "endpoints": asked},
            )


def _questions(draft: Draft) -> set[str]:
    flow = draft.route.compiled.program.flows.get(draft.flow)
    return {step.endpoint for step in flow.node.steps if isinstance(step, syntax.CallStep)} if flow else set()
