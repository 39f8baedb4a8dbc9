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
