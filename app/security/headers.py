"""The headers that tell a browser what a page of ours may do: one hook for every answer."""

import secrets

from flask import Flask, Response, g, request

_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def csp_nonce() -> str:
    """The nonce of this answer, for the few script and style tags a page carries."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def protective(public_url: str, nonce: str) -> dict[str, str]:
    """The headers of every answer."""
    made = {"Content-Security-Policy": _POLICY.format(nonce=nonce), **_FIXED}
    if public_url.startswith("https://"):
        made["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return made


def register(app: Flask, public_url: str) -> None:
    """Put the headers on every answer and `csp_nonce()` into every template."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(protective(public_url, csp_nonce()))
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
