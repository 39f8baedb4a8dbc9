"""The one exception tree of the language. What is wrong with a text is a Diagnostic, never one of these."""

from collections.abc import Mapping, Sequence
from typing import Any


class DslError(Exception):
    """The language could not do what was asked."""

    code = "dsl_error"
    retryable = False

    def __init__(self, message: str = "", details: Mapping[str, Any] | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.details = dict(details or {})
        super().__init__(self.message)


class SchemaError(DslError):
    """The schema or guide can't be read; details name the place in the file."""

    code = "schema_unreadable"


class FunctionFailure(DslError):
    """A function could not make its value: missing, error, no_match or many."""

    code = "function_failure"

    def __init__(self, kind: str, message: str, value: Any = None) -> None:
        super().__init__(message, {"kind": kind, "value": None if value is None else str(value)[:200]})
        self.kind = kind
        self.value = value


class FormError(DslError):
    """The module has no such construct."""

    code = "not_in_module"


class EditError(DslError):
    """The edit would leave a text that can't be read; details hold the diagnostics."""

    code = "edit_refused"


class ExchangeError(DslError):
    """The file can't become a table, lookup or schema (or the other way round); details list what and where."""

    code = "exchange_refused"

    def __init__(self, message: str = "", faults: Sequence[str] = ()) -> None:
        super().__init__(message, {"faults": list(faults)})
        self.faults = tuple(faults)
