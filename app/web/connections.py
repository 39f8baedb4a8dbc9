"""Connections: how each stands, what waits at it since when, and what people do with it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.design.connections import receiving
from app.errors import AppError
from app.runtime import staging, switching
from app.runtime.connection_tests import try_connection
from app.storage import outages
from app.web.access import installation, local_target, requires
from app.web.errors import page_blueprint
from app.web.frame import current_environment

blueprint = page_blueprint("connections", __name__)

_STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "pause": (switching.pause, "{} is paused: what is to leave waits."),
    "resume": (switching.resume, "{} goes on; what waits leaves in order."),
    "open": (switching.open_breaker, "Nothing leaves through {} until somebody closes its breaker."),
    "close": (switching.close_breaker, "{} goes on; what waits leaves in order."),
    "stage": (
        partial(staging.stage, on=True),
        "What is made for {} from now on is held back until somebody lets it go.",
    ),
    "unstage": (
        partial(staging.stage, on=False),
        "What is made for {} leaves again; what is held back stays so.",
    ),
}
_WORDS = {"works": "ok", "refused": "error", "failing": "error"}


@blueprint.get("/connections")
@requires("view")
def show() -> Any:
    """Every bound endpoint of the environment."""
    here = current_environment()
    with installation().database.read() as connection:
        silent = receiving(connection, here)
        found = [
            {**one, "sends": one["endpoint"] not in silent} for one in outages.connections(connection, here)
        ]
    return render_template("connections.html", connections=found, here=here)


@blueprint.post("/connections/<target>/<any(pause, resume, open, close, stage, unstage):step>")
@requires("operate")
def act(target: str, step: str) -> Any:
    """Pause or resume a connection, open or close its breaker, hold back what is made for it or no longer."""
    do, words = _STEPS[step]
    reason, here = request.form.get("reason", "").strip(), request.form.get("environment", "")
    try:
        do(installation(), here, target, by=current_user.login, reason=reason)
        flash(words.format(target), "ok")
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
    return redirect(url_for("connections.show"))


@blueprint.post("/connections/<target>/test")
@requires("operate")
def test(target: str) -> Any:
    """Try a connection without side effects."""
    try:
        found = try_connection(installation(), request.form.get("environment", ""), target)
        says = {"works": "works", "refused": "is not let in", "failing": "does not work"}[found.result]
        do = f". What to do: {found.do}." if found.do else "."
        flash(f"{target} {says}: {found.detail}{do}", _WORDS[found.result])
    except AppError as error:
        flash(f"Not tested: {error.message}", "error")
    return redirect(url_for("connections.show"))


@blueprint.post("/connections/<target>/release")
@requires("operate")
def release(target: str) -> Any:
    """Let everything leave that is held back at one connection."""
    reason, here = request.form.get("reason", "").strip(), request.form.get("environment", "")
    try:
        count = staging.release_staged(
            installation(), here, endpoint=target, by=current_user.login, reason=reason
        )
        flash(f"{count} staged deliveries leave through {target}.", "ok")
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
    return redirect(url_for("connections.show"))


@blueprint.post("/deliveries/<delivery_id>/release")
@requires("operate")
def release_one(delivery_id: str) -> Any:
    """Let one staged delivery leave."""
    try:
        reason = request.form.get("reason", "").strip()
        staging.release_delivery(installation(), delivery_id, by=current_user.login, reason=reason)
        flash("It leaves when its turn in the lane has come.", "ok")
    except AppError as error:
        flash(f"Not done: {error.message}", "error")
    return redirect(local_target(request.form.get("next")))
