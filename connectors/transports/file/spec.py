"""The transport `file` and its settings."""

from connectors.contract import Transport
from connectors.settings import Setting, SettingsSpec
from connectors.transports.file.sink import open_sink
from connectors.transports.file.source import open_source

SETTINGS: SettingsSpec = (
    Setting("folder", "text", "Folder", "Must exist and must not be a link.", required=True),
    Setting("pattern", "text", "Files to read", "Names with * and ?, such as *.edi.", "*"),
    Setting(
        "ready",
        "choice",
        "A file is complete",
        "By age (unchanged for a while) or by a file NAME.done.",
        "age",
        choices=("age", "done"),
    ),
    Setting("min_age", "duration", "Unchanged for", "Seconds, for ready = age.", 2),
    Setting(
        "max_bytes", "integer", "Largest file read", "A larger one goes to the folder of failures.", 67108864
    ),
    Setting("processed", "text", "Folder of read files", "Below the folder; created.", "processed"),
    Setting("failed", "text", "Folder of failures", "Below the folder; created.", "failed"),
    Setting(
        "name",
        "text",
        "Name of a written file",
        "{delivery_id} or {key}, and {message_id}, {correlation_id}, {to}.",
        "{message_id}-{delivery_id}",
    ),
    Setting("done", "boolean", "Write NAME.done", "After the file, for readers that wait for it.", False),
    Setting("remember", "duration", "Remember deliveries", "Seconds a repeated delivery is known.", 604800),
)

TRANSPORT = Transport(
    name="file",
    title="Files in a folder",
    settings=SETTINGS,
    sink=lambda given: open_sink(SETTINGS, given),
    source=lambda given: open_source(SETTINGS, given),
)
