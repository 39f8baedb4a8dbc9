"""A case as a rule set: its files, and the program around a single expression."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.spec.shorthand import schema

HERE = Path(__file__).parent
MODULE = "maps/case.mw"
MANIFEST = 'name = "spec"\nlanguage = "1"\ntime_zone = "Europe/Berlin"\n'
NOTHING = '{"type": "object", "properties": {}}'
POLICY = "".join(f"  on {kind} reject\n" for kind in ("missing", "error", "no_match", "many"))
_NOTHING = "nothing in spec.nothing"
Case = dict[str, Any]
Shared = Mapping[str, Any]


def chapters() -> Iterator[tuple[str, Shared, list[Case]]]:
    """Every file: its name, what its cases share, its cases."""
    for path in sorted(HERE.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        if "case" in content:
            shared = content.get("shared", {})
            usual = {name: shared[name] for name in ("input", "parameter") if name in shared}
            yield path.stem, shared, [usual | case for case in content["case"]]


def expressions(case: Case) -> list[tuple[str, str]]:
    """The expressions of a case that is about values, each with what it has to give."""
    if "decides" in case:
        return [(f"table {case['table']}({left})", right) for left, right in case["decides"].items()]
    return list(case.get("values", {}).items())


def module(shared: Shared, case: Case) -> str:
    """The text of the case's own module, with a map for each expression."""
    program = case.get("program", "")
    own = program if isinstance(program, str) else program.get(MODULE, "")
    text = str(shared.get("program", "")) + own
    found = expressions(case)
    for number, (expression, _) in enumerate(found):
        parameter = case.get("parameter", _NOTHING) if "input" in case else _NOTHING
        text += _map(f"value_{number}", parameter, [f"value = {expression}"])
    if "values" in case:
        wanted = [
            f"wanted_{n} = {right}" for n, (_, right) in enumerate(found) if not right.startswith("fails ")
        ]
        text += _map("wanted", "nothing in spec.nothing", wanted)
    return text + ('use schema spec.value "v1"\nuse schema spec.nothing "v1"\n' if found else "")


def _map(name: str, parameter: str, lines: list[str]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"map {name} : {parameter} -> spec.value\n{POLICY}{body}end\n"


def files(shared: Shared, case: Case) -> dict[str, bytes]:
    """The rule set of a case, as files."""
    program = case.get("program", "")
    texts = {} if isinstance(program, str) else dict(program)
    texts[MODULE] = module(shared, case)
    texts["ruleset.toml"] = case.get("manifest", shared.get("manifest", MANIFEST))
    if found := expressions(case):
        fields = ", ".join(
            f'"{name}": {{}}' for name in ("value", *(f"wanted_{n}" for n in range(len(found))))
        )
        texts["schemas/spec.value@v1.json"] = f'{{"type": "object", "properties": {{{fields}}}}}'
        texts["schemas/spec.nothing@v1.json"] = NOTHING
    for name, text in {**shared.get("schemas", {}), **case.get("schemas", {})}.items():
        guide = name.endswith(".toml")
        texts[f"schemas/{name}" if guide else f"schemas/{name}.json"] = text if guide else schema(text)
    for folder, ending in (("lookups", ".csv"), ("samples", "")):
        for name, text in {**shared.get(folder, {}), **case.get(folder, {})}.items():
            texts[f"{folder}/{name}{ending}"] = text
    return {path: text.encode() for path, text in texts.items()}
