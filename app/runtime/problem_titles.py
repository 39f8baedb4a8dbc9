"""What failed, in a line of an operator's words: the place, the code, the form of the value."""

from app.storage.problems import Kind

_BEFORE_IT_RAN = {"read": "Message can't be read", "intake": "Message was set aside"}
_CODES = {
    "key_conflict": "its key came before with another content",
    "undecodable": "it does not have the form that was agreed",
    "poison": "workers ended while working on it",
    "engine_failed": "an error that nobody foresaw",
}
_NOT_SENT = {
    "transport": "could not be reached, or did not answer",
    "application": "refused it",
    "partner": "refused the data",
    "mapping": "nothing could be made to be sent",
    "unknown": "did not take it",
}


def title(kind: Kind) -> str:
    """The line for failures of a kind."""
    if kind.subject == "delivery":
        return f"{kind.endpoint}: {_not_sent(kind)}{_in_brackets(kind.field)}"
    if kind.step in _BEFORE_IT_RAN:
        return f"{_BEFORE_IT_RAN[kind.step]} from {kind.endpoint}: {_code(kind)}{_in_brackets(kind.field)}"
    if kind.step.startswith("engine"):
        return f"{kind.flow} could not be run: {_code(kind) or kind.step.removeprefix('engine/')}"
    code = f": {_spoken(kind.code)}" if kind.code else ""
    return f"{_decided_by(kind)}{code}{_in_brackets(kind.shape)}"


def _decided_by(kind: Kind) -> str:
    """The rule that holds or rejects the message, or the place of what could not be worked out."""
    unit, _, name = kind.step.partition("/")
    rules, dot, rule = name.partition(".")
    if unit == "rules" and dot:
        return f"{kind.state.capitalize()} by rule {rule} of {rules}"
    place = f"{unit} {name}".strip()
    return f"{place} {kind.field}".strip() or kind.endpoint


def _not_sent(kind: Kind) -> str:
    if kind.state == "uncertain":
        return "nobody knows whether it arrived"
    return _NOT_SENT.get(kind.code, _spoken(kind.code))


def _code(kind: Kind) -> str:
    return _CODES.get(kind.code, _spoken(kind.code))


def _spoken(code: str) -> str:
    return code.replace("_", " ")


def _in_brackets(words: str) -> str:
    return f" ({words})" if words else ""
