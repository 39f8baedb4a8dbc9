"""What can stand at a place: completion from the declarations. What stands there, `navigation` tells."""

import re
from collections.abc import Iterable, Iterator, Mapping

from dsl import functions, syntax, types
from dsl.actionwords import action_names, action_words
from dsl.checking.flows import CRITICALITIES
from dsl.checking.playbooks import FAILURES
from dsl.checking.typerefs import BUILT_IN
from dsl.literals import quote
from dsl.program import Program
from dsl.surroundings import Surroundings, leaves, quoted, surroundings

Entry = dict[str, str]
_PATH = re.compile(r'([A-Za-z_]\w*)((?:\.(?:\w+|"[^"\n]*"))*)\.("?\w*)$')
_NAMED_FIELDS = re.compile(
    r'\b(tree|compare)\(\s*([A-Za-z_]\w*(?:\.(?:\w+|"[^"\n]*"))*)\b.*\b(?:id|parent|kind|key|fields):\s*\[?(?:[\w.]+,\s*)*\w*$'
)
LONGEST = 400
"""How much of a line before the cursor is looked at: nobody's path is longer, and patterns take time with its square."""
_WORD = re.compile(r'"?\w*$')
_KINDS = ("missing", "error", "no_match", "many")
_ACTIONS = ("use", "skip", "skip row", "reject", "reject row")
_TOP = (
    "use schema", "use lookup", "map", "lookup", "dataset", "table", "type", "function", "rules", "flow", "playbook",
    "test",
)  # fmt: skip
_IN_MAP = ("let", "if", "each", "check", "copy", "end", "on missing", "on error", "on no_match")
_IN_RULES = ("rule", "let", "when", "then", "else", "because", "end")
_IN_FLOW = (
    "receive", "owner", "criticality", "sla", "identify by", "order by", "business time by", "keys", "map with", "apply",
    "enrich", "call", "reply using", "on failure playbook", "end",
)  # fmt: skip
_IN_PLAYBOOK = ("runbook", *(f"on {failure}" for failure in FAILURES), "end")
_REACTIONS = ("hold", "park", "block", "dead_letter", "fallback", "retry for")
_IN_TEST = (
    "given",
    "given recall",
    "given answer",
    "given waited",
    "map",
    "apply",
    "flow",
    "table",
    "expect",
    "end",
)
_OPERATORS = (
    "and",
    "or",
    "not",
    "is missing",
    "is not missing",
    "is blank",
    "in",
    "lookup",
    "reverse lookup",
    "table",
)


def complete(program: Program, path: str, offset: int) -> list[Entry]:
    """Entries for a place, best first: {"label", "kind", "detail", "doc", "insert"}."""
    source = program.sources.get(path)
    if source is None:
        return []
    before = source.text[: max(0, offset)]
    line = before[before.rfind("\n") + 1 :]
    if _in_text_or_comment(line):
        return []
    line = line[-LONGEST:]
    around = surroundings(program, path, offset)
    typed = _WORD.search(line)
    prefix = typed.group().strip('"').casefold() if typed else ""
    entries = [e for e in _entries(program, line, around) if prefix in e["label"].casefold().strip('"')]
    return sorted(entries, key=lambda e: not e["label"].casefold().strip('"').startswith(prefix))[:200]


def _in_text_or_comment(line: str) -> bool:
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", line)
    return "#" in outside or (outside.count('"') % 2 == 1 and not re.search(r'\."\w*$', line[-LONGEST:]))


def _entry(label: str, kind: str, detail: str = "", doc: str = "", insert: str | None = None) -> Entry:
    return {
        "label": label,
        "kind": kind,
        "detail": detail,
        "doc": doc,
        "insert": label if insert is None else insert,
    }


def _words(words: Iterable[str], kind: str = "keyword") -> list[Entry]:
    return [_entry(word, kind) for word in words]


def _entries(program: Program, line: str, around: Surroundings) -> list[Entry]:
    around.names.update(action_names(program, line, around))
    after = _in_flow(program, line, around)
    after = _after_keyword(program, line) if after is None else after
    after = (_action_words(program, line) or None) if after is None and _in_rules(around) else after
    if after is not None:
        return after
    named = _NAMED_FIELDS.search(line)
    if named is not None:
        return list(_fields_of_elements(named.group(2), around))
    path = _PATH.search(line)
    if path is not None and (path.group(1) in around.names or "=" in line):
        return list(_fields(path, around))
    if re.fullmatch(r'\s*[\w."]*', line):
        return _line_start(around)
    return [
        *_expected(program, line, around),
        *_variables(around),
        *_own(program),
        *_functions(),
        *_words(_OPERATORS),
    ]


