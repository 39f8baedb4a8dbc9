"""Who may see a page: logged in, with the capability that the view names."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, redirect, request, url_for
from flask_login import current_user

from app.runtime.installation import Installation
from app.security.errors import NotPermitted

View = TypeVar("View", bound=Callable[..., Any])


def installation() -> Installation:
    """The installation behind this application."""
    found: Installation = current_app.extensions["mapwright"]
    return found


def requires(capability: str) -> Callable[[View], View]:
    """Let in only people with the capability; others log in first, or are refused."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return _to_login()
            if not current_user.can(capability):
                raise NotPermitted(
                    f"none of your roles ({', '.join(current_user.roles)}) allows to {capability}"
                )
            return view(*args, **kwargs)

        return cast(View, guarded)

    return decorate


def local_target(wanted: str | None) -> str:
    """A path of this site to go on to; anything that leads elsewhere becomes the home page."""
    home = url_for("home.show")
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return home
    return home if any(ord(char) < 33 or char == "\\" for char in wanted) else wanted.removesuffix("?")


def _to_login() -> Any:
    address = url_for("session.login", next=request.full_path if request.method == "GET" else "/")
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": address}
    return redirect(address)
