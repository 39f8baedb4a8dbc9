"""A replay to chosen destinations: of what its flow decides, only the sends to these are carried out."""

from dataclasses import replace
from typing import Any

from app.runtime.installation import Installation
from app.storage.messages import Message
from app.storage.origins import limit_of
from rules.outcome import Action, Outcome, SendAction, action_json


def chosen_only(
    installation: Installation, message: Message, outcome: Outcome
) -> tuple[Outcome, list[dict[str, Any]]]:
    """The outcome with the chosen sends alone, and what is withheld: other sends, events, alerts, records, timers.

    Questions of calls are asked: without their answers the flow could not decide. The reply is nobody's.
    """
    if not message.replay_of or outcome.state != "done":
        return outcome, []
    with installation.database.read() as tx:
        only = limit_of(tx, message.id)
    if only is None:
        return outcome, []

    def chosen(action: Action) -> bool:
        return isinstance(action, SendAction) and action.endpoint in only

    kept = tuple(action for action in outcome.actions if chosen(action))
    return replace(outcome, actions=kept), [action_json(a) for a in outcome.actions if not chosen(a)]