def _in_flow(program: Program, line: str, around: Surroundings) -> list[Entry] | None:
    """The words of flows and playbooks that others do not have."""
    flow, playbook = (isinstance(around.declaration, kind) for kind in (syntax.Flow, syntax.Playbook))
    rules: list[tuple[bool, str, Iterable[Entry]]] = [
        (True, r"\b(recall|given\s+waited)\s+\w*$", (_entry(n, "dataset") for n in program.datasets)),
        (
            flow,
            r"\bcall\s+[\w.]*$",
            (e for e in _endpoints(program, "out") if program.manifest.endpoints[e["label"]].answer),
        ),
        (flow, r"\bcriticality\s+\w*$", _words(CRITICALITIES, "value")),
        (flow, r"\bplaybook\s+$", (_entry(n, "playbook", insert=quote(n)) for n in program.playbooks)),
        (flow, r"\brecall\b.*\bon\s+missing\s+\w*$", _words(("wait", "use", "skip", "reject"))),
        (flow, r"\bwait\s+\d+\s+\w+\s+then\s+\w*$", _words(("use", "skip", "reject"))),
        (flow, r"^\s*call\b.*\bon\s+\w*$", _words(("error",))),
        (playbook, r"\bfallback\s+[\w., ]*$", _endpoints(program, "out")),
        (playbook, r"^\s*on\s+\w*$", _words(FAILURES, "value")),
        (playbook, r"\b(on\s+\w+|then)\s+\w*$", _words(_REACTIONS)),
    ]
    for applies, pattern, entries in rules:
        if applies and re.search(pattern, line):
            return list(entries)
    return None


def _after_keyword(program: Program, line: str) -> list[Entry] | None:
    """Where one word decides what may follow."""
    rules: list[tuple[str, Iterable[Entry]]] = [
        (r"\bon\s+\w*$", _words(_KINDS)),
        (r"\bon\s+(missing|error|no_match|many)\s+\w*$", _words(_ACTIONS)),
        (r"\blookup\s+\w*$", (_entry(n, "lookup") for n in program.lookups)),
        (r"(=|\()\s*table\s+\w*$", (_entry(n, "table") for n in program.tables)),
        (r"\b(using|map with)\s+\w*$", (_entry(n, "map") for n in program.maps)),
        (r"\bapply\s+\w*$", (_entry(n, "rules") for n in program.rules)),
        (r"\bsend\s+[\w.]*$", _endpoints(program, "out")),
        (r"\breceive\s+[\w.]*$", _endpoints(program, "in")),
        (r"\buse\s+schema\s+[\w.]*$", _schemas(program)),
        (r"^\s*(?:(?:function|lookup|dataset|type)\b|\|\s*row\b).*(?::|\bof)\s+\w*$", _types(program)),
        (r"^\s*type\s+\w+\s*=\s*\w*$", _types(program)),
        (r"(\bin|->)\s+[\w.]+$", _words({s.name for s in program.schemas.values()}, "schema")),
    ]
    for pattern, entries in rules:
        if re.search(pattern, line):
            found = list(entries)
            return found if found else None
    return None


def _in_rules(around: Surroundings) -> bool:
    return isinstance(around.declaration, syntax.Rules)


def _action_words(program: Program, line: str) -> list[Entry]:
    """What may follow `then`, `else`, `expect`, `remember` and the like in a rule."""
    return [_entry(label, kind, detail) for label, kind, detail in action_words(program, line)]


def _types(program: Program) -> Iterator[Entry]:
    """Built-in types, those that modules declare, and those of schemas."""
    yield from _words([*BUILT_IN, "list of", "enum {", "record {"], "type")
    for name, declared in program.declared_types.items():
        yield _entry(name, "type", f"A type in {declared.path}.")
    for schema in program.schemas.values():
        for name in schema.definitions:
            yield _entry(name, "type", f"A type of {schema.name}.")


def _endpoints(program: Program, direction: str) -> Iterator[Entry]:
    for endpoint in program.manifest.endpoints.values():
        if endpoint.direction == direction:
            yield _entry(endpoint.name, "endpoint", endpoint.schema)


