"""The settings of an installation: each declared once with its type, default and meaning.

They come from the environment (`MAPWRIGHT_*`), else from the TOML file that `MAPWRIGHT_CONFIG` names.
"""

import os
import secrets
import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from app.errors import SettingsInvalid

Kind = Literal["text", "integer", "number", "path", "list"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """One setting as people see it: `MAPWRIGHT_<NAME>`."""

    name: str
    kind: Kind
    default: Any
    doc: str
    secret: bool = False

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return f"MAPWRIGHT_{self.name.upper()}"


SETTINGS: tuple[Declaration, ...] = (
    Declaration("home", "path", "./var", "Folder of the installation's data"),
    Declaration("database_url", "text", "", "SQLAlchemy URL; empty: SQLite in the data folder", secret=True),
    Declaration("redis_url", "text", "", "Redis or Valkey; empty: workers poll the database", secret=True),
    Declaration("bind", "text", "127.0.0.1:8700", "Address and port of the web server"),
    Declaration("sandbox_bind", "text", "127.0.0.1:8710", "Address and port of the example's sandbox"),
    Declaration("workers", "integer", 1, "Number of worker processes"),
    Declaration("environment", "text", "dev", "Environment of commands that name none"),
    Declaration("secret_keys", "list", (), "Keys of secrets, the first encrypts; empty: a file", True),
    Declaration("public_url", "text", "", "Where people reach the pages; empty: http://<bind>"),
    Declaration("log", "text", "text,info", "Form and level of the log: text|json,debug|info|warning|error"),
    Declaration("body_limit", "integer", 10_000_000, "Largest body taken in, in bytes"),
    Declaration("intake_rate", "number", 0.0, "Messages a second the installation takes in; 0: no limit"),
    Declaration("intake_burst", "integer", 0, "Messages that may come at once; 0: twice the rate"),
    Declaration("intake_backlog", "integer", 1_000_000, "Most messages and deliveries that wait; 0: no limit"),
    Declaration("intake_patience", "number", 5.0, "Seconds a commit of intake may take before calls are refused"),
    Declaration("upload_patience", "number", 10.0, "Seconds without a byte after which an upload is ended"),
    Declaration("upload_rate", "integer", 8_000, "Bytes a second an upload needs on average after that time"),
    Declaration("disk_free_bytes", "integer", 268_435_456, "Intake stops with less room on a disk, in bytes"),
    Declaration("disk_free_percent", "number", 1.0, "Intake stops with less room on a disk, in percent of it"),
    Declaration("lease_seconds", "number", 30.0, "How long a worker owns a lane without a sign of life"),
    Declaration("delivery_threads", "integer", 8, "Deliveries a worker process sends at a time"),
    Declaration("delivery_deadline", "number", 20.0, "Seconds one delivery attempt may take"),
    Declaration("reply_deadline", "number", 30.0, "Seconds a sender waits for the reply of a synchronous flow"),
    Declaration("retry_base", "number", 1.0, "Seconds of the first back-off, doubling each time"),
    Declaration("retry_cap", "number", 300.0, "Longest back-off in seconds"),
    Declaration("retry_attempts", "integer", 20, "Attempts before a delivery becomes a dead letter"),
    Declaration("breaker_failures", "integer", 5, "Failures in a row that open a connection's breaker; 0: never"),
    Declaration("breaker_ratio", "number", 0.5, "Failures in a window that open it, as a share; 0: not looked at"),
    Declaration("breaker_window", "number", 60.0, "Seconds of that window"),
    Declaration("breaker_minimum", "integer", 20, "Attempts that a window needs to be judged"),
    Declaration("breaker_cool_down", "number", 5.0, "Seconds until an open breaker is probed, doubling each time"),
    Declaration("breaker_cool_down_cap", "number", 120.0, "Seconds between two probes at the most"),
    Declaration("read_back_after", "number", 5.0, "Seconds until a target is asked about an uncertain delivery"),
    Declaration("read_back_tries", "integer", 5, "Times it is asked before a person has to decide"),
    Declaration("retention_finished", "integer", 30, "Days that finished messages are kept; 0: for ever"),
    Declaration("retention_failed", "integer", 180, "Days that failed messages are kept; 0: for ever"),
    Declaration("retention_keys", "integer", 400, "Days that repeats are told apart; 0: for ever"),
    Declaration("recycle_after", "integer", 200_000, "Messages after which a worker process starts anew"),
    Declaration("recycle_memory", "integer", 500_000_000, "Bytes a worker may grow by before it starts anew; 0: any"),
    Declaration("groups", "text", "default", "Groups that the workers of this host serve"),
    Declaration("decide_seconds", "integer", 20, "CPU seconds one message may take before its worker is ended; 0: any"),
    Declaration("otlp_endpoint", "text", "", "OpenTelemetry collector (OTLP over HTTP), as http://host:4318; empty: none"),
    Declaration("otlp_headers", "text", "", "Headers for the collector: name=value,name=value", secret=True),
    Declaration("otlp_sample", "number", 1.0, "Share of journeys traced where the sender has not decided, 0 to 1"),
    Declaration("metrics_bind", "text", "", "Address on which workers and clock give /metrics; empty: the web server does"),
    Declaration("memory_limit", "integer", 0, "Address space of a worker process in bytes; 0: no limit"),
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """The settings in force."""

    home: Path = Path("./var")
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    bind: str = "127.0.0.1:8700"
    sandbox_bind: str = "127.0.0.1:8710"
    workers: int = 1
    environment: str = "dev"
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    public_url: str = ""
    log: str = "text,info"
    body_limit: int = 10_000_000
    intake_rate: float = 0.0
    intake_burst: int = 0
    intake_backlog: int = 1_000_000
    intake_patience: float = 5.0
    upload_patience: float = 10.0
    upload_rate: int = 8_000
    disk_free_bytes: int = 268_435_456
    disk_free_percent: float = 1.0
    lease_seconds: float = 30.0
    delivery_threads: int = 8
    delivery_deadline: float = 20.0
    reply_deadline: float = 30.0
    retry_base: float = 1.0
    retry_cap: float = 300.0
    retry_attempts: int = 20
    breaker_failures: int = 5
    breaker_ratio: float = 0.5
    breaker_window: float = 60.0
    breaker_minimum: int = 20
    breaker_cool_down: float = 5.0
    breaker_cool_down_cap: float = 120.0
    read_back_after: float = 5.0
    read_back_tries: int = 5
    retention_finished: int = 30
    retention_failed: int = 180
    retention_keys: int = 400
    recycle_after: int = 200_000
    recycle_memory: int = 500_000_000
    groups: str = "default"
    decide_seconds: int = 20
    otlp_endpoint: str = ""
    otlp_headers: str = field(default="", repr=False)
    otlp_sample: float = 1.0
    metrics_bind: str = ""
    memory_limit: int = 0

    @property
    def database(self) -> str:
        """The database URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'mapwright.db'}"

    @property
    def url(self) -> str:
        """Where people reach the pages."""
        return self.public_url or f"http://{self.bind}"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check every setting; all faults are reported at once.

    Errors: SettingsInvalid, details["faults"].
    """
    environ = os.environ if environ is None else environ
    file, faults = _config_file(environ)
    values: dict[str, Any] = {}
    for declaration in SETTINGS:
        given = environ.get(declaration.variable, file.get(declaration.name))
        if given is None or given == "":
            continue
        try:
            values[declaration.name] = _convert(declaration.kind, given)
        except (TypeError, ValueError):
            faults.append(f"{declaration.variable}: expected {declaration.kind}")
    known = {declaration.name for declaration in SETTINGS}
    faults += [f"{name}: unknown setting in the configuration file" for name in file if name not in known]
    if faults:
        raise SettingsInvalid("; ".join(faults), {"faults": faults})
    return Settings(**values)


def _config_file(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    name = environ.get("MAPWRIGHT_CONFIG")
    if not name:
        return {}, []
    try:
        return tomllib.loads(Path(name).read_text("utf-8")), []
    except (OSError, ValueError) as error:
        return {}, [f"MAPWRIGHT_CONFIG: {name} cannot be read: {error}"]


def _convert(kind: Kind, given: Any) -> Any:
    match kind:
        case "integer":
            return int(given)
        case "number":
            return float(given)
        case "path":
            return Path(given)
        case "list":
            parts = given.split(",") if isinstance(given, str) else given
            return tuple(str(part).strip() for part in parts if str(part).strip())
        case _:
            return str(given)


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """The keys of secrets and sessions; a missing one is made once and kept in the data folder."""
    if settings.secret_keys:
        return settings.secret_keys
    path = settings.home / "secret.key"
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(urlsafe_b64encode(secrets.token_bytes(32)).decode())
    except FileExistsError:
        pass
    return (path.read_text().strip(),)


def described(settings: Settings) -> list[dict[str, Any]]:
    """Every setting with its value and meaning, secrets hidden."""
    return [
        {
            "name": d.variable,
            "value": "(hidden)" if d.secret and getattr(settings, d.name) else getattr(settings, d.name),
            "default": d.default,
            "doc": d.doc,
        }
        for d in SETTINGS
    ]


assert {f.name for f in fields(Settings)} == {d.name for d in SETTINGS}, "declare each setting once"
