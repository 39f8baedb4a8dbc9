"""The one exception tree of the shell. A class docstring is the default message."""

from collections.abc import Mapping
from typing import Any


class AppError(Exception):
    """Something the installation cannot do as asked."""

    code = "app_error"
    status = 500
    retryable = False

    def __init__(self, message: str = "", details: Mapping[str, Any] | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.details = dict(details or {})
        super().__init__(self.message)


class SettingsInvalid(AppError):
    """The installation's settings do not fit; details name each one."""

    code = "settings_invalid"


class SchemaOutdated(AppError):
    """The database has another schema than this version needs: run `mapwright migrate`."""

    code = "schema_outdated"
    status = 503


class ActionNotCarriedOut(AppError):
    """The rules decided something that this version of the server does not carry out."""

    code = "action_not_carried_out"


class NotFound(AppError):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"
    status = 404


class TransitionRefused(AppError):
    """This state does not allow that step."""

    code = "transition_refused"
    status = 409


class ReasonRequired(AppError):
    """A person's step needs a reason."""

    code = "reason_required"
    status = 422


class IntakeRefused(AppError):
    """The body was not accepted; nothing of it was stored."""

    code = "intake_refused"
    status = 400


class UnknownEndpoint(IntakeRefused):
    """No rule set deployed here receives anything through this endpoint."""

    code = "unknown_endpoint"
    status = 404


class NotDeployed(IntakeRefused):
    """No release is deployed in this environment yet."""

    code = "not_deployed"
    status = 503
    retryable = True


class Undecodable(IntakeRefused):
    """The body is not what this endpoint reads."""

    code = "undecodable"


class UnsupportedMedia(IntakeRefused):
    """This endpoint reads another content type."""

    code = "unsupported_media_type"
    status = 415


class TooLarge(IntakeRefused):
    """The body is larger than this installation takes."""

    code = "too_large"
    status = 413


class JobRefused(AppError):
    """A job in the queue is not one of our doorbells."""

    code = "job_refused"
