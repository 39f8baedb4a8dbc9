"""Trying an HTTP connection without side effects: OPTIONS, or GET of an address declared for it."""

from connectors.contract import Tried
from connectors.errors import SettingsError
from connectors.transports.http.call import Answer, NoAnswer, Request, call
from connectors.transports.http.target import Target, split_url

_NOT_LET_IN = (401, 403, 407)
_NO_SUCH_METHOD = 501


def read_test_url(given: str | None, url: str) -> str | None:
    """The setting `test_url`. Errors: SettingsError"""
    if not given:
        return None
    if split_url(given).netloc != split_url(url.replace("{to}", "x")).netloc:
        fault = "test_url: must be on the same host as the connection's url"
        raise SettingsError(fault, {"faults": [fault]})
    return given


def try_target(target: Target, test_url: str | None, seconds: float) -> Tried:
    """Ask once. OPTIONS proves that the target answers and takes the login, not that a delivery would be taken."""
    method, url = ("GET", test_url) if test_url else ("OPTIONS", _plain(target.url))
    answer = call(target, Request(method, url, target.headers), seconds)
    if isinstance(answer, NoAnswer):
        return Tried("refused" if answer.phase == "refused" else "failing", answer.detail)
    said = f"{split_url(url).netloc} answers {method} with HTTP {answer.status}"
    if answer.status in _NOT_LET_IN:
        return Tried("refused", f"{said}: it does not accept the login")
    return Tried("works" if _fine(answer, bool(test_url)) else "failing", said)


def _fine(answer: Answer, declared: bool) -> bool:
    """A declared address has to answer well; whoever refuses OPTIONS is there and works."""
    return answer.status < 400 if declared else answer.status < 500 or answer.status == _NO_SUCH_METHOD


def _plain(url: str) -> str:
    """The address without a place for the rule's `to`."""
    if "{to}" not in url:
        return url
    parts = split_url(url.replace("{to}", "x"))
    return f"{parts.scheme}://{parts.netloc}/"
