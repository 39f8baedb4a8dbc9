"""The transport `http` and its settings."""

from connectors.contract import Transport
from connectors.settings import Setting, SettingsSpec
from connectors.transports.http.sink import open_sink
from connectors.transports.http.source import open_source

REQUEST: SettingsSpec = (
    Setting(
        "url", "text", "Address", "http or https, no user or password; {to} = the rule's `to`.", required=True
    ),
    Setting("headers", "record", "Headers", "Sent with every request: name = value."),
    Setting(
        "auth",
        "choice",
        "Login",
        "How a request proves who we are.",
        "none",
        choices=("none", "bearer", "basic"),
    ),
    Setting("token", "secret", "Token", "For bearer."),
    Setting("username", "text", "User", "For basic."),
    Setting("password", "secret", "Password", "For basic."),
    Setting("timeout", "duration", "Total deadline", "Of a request with its answer, at the most.", 30),
    Setting(
        "allow_private",
        "boolean",
        "Private addresses",
        "Loopback and private networks may be reached.",
        False,
    ),
    Setting(
        "allow_networks", "text", "Allowed networks", "Besides public ones, such as 10.1.0.0/16, 192.0.2.7."
    ),
    Setting("ca_file", "text", "Certificate authority", "A PEM file in place of the system's authorities."),
    Setting(
        "max_reply_bytes",
        "integer",
        "Longest answer",
        "A delivery keeps that much; a poll refuses more.",
        1048576,
    ),
)
TESTING: SettingsSpec = (
    Setting(
        "test_url",
        "text",
        "Test address",
        "GET of it shows that the target works, on the same host; without it OPTIONS of the address.",
    ),
)
SENDING: SettingsSpec = (
    Setting("method", "choice", "Method", "Of a delivery.", "POST", choices=("POST", "PUT", "PATCH")),
    Setting(
        "error_body", "record", "Errors in a 2xx answer", "path or contains, equals, result: see the README."
    ),
    Setting(
        "read_back",
        "record",
        "Did it arrive?",
        "url, jmespath or pointer, absent: asks the target, see the README.",
    ),
)
POLLING: SettingsSpec = (
    Setting(
        "entries",
        "choice",
        "Polled bodies",
        "The whole answer, or each entry of a JSON list.",
        "body",
        choices=("body", "array"),
    ),
    Setting(
        "key_field", "text", "Key field", "The field that identifies an entry; without it its hash does."
    ),
    Setting(
        "acknowledge",
        "choice",
        "After storing",
        "How the origin learns that a body is stored.",
        "none",
        choices=("none", "delete", "post"),
    ),
    Setting(
        "acknowledge_url", "text", "Acknowledgement address", "On the same host; {key} = the entry's key."
    ),
)
SETTINGS: SettingsSpec = REQUEST + TESTING + SENDING + POLLING

TRANSPORT = Transport(
    name="http",
    title="HTTP request",
    settings=SETTINGS,
    sink=lambda given: open_sink(SETTINGS, given),
    source=lambda given: open_source(SETTINGS, given),
)
