"""The one exception tree of the connectors. A class docstring is the default message."""

from collections.abc import Mapping
from typing import Any


class ConnectorError(Exception):
    """The connector could not do what was asked."""

    code = "connector_error"
    retryable = False

    def __init__(self, message: str = "", details: Mapping[str, Any] | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.details = dict(details or {})
        super().__init__(self.message)


class DecodeError(ConnectorError):
    """The body is not what its codec reads; details say where (offset, line, segment)."""

    code = "undecodable"


class EncodeError(ConnectorError):
    """The format cannot carry a value of the document; details name its path."""

    code = "unencodable"


class SettingsError(ConnectorError):
    """The connection's settings do not fit; details name each setting."""

    code = "connection_settings"


class GuideError(ConnectorError):
    """The guide of a format is not well formed; details name the place in it."""

    code = "guide"
