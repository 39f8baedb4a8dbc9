"""The one exception tree of the rules. What a message does wrong is a Failure in its outcome, never one of these."""

from collections.abc import Mapping, Sequence
from typing import Any


class RulesError(Exception):
    """The rules could not do what was asked."""

    code = "rules_error"
    retryable = False

    def __init__(self, message: str = "", details: Mapping[str, Any] | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.details = dict(details or {})
        super().__init__(self.message)


class CompileError(RulesError):
    """The program has errors and can't be compiled."""

    code = "not_compilable"


class UnknownName(RulesError):
    """The program has no flow, map, table or rules of that name."""

    code = "unknown_name"


class AddressMissing(RulesError):
    """What a collection makes is sent to a party: give the `to` of its CollectActions."""

    code = "address_missing"


class ReleaseRefused(RulesError):
    """The rule set can't be released: it has errors or failing tests."""

    code = "release_refused"

    def __init__(self, message: str = "", diagnostics: Sequence[Any] = (), test_report: Any = None) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)
        self.test_report = test_report


class ReleaseTampered(RulesError):
    """The content of the release does not match its id."""

    code = "release_tampered"


class BudgetExceeded(RulesError):
    """The run took more steps or built more text than one message may."""

    code = "budget_exceeded"
