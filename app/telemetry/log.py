"""The log: one line an event, as text for people or JSON for machines; values are encoded, never raw."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from app.settings import Settings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie")


def configure_log(settings: Settings, process: str) -> None:
    """Log to stderr in the form and from the level that the settings ask for."""
    form, _, level = settings.log.partition(",")
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else _text_renderer()
    structlog.contextvars.bind_contextvars(process=process)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            one_line,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS.get(level.strip(), 20)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)


def _text_renderer() -> Any:
    return structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "process", "event"], bool_as_flag=False
    )


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Values of telling names never reach the log."""
    for name in event:
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = "(hidden)"
    return event


def one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No value can forge a line or colour a terminal."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = value.encode("unicode_escape").decode()
    return event
