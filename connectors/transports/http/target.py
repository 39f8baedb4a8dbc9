"""The checked settings of an HTTP connection: url, headers, login."""

import base64
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from connectors.errors import SettingsError
from connectors.settings import SettingsSpec, read_settings
from connectors.transports.http.address import AllowList, read_allow_list

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_URL_UNSAFE = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\]")
_OURS = ("host", "content-length", "transfer-encoding", "connection")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection goes and what every request carries."""

    url: str
    headers: Mapping[str, str]
    timeout: float
    allowed: AllowList
    ca_file: str | None
    max_reply: int


def read_target(spec: SettingsSpec, given: Mapping[str, Any]) -> tuple[Target, dict[str, Any]]:
    """The target and all settings, checked.

    Errors: SettingsError
    """
    values = read_settings(spec, given)
    split_url(values["url"].replace("{to}", "x"))
    headers = dict(values["headers"] or {})
    headers.update(_login(values))
    for name, value in headers.items():
        if fault := header_fault(name, value):
            raise SettingsError(f"headers: {fault}", {"faults": [f"headers: {fault}"]})
    if values["timeout"] <= 0:
        raise SettingsError("timeout: must be more than 0", {"faults": ["timeout: must be more than 0"]})
    if values["ca_file"]:
        _check_authority(values["ca_file"])
    allowed = read_allow_list(bool(values["allow_private"]), values["allow_networks"] or "")
    return Target(
        values["url"], headers, values["timeout"], allowed, values["ca_file"], values["max_reply_bytes"]
    ), values


def split_url(url: str) -> SplitResult:
    """The parts of an absolute http(s) URL.

    Errors: SettingsError for any other scheme, user information, control characters or a missing host
    """
    fault = ""
    try:
        parts = urlsplit(url)
        port_known = parts.port is None or parts.port > 0
    except ValueError as error:
        raise SettingsError(f"url: {error}", {"faults": [f"url: {error}"]}) from None
    if _URL_UNSAFE.search(url):
        fault = "holds white space, a control or a non-ASCII character (percent-encode it)"
    elif parts.scheme not in ("http", "https"):
        fault = f"only http and https are allowed, not {parts.scheme or 'no scheme'}"
    elif parts.username is not None or parts.password is not None:
        fault = "holds a user or password; use the login settings"
    elif not parts.hostname or not port_known:
        fault = "has no host or a wrong port"
    if fault:
        raise SettingsError(f"url: {fault}", {"faults": [f"url: {fault}"]})
    return parts


def fill_url(url: str, address: str | None) -> str | None:
    """The URL with `{to}` filled in, percent-encoded; None where only one of both is there."""
    if ("{to}" in url) != (address is not None):
        return None
    if address in (".", ".."):
        return None
    return url.replace("{to}", quote(address or "", safe=""))


def header_fault(name: Any, value: Any) -> str:
    """Why a header can't be sent, or nothing. Line breaks never pass."""
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        return f"{name!r} is not a header name"
    if name.lower() in _OURS:
        return f"{name} is set by the connection"
    if not isinstance(value, str) or _CONTROL.search(value):
        return f"the value of {name} is not text, or holds a line break or control character"
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return f"the value of {name} has characters a header can't carry"
    return ""


def _check_authority(path: str) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"ca_file: {error}", {"faults": [f"ca_file: {error}"]}) from None


def _login(values: Mapping[str, Any]) -> dict[str, str]:
    needed = {"none": (), "bearer": ("token",), "basic": ("username", "password")}[values["auth"]]
    if missing := [f"{name}: required for {values['auth']}" for name in needed if not values[name]]:
        raise SettingsError("; ".join(missing), {"faults": missing})
    if values["auth"] == "bearer":
        return {"Authorization": f"Bearer {values['token']}"}
    if values["auth"] == "basic":
        pair = f"{values['username']}:{values['password']}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
    return {}
