"""Samples of a rule set, decoded by the codec and guide of the endpoint they belong to."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from app.design.errors import SampleInvalid
from app.design.rulesets import SAMPLES
from connectors import registry
from connectors.contract import DecodedDocument
from connectors.errors import ConnectorError
from connectors.settings import read_settings
from dsl.program import Endpoint, Program
from dsl.types import Record
from rules.shaping import read_document

_EXPECTED = ".expected.json"
_NOTES = (".md", ".txt")


def sample_names(files: Mapping[str, bytes]) -> list[str]:
    """The names of the samples, without expected outputs and notes."""
    names = (path.removeprefix(SAMPLES) for path in sorted(files) if path.startswith(SAMPLES))
    return [name for name in names if not name.endswith((_EXPECTED, *_NOTES))]


def decode_sample(
    program: Program, files: Mapping[str, bytes], name: str, endpoint: str | None = None
) -> list[DecodedDocument]:
    """Every document of a sample, read as the endpoint would, or as the first that can read it.

    Errors: SampleInvalid with what the codec says.
    """
    body = files.get(f"{SAMPLES}{name}")
    if body is None:
        raise SampleInvalid(f"there is no sample {name}", {"known": sample_names(files)})
    problem = SampleInvalid(f"no endpoint of the rule set reads {name}")
    for candidate in _candidates(program, name, endpoint):
        try:
            documents = decode_as(program, candidate, body)
        except ConnectorError as error:
            problem = SampleInvalid(f"{name}: {error.message}", error.details)
            continue
        if documents and not any(fault.severity == "error" for d in documents for fault in d.faults):
            return documents
        problem = _faulty(name, documents)
    raise problem


def decoded_samples(program: Program, files: Mapping[str, bytes]) -> dict[str, Any]:
    """File name -> document, for test blocks; a sample that cannot be read is left out.

    Further documents of one file are named with their number: `asn.edi#2`.
    """
    decoded: dict[str, Any] = {}
    for name in sample_names(files):
        try:
            documents = decode_sample(program, files, name)
        except SampleInvalid:
            continue
        for number, document in enumerate(documents, 1):
            decoded[name if number == 1 else f"{name}#{number}"] = document.data
    return decoded


def documents_by_schema(program: Program, files: Mapping[str, bytes]) -> dict[str, list[Any]]:
    """Schema of an endpoint -> the documents of all samples that the endpoint reads, as its schema wants them."""
    found: dict[str, list[Any]] = {}
    for endpoint in program.manifest.endpoints.values():
        schema = program.schemas.get(endpoint.schema)
        if endpoint.direction != "in" or schema is None or endpoint.schema in found:
            continue
        documents = found.setdefault(endpoint.schema, [])
        for name in sample_names(files):
            if (PurePosixPath(name).suffix == ".json") == (endpoint.codec == "json"):
                documents += _readable(program, files, name, endpoint.name, schema.record)
    return found


def _readable(
    program: Program, files: Mapping[str, bytes], name: str, endpoint: str, record: Record
) -> Iterable[Any]:
    try:
        decoded = decode_sample(program, files, name, endpoint)
    except SampleInvalid:
        return []
    return [document.data for document in decoded if not read_document(document.data, record)[1]]


def decode_as(program: Program, endpoint: Endpoint, body: bytes) -> list[DecodedDocument]:
    """A body as one endpoint reads it."""
    codec = registry.codec(endpoint.codec)
    schema = program.schemas.get(endpoint.schema)
    options = read_settings(codec.settings, endpoint.options)
    return codec.decode(body, options, schema.guide if schema else {})


def _candidates(program: Program, name: str, endpoint: str | None) -> Iterable[Endpoint]:
    known = program.manifest.endpoints
    if endpoint is not None:
        return [known[endpoint]] if endpoint in known else []
    json_file = PurePosixPath(name).suffix == ".json"
    incoming = [e for e in known.values() if e.direction == "in" and (e.codec == "json") == json_file]
    plain = Endpoint("sample", "in", "json", "")
    return incoming[:1] or [plain] if json_file else incoming


def _faulty(name: str, documents: list[DecodedDocument]) -> SampleInvalid:
    faults = [fault for document in documents for fault in document.faults if fault.severity == "error"]
    details = [{"code": f.code, "message": f.message, "place": dict(f.place)} for f in faults]
    said = faults[0].message if faults else "it holds no document"
    return SampleInvalid(f"{name}: {said}", {"faults": details})
