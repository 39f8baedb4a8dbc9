"""Findings as SARIF 2.1.0, for code hosts and pipelines."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from dsl.codes import CODES, CodeSpec
from dsl.diagnostics import Diagnostic, Edit, Fix
from dsl.source import Source, Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], version: str, root: str = ""
) -> dict[str, Any]:
    """One run with every finding, its related places and its fixes; `root` is the URI of the folder."""
    found = list(diagnostics)
    codes = sorted({d.code for d in found})
    driver = {"name": "mapwright", "version": version, "rules": [_rule(CODES[code]) for code in codes]}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, codes.index(d.code), sources) for d in found],
    }
    if root:
        run["originalUriBaseIds"] = {"RULESET": {"uri": root.rstrip("/") + "/"}}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(spec: CodeSpec) -> dict[str, Any]:
    words = spec.doc.replace("{{", "{").replace("}}", "}")
    example = f"{words}\n\n{spec.bad.rstrip()}\n\nbetter:\n\n{spec.good.rstrip()}"
    return {
        "id": spec.code,
        "name": "".join(word.capitalize() for word in spec.title.replace("-", " ").split() if word.isalnum()),
        "shortDescription": {"text": spec.title},
        "fullDescription": {"text": words},
        "help": {"text": example},
        "defaultConfiguration": {"level": str(spec.severity)},
    }


def _result(found: Diagnostic, index: int, sources: Mapping[str, Source]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": str(found.severity),
        "message": {"text": "\n".join((found.message, *found.help))},
        "locations": [_location(found.file, found.span, sources, found.subject)],
    }
    if found.labels:
        result["relatedLocations"] = [
            {"id": number, **_location(label.file, label.span, sources), "message": {"text": label.message}}
            for number, label in enumerate(found.labels, 1)
        ]
    if found.fixes:
        result["fixes"] = [_fix(fix, sources) for fix in found.fixes]
    return result


def _location(file: str, span: Span, sources: Mapping[str, Source], subject: str = "") -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": {**_artifact(file), "region": _region(file, span, sources)}}
    if subject:
        place["logicalLocations"] = [{"fullyQualifiedName": subject}]
    return place


def _artifact(file: str) -> dict[str, Any]:
    return {"artifactLocation": {"uri": quote(file), "uriBaseId": "RULESET"}}


def _region(file: str, span: Span, sources: Mapping[str, Source]) -> dict[str, int]:
    source = sources.get(file) or Source(file, "")
    line, column = source.position(min(span.start, len(source.text)))
    end_line, end_column = source.position(min(span.end, len(source.text)))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _fix(fix: Fix, sources: Mapping[str, Source]) -> dict[str, Any]:
    files: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        files.setdefault(edit.file, []).append(edit)
    changes = [
        {
            **_artifact(file),
            "replacements": [
                {"deletedRegion": _region(file, e.span, sources), "insertedContent": {"text": e.text}}
                for e in edits
            ],
        }
        for file, edits in files.items()
    ]
    return {"description": {"text": fix.title}, "artifactChanges": changes}
