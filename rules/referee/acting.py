"""What rules decide, action by action."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from dsl import syntax
from dsl.errors import FunctionFailure
from dsl.program import CheckedRules
from rules.deadlines import deadline, seconds
from rules.keytexts import key_text, named_key_text
from rules.outcome import (
    Action,
    AlertAction,
    CollectAction,
    ExpectAction,
    ForgetAction,
    RaiseAction,
    RememberAction,
    SendAction,
)
from rules.referee.environment import Binding, Environment
from rules.referee.evaluate import Blamed, Evaluator
from rules.referee.maps import Log, MapWalker
from rules.shaping import hold_to_limits, plain_value, write_document
from rules.writing import write_plain

ENDS = {syntax.Reject: "rejected", syntax.Ignore: "ignored", syntax.HoldForReview: "held"}
Each = tuple[str, syntax.Expression] | None


class ActionWalker:
    """Carries out the actions of one rule that fired: puts data on a list."""

    def __init__(
        self,
        evaluator: Evaluator,
        checked: CheckedRules,
        log: Log,
        actions: list[Action],
        facts: dict[str, Any],
        env: Environment,
        subject: Any,
    ) -> None:
        self.e = evaluator
        self.checked = checked
        self.rules = checked.node.name
        self.log = log
        self.actions = actions
        self.facts = facts
        self.env = env
        self.subject = subject
        self.ordinal = 0
        self.ended: tuple[str, str] | None = None
        self.addressing: tuple[str | None, str | None] | None = None

    def act(self, rule: str, action: syntax.Action, number: int) -> None:
        """One action, the `number`th of its rule from 0."""
        match action:
            case syntax.Send() | syntax.Raise():
                self._repeated(action.each, lambda env: self._send(rule, action, env))
            case syntax.Expect():
                self._repeated(action.each, lambda env: self._expect(rule, action, number, env))
            case syntax.Remember():
                self._repeated(action.each, lambda env: self._remember(rule, action, number, env))
            case syntax.Forget():
                self._repeated(action.each, lambda env: self._forget(rule, action, number, env))
            case syntax.Collect():
                self._collect(rule, action, number)
            case _:
                self._decide(rule, action, self.env)

    def _decide(self, rule: str, action: syntax.Action, env: Environment) -> None:
        match action:
            case syntax.Alert():
                self.actions.append(
                    AlertAction(action.channel, self.e.need(action.text, env), self.rules, rule)
                )
            case syntax.SetFact():
                value = self.e.may(action.value, env)
                if value is not None:
                    self.facts[action.name] = value
            case syntax.Reject() | syntax.Ignore() | syntax.HoldForReview():
                reason = self.e.need(action.reason, env)
                self.ended = self.ended or (ENDS[type(action)], reason)

    def _repeated(self, each: Each, work: Callable[[Environment], None]) -> None:
        if each is None:
            return work(self.env)
        variable, source = each
        elements = self.e.need(source, self.env)
        self.e.burn(elements)
        for element in elements:
            work(self.env.with_(variable, Binding(element)))

    def _send(self, rule: str, action: syntax.Send | syntax.Raise, env: Environment) -> None:
        arguments = [self.e.need(argument, env) for argument in action.arguments] or [self.subject]
        payload, lineage = self._payload(action.map, arguments)
        if isinstance(action, syntax.Raise):
            self.actions.append(RaiseAction(action.event, payload, self.rules, rule, self.ordinal, lineage))
        else:
            to, key = self.addressing or self._addressed(action, env)
            self.actions.append(
                SendAction(action.endpoint, payload, self.rules, rule, self.ordinal, to, key, lineage)
            )
        self.ordinal += 1

    def _addressed(self, action: syntax.Action, env: Environment) -> tuple[str | None, str | None]:
        """Party and key of a send."""
        if not isinstance(action, syntax.Send):
            return None, None
        to = None if action.to is None else str(write_plain(self.e.need(action.to, env), "string"))
        return to, None if action.key is None else key_text((self.e.need(action.key, env),))

    def _payload(self, name: str | None, arguments: list[Any]) -> tuple[Any, Any]:
        if name is None:
            return plain_value(arguments[0]), {}
        checked = self.e.program.maps[name]
        inner = self.e.at(checked.path)
        output, lineage = MapWalker(inner, checked, self.log).run(arguments)
        self.e.decided.extend(inner.decided)
        return write_document(output, checked.target.record), lineage

    # ------------------------------------------------------------ what lasts

    def _expect(self, rule: str, action: syntax.Expect, number: int, env: Environment) -> None:
        program = self.e.program
        checked = program.expectations[action]
        values = {value.name: self.e.need(value.ours, env) for value in checked.values}
        within, zone = self.e.need(action.within, env), ZoneInfo(program.manifest.time_zone or "UTC")
        now = self.e.context.now.astimezone(zone)
        due = deadline(now, within, checked.calendar, program.manifest.calendars)
        otherwise: Any = None
        if action.otherwise is not None:
            outer, self.env = self.env, env
            self.act(rule, action.otherwise, number)
            self.env = outer
            otherwise = self.actions.pop()
        self.actions.append(
            ExpectAction(action.event, named_key_text(values), due, self.rules, rule, number, otherwise)
        )

    def _collect(self, rule: str, action: syntax.Collect, number: int) -> None:
        by = [self.e.need(key, self.env) for key in action.by]
        to, key = self._addressed(action.action, self.env)
        group = key_text([*by, *(part for part in (to, key) if part is not None)])
        assert isinstance(action.window, syntax.Literal)
        item = write_document(self.subject, self.checked.schema.record)
        window = seconds(action.window.value)
        self.actions.append(
            CollectAction(group, window, action.at_most, item, self.rules, rule, number, to, key)
        )

    def _remember(self, rule: str, action: syntax.Remember, number: int, env: Environment) -> None:
        schema = self.e.program.datasets[action.dataset].schema
        key = key_text([self.e.need(part, env) for part in action.keys])
        value = self.e.need(action.record, env)
        try:
            hold_to_limits(value, schema.record)
        except FunctionFailure as failure:
            raise Blamed(failure, action.record, failure.value) from None
        record = write_document(value, schema.record)
        name = f"{schema.name}@{schema.version}"
        self.actions.append(RememberAction(action.dataset, key, record, name, self.rules, rule, number))

    def _forget(self, rule: str, action: syntax.Forget, number: int, env: Environment) -> None:
        key = key_text([self.e.need(part, env) for part in action.keys])
        self.actions.append(ForgetAction(action.dataset, key, self.rules, rule, number))