def _schemas(program: Program) -> Iterator[Entry]:
    for schema in program.schemas.values():
        yield _entry(schema.name, "schema", schema.version, insert=f'{schema.name} "{schema.version}"')


def _fields(path: re.Match[str], around: Surroundings) -> Iterator[Entry]:
    of = around.names.get(path.group(1))
    for name in re.findall(r'\.(\w+|"[^"]*")', path.group(2)):
        of = _step(of, name.strip('"'))
    record = _record(of)
    for name, spec in (record.fields if record is not None else {}).items():
        shown = quoted(name)
        insert = shown[1:] if path.group(3).startswith('"') and shown.startswith('"') else shown
        yield _entry(name, "field", types.describe(types.field_type(spec)), spec.title, insert)


def _fields_of_elements(list_path: str, around: Surroundings) -> Iterator[Entry]:
    """What may be named behind `key:` or `id:`: the fields of the elements of the list."""
    first, *steps = re.findall(r'\w+|"[^"]*"', list_path)
    of = around.names.get(first)
    for step in steps:
        of = _step(of, step.strip('"'))
    record = _record(of)
    for name, spec in (record.fields if record is not None else {}).items():
        yield _entry(name, "field", types.describe(types.field_type(spec)), spec.title, quoted(name))


def _record(of: types.Type | None) -> types.Record | None:
    of = types.present(of) if of is not None else None
    if isinstance(of, types.ListOf):
        of = types.present(of.item)
    return of if isinstance(of, types.Record) else None


def _step(of: types.Type | None, name: str) -> types.Type | None:
    record = _record(of)
    spec = record.fields.get(name) if record is not None else None
    return None if spec is None else spec.type


def _line_start(around: Surroundings) -> list[Entry]:
    match around.declaration:
        case syntax.Map():
            return [*_target_fields(around), *_words(_IN_MAP)]
        case syntax.Rules():
            return _words(_IN_RULES)
        case syntax.Flow():
            return _words(_IN_FLOW)
        case syntax.Playbook():
            return _words(_IN_PLAYBOOK)
        case syntax.Test():
            return _words(_IN_TEST)
        case _:
            return _words(_TOP)


def _target_fields(around: Surroundings) -> list[Entry]:
    """Fields that are not set yet, the required ones first."""
    found = []
    for name, spec in leaves(around.target) if around.target is not None else ():
        if name not in around.filled:
            detail = types.describe(spec.type) + (" (required)" if spec.required else "")
            found.append(_entry(name, "target", detail, spec.title, f"{name} = "))
    return sorted(found, key=lambda e: "(required)" not in e["detail"])


def _expected(program: Program, line: str, around: Surroundings) -> list[Entry]:
    """Values of the enumeration that the field of this line, or the left side, has."""
    target = re.match(r'\s*([\w."]+)\s*=', line)
    compared = re.search(r'([A-Za-z_]\w*)((?:\.(?:\w+|"[^"\n]*"))*)\s*(?:=|<>|in\s*\[)[^=<>]*$', line)
    of: types.Type | None = None
    if compared is not None:
        of = around.names.get(compared.group(1))
        for name in re.findall(r'\.(\w+|"[^"]*")', compared.group(2)):
            of = _step(of, name.strip('"'))
    if of is None and target is not None and around.target is not None:
        of = dict(leaves(around.target)).get(target.group(1), types.FieldSpec(types.ANYTHING)).type
    kind = types.present(of) if of is not None else None
    if isinstance(kind, types.Enum):
        return [_entry(value, "value", types.describe(kind)) for value in kind.values]
    return []


def _variables(around: Surroundings) -> list[Entry]:
    return [_entry(name, "variable", types.describe(of)) for name, of in around.names.items()]


def _own(program: Program) -> list[Entry]:
    """The functions of the rule set."""
    return [
        _entry(name, "function", _signature(program, name), f"A function in {own.path}.", f"{name}(")
        for name, own in program.functions.items()
    ]


def _signature(program: Program, name: str) -> str:
    checked = program.functions[name]
    parameters = ", ".join(f"{parameter}: {types.describe(of)}" for parameter, of in checked.parameters)
    return f"{name}({parameters}): {types.describe(checked.result)}"


def _functions() -> list[Entry]:
    specs: Mapping[str, functions.FunctionSpec] = functions.registry()
    return [_entry(s.name, "function", s.signature, s.doc, f"{s.name}(") for s in specs.values()]
