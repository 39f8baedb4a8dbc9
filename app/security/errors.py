"""What security refuses. A class docstring is the default message; `status` is the HTTP answer."""

from app.errors import AppError


class SecurityError(AppError):
    """This is not allowed."""

    code = "refused"
    status = 403


class LoginRefused(SecurityError):
    """Unknown login or wrong password."""

    code = "login_refused"
    status = 401


class TooManyAttempts(SecurityError):
    """Too many failed attempts; wait and try again."""

    code = "too_many_attempts"
    status = 429
    retryable = True

    @property
    def retry_after(self) -> int:
        """Seconds until the next attempt makes sense."""
        return int(self.details.get("retry_after", 60))


class AccountInvalid(SecurityError):
    """The account cannot be written like this."""

    code = "account_invalid"
    status = 422


class TokenRefused(SecurityError):
    """The token is unknown, expired or revoked."""

    code = "token_refused"
    status = 401


class TokenInvalid(SecurityError):
    """The token cannot be issued like this."""

    code = "token_invalid"
    status = 422


class NotPermitted(SecurityError):
    """None of your roles allows this."""

    code = "not_permitted"


class SecretUnreadable(SecurityError):
    """A stored secret was sealed with a key this installation does not have."""

    code = "secret_unreadable"
    status = 500


class LengthRequired(SecurityError):
    """Send a Content-Length, or a Content-Digest with a chunked body: else a broken-off body looks whole."""

    code = "length_required"
    status = 411


class BodyIncomplete(SecurityError):
    """The body broke off before its end."""

    code = "body_incomplete"
    status = 400
    retryable = True


class NotAuthenticated(SecurityError):
    """Log in, or send a token."""

    code = "not_authenticated"
    status = 401


class EndpointNotAllowed(SecurityError):
    """The token is not for this endpoint."""

    code = "endpoint_not_allowed"


class EnvironmentNotAllowed(SecurityError):
    """The token is for another environment."""

    code = "environment_not_allowed"
