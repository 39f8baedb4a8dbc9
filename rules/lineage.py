"""Why one output value is what it is, for a page, a support desk or an auditor."""

from typing import Any

from rules.outcome import Outcome, Trace


def explain(outcome: Outcome, path: str) -> dict[str, Any]:
    """What made the value at a path of the event: input paths with their values, decisions, place.

    For a path that was not made, the failures that speak of it.
    """
    trace = outcome.lineage.get(path) or _nearest(outcome, path)
    failures = [
        {"kind": f.kind, "message": f.message, "value": f.value, "action": f.action}
        for f in outcome.failures
        if f.path == path
    ]
    found: dict[str, Any] = {"path": path, "made": trace is not None, "value": value_at(outcome.event, path)}
    if trace is not None:
        found |= {
            "sources": [{"path": source, "value": _source(outcome, source)} for source in trace.sources],
            "decisions": list(trace.decisions),
            "file": trace.place.file,
            "line": trace.place.line,
            "column": trace.place.column,
        }
    return {**found, "failures": failures}


def _nearest(outcome: Outcome, path: str) -> Trace | None:
    """The trace of the record or amount that holds the path."""
    while "." in path:
        path = path.rpartition(".")[0]
        if path in outcome.lineage:
            return outcome.lineage[path]
    return None


def _source(outcome: Outcome, path: str) -> Any:
    """The value of an input path; its first step names the variable: one recalled or answered, or the document.

    Where a map has several documents, it is one of them.
    """
    document = outcome.document
    variable, _, rest = path.partition(".")
    if variable in outcome.values:
        return value_at(outcome.values[variable], rest) if rest else outcome.values[variable]
    found = value_at(document, rest) if rest else None
    return value_at(document, path) if found is None else found


def value_at(document: Any, path: str) -> Any:
    """The value at a path such as `defects[0].code` or `N1[1]."04"`, None where there is none."""
    for step in _steps(path):
        if isinstance(step, int):
            document = document[step] if isinstance(document, list) and step < len(document) else None
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    rest = path
    while rest:
        if rest.startswith('"'):
            end = rest.find('"', 1)
            name, rest = rest[1:end] if end > 0 else rest[1:], rest[end + 1 :] if end > 0 else ""
            steps.append(name)
        elif rest.startswith("["):
            index, _, rest = rest[1:].partition("]")
            steps.append(int(index) if index.isdigit() else index)
        elif rest.startswith("."):
            rest = rest[1:]
        else:
            end = min((i for i in (rest.find("."), rest.find("[")) if i >= 0), default=len(rest))
            steps.append(rest[:end])
            rest = rest[end:]
    return steps
