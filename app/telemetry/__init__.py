"""What the processes of an installation tell of themselves: log lines, traces, figures.

Nothing here decides anything: a collector that is away, a folder that cannot be written or a broken
`traceparent` never changes what becomes of a message. And nothing here holds a body: messages are named by
id and correlation id.

`log` writes lines; `context` reads and writes the W3C trace context that a message carries from its sender
to every target; `tracing` turns a journey into spans where a collector is named; `metrics` counts.
"""

from app.telemetry.log import configure_log

__all__ = ["configure_log"]
