"""The reference: pages of functions and diagnostics, made from the declarations. `python -m dsl.reference DIR`."""

import sys
from pathlib import Path

from dsl.codes import CODES, CodeSpec
from dsl.functions import FAMILIES, FunctionSpec, registry

TITLES = {
    "text": "Text",
    "wording": "Words and characters",
    "numbers": "Numbers",
    "figures": "Figures",
    "dates": "Dates and times",
    "calendars": "Calendar",
    "lists": "Lists",
    "ordering": "Lists as a whole, records",
    "trees": "Hierarchies",
    "comparing": "Comparisons of two states",
    "records": "Choices",
    "measures": "Quantities and money",
    "codes": "Keys and check digits",
    "checks": "Checks of keys",
    "edi": "EDI",
    "queries": "Queries",
    "tests": "Tests only",
}
GROUPS = {
    "M1": "The text of a module",
    "M2": "What a map sets",
    "M3": "Names and paths",
    "M4": "Types",
    "M5": "Failures",
    "M6": "Lookups and tables",
    "M7": "Rules and flows",
    "M8": "Rule set, schemas, tests",
}


def function_pages() -> str:
    """All functions, family by family."""
    head = (
        "# Functions\n\n"
        "Written by `python -m dsl.reference`; the declarations in `dsl/functions` are the source. `= ...` is the "
        "value of a parameter that may be left out; parameters after it are best given by name.\n"
    )
    return head + "".join(_family(family) for family in FAMILIES)


def _family(family: str) -> str:
    specs = sorted((s for s in registry().values() if s.family == family), key=lambda s: s.name)
    return f"\n## {TITLES[family]}\n" + "".join(map(function_entry, specs))


def function_entry(spec: FunctionSpec) -> str:
    """One function: signature, sentence, failures, examples."""
    lines = [f"\n### {spec.name}", "", f"`{spec.signature}`", "", spec.doc]
    if spec.failures:
        lines += ["", f"Can fail as: {', '.join(sorted(spec.failures))}."]
    if spec.examples:
        lines += ["", "```", *(_example(e.expression, e.result) for e in spec.examples), "```"]
    return "\n".join(lines) + "\n"


def _example(expression: str, result: str) -> str:
    return f"{expression}   ->   {result}"


def code_pages() -> str:
    """All diagnostics, by number."""
    head = (
        "# Diagnostics\n\n"
        "Written by `python -m dsl.reference`; the declarations in `dsl/codes` are the source. A code is never used "
        "again for something else.\n"
    )
    parts = [head]
    group = ""
    for code, spec in sorted(CODES.items()):
        if code[:2] != group:
            group = code[:2]
            parts.append(f"\n## {group}xx {GROUPS[group]}\n")
        parts.append(code_entry(spec))
    return "".join(parts)


def code_entry(spec: CodeSpec) -> str:
    """One diagnostic: title, message, what to do, wrong and right."""
    message = spec.message.replace("{{", "{").replace("}}", "}")
    doc = spec.doc.replace("{{", "{").replace("}}", "}")
    lines = [
        f"\n### {spec.code} {spec.title}",
        "",
        f"{str(spec.severity).capitalize()}: {message}",
        "",
        doc,
        "",
        "```",
        spec.bad.rstrip("\n"),
        "```",
        "",
        "better:",
        "",
        "```",
        spec.good.rstrip("\n"),
        "```",
    ]
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> None:
    """Write functions.md and diagnostics.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "functions.md").write_text(function_pages(), encoding="utf-8")
    (folder / "diagnostics.md").write_text(code_pages(), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
