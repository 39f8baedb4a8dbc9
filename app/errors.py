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
    """The database has an older schema than this version needs: run `mapwright migrate --pre`."""

    code = "schema_outdated"
    status = 503


class SchemaTooNew(AppError):
    """The database has a newer schema than this version can work with: update this process."""

    code = "schema_too_new"
    status = 503
    retryable = True


class OlderProcesses(AppError):
    """Processes of an older version are at work: stop them first."""

    code = "older_processes"
    status = 409


class StepRefused(AppError):
    """This step of the schema can't be taken now."""

    code = "step_refused"
    status = 409


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


def require_reason(reason: str, said: str = "") -> None:
    """What a person does to live messages stands in the audit log with a reason. Errors: ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired(said)


class NothingChosen(AppError):
    """Say which ones (an endpoint, a rule set, a flow, a time), or that all are meant."""

    code = "nothing_chosen"
    status = 422


class TimeInvalid(AppError):
    """The time is not one that this can be done at."""

    code = "time_invalid"
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


class NotNow(IntakeRefused):
    """The body was not taken in because there is too much at the moment; details say when to send it again."""

    code = "not_now"
    status = 503
    retryable = True
    seconds = 1.0


class RateExceeded(NotNow):
    """More messages a second than the limit of this flow, endpoint or token allows."""

    code = "rate_exceeded"
    status = 429


class BacklogFull(NotNow):
    """As many messages of this flow, endpoint or token wait as its limit allows."""

    code = "backlog_full"
    status = 429


class InstallationBusy(NotNow):
    """More messages a second than the whole installation takes in."""

    code = "installation_busy"


class InstallationFull(NotNow):
    """As many messages wait as the whole installation holds."""

    code = "installation_full"


class DatabaseSlow(NotNow):
    """The database does not keep up; nothing of this call is certain to be stored, send it again."""

    code = "database_slow"


class DatabaseUnreachable(NotNow):
    """The database can't be reached; send again later, with the same Idempotency-Key."""

    code = "database_unreachable"


class DatabaseFull(NotNow):
    """The database has no room to write; nothing of this call was stored."""

    code = "disk_full"


class DiskNearlyFull(NotNow):
    """A disk is nearly full: nothing is taken in until there is room again, everything else goes on."""

    code = "disk_nearly_full"


class ServerBusy(NotNow):
    """The server has as many calls in hand as it can carry."""

    code = "server_busy"


class UploadSlow(AppError):
    """The body came too slowly; nothing of it was stored."""

    code = "upload_slow"
    status = 408
    retryable = True


class LimitInvalid(AppError):
    """A limit that makes no sense."""

    code = "limit_invalid"
    status = 422


class JobRefused(AppError):
    """A job in the queue is not one of our doorbells."""

    code = "job_refused"
