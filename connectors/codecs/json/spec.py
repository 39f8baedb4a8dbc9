"""The codec `json` and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.codecs.json.decode import Limits, decode_body
from connectors.codecs.json.encode import encode_documents
from connectors.contract import DecodedDocument, Plain
from connectors.settings import Setting, SettingsSpec, read_settings

DEEPEST = 200
SETTINGS: SettingsSpec = (
    Setting(
        "split",
        "choice",
        "One document or many",
        "none: the body is one. lines: every line is (NDJSON). array: every entry of the outer list is.",
        default="none",
        choices=("none", "lines", "array"),
    ),
    Setting("max_bytes", "integer", "Largest body", "In bytes.", default=16 * 1024 * 1024),
    Setting(
        "max_depth",
        "integer",
        "Deepest nesting",
        "Lists and objects inside each other; 200 at the most.",
        default=100,
    ),
    Setting("max_digits", "integer", "Longest number", "Significant digits.", default=34),
    Setting(
        "max_exponent",
        "integer",
        "Largest exponent",
        "Of a number written like 1e9, either sign.",
        default=400,
    ),
    Setting("indent", "integer", "Indentation when writing", "Spaces; 0 writes one line.", default=0),
    Setting(
        "sort_keys", "boolean", "Sort keys when writing", "Off: the order of the map's target.", default=False
    ),
)


@dataclass(frozen=True, slots=True)
class JsonCodec:
    """Strict JSON: UTF-8, no duplicate keys, no NaN, exact decimals, bounded."""

    name: str = "json"
    media_types: Sequence[str] = ("application/json", "application/x-ndjson")
    settings: SettingsSpec = SETTINGS

    def decode(
        self, body: bytes, options: Mapping[str, Any], guide: Mapping[str, Any]
    ) -> list[DecodedDocument]:
        """Read the body; `guide` is not used."""
        given = read_settings(self.settings, options)
        limits = Limits(
            given["max_bytes"], min(given["max_depth"], DEEPEST), given["max_digits"], given["max_exponent"]
        )
        return decode_body(body, given["split"], limits)

    def encode(
        self, documents: Sequence[Plain], options: Mapping[str, Any], guide: Mapping[str, Any]
    ) -> bytes:
        """Write the documents; `guide` is not used."""
        given = read_settings(self.settings, options)
        return encode_documents(documents, {**given, "max_depth": min(given["max_depth"], DEEPEST)})


CODEC = JsonCodec()
