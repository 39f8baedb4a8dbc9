"""Names of the whole rule set, read from tokens: maps, tables, lookups, functions, rules, flows, endpoints, schemas."""

import re
from collections.abc import Iterator, Sequence

from dsl import syntax
from dsl.manifest import FILE
from dsl.navigation.symbols import DECLARED, Occurrence, Symbol
from dsl.program import Program
from dsl.source import Source, Span
from dsl.tree import Token, parse_tree

AFTER = {
    "using": "map", "apply": "rules", "lookup": "lookup", "table": "table", "remember": "dataset",
    "forget": "dataset", "recall": "dataset",
}  # fmt: skip
DOTTED = {
    "receive": ("endpoint", "schema"), "send": ("endpoint",), "call": ("endpoint",), "fallback": ("endpoint",),
    "raise": ("schema",), "expect": ("endpoint", "schema"), "schema": ("schema",),
}  # fmt: skip
QUOTED = {
    "fired": "rule", "matched": "table", "sent": "endpoint", "expected": "endpoint", "collected": "endpoint",
    "remembered": "dataset", "forgotten": "dataset", "playbook": "playbook",
}  # fmt: skip
TESTED = frozenset({"map", "apply", "flow", "table"})
HEADS = frozenset({"map", "rules", "receive", "call", "dataset"})
TYPED = frozenset({"table", "lookup", "function", "type", "dataset", "|"})
_TABLE = re.compile(r'^\[(endpoints|lookups)\.("[^"\n]+"|[\w-]+)', re.MULTILINE)
_SCHEMA = re.compile(r'^schema\s*=\s*"([^"\n]+)"', re.MULTILINE)


class Names:
    """The declared names of a program, and every occurrence of one."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._rules: dict[str, list[str]] = {}
        self._declared: dict[str, dict[int, str]] = {}
        self.names: dict[str, set[str]] = {kind: set() for kind in (*DECLARED, "endpoint", "schema")}
        for path, module in program.modules.items():
            self._collect(path, module)
        self.names["lookup"] |= set(program.lookups)
        self.names["endpoint"] = set(program.manifest.endpoints)

    def _collect(self, path: str, module: syntax.Module) -> None:
        places = self._declared.setdefault(path, {})
        source = self._program.sources[path]
        for declaration in module.declarations:
            span = getattr(declaration, "name_span", None)
            if span is not None:
                kind = source.text[declaration.span.start : declaration.span.end].split(None, 1)[0]
                self.names.setdefault(kind, set()).add(source.slice(span).strip('"'))
                places[span.start] = kind
            if isinstance(declaration, syntax.Rules):
                for rule in declaration.rules:
                    if isinstance(rule, syntax.Rule):
                        self._rules.setdefault(rule.name, []).append(declaration.name)

    def occurrences(self) -> Iterator[Occurrence]:
        """All of them, module by module, and those of ruleset.toml."""
        for path, module in self._program.modules.items():
            yield from self._module(path, module)
        if FILE in self._program.sources:
            yield from self._manifest(self._program.sources[FILE])

    def _module(self, path: str, module: syntax.Module) -> Iterator[Occurrence]:
        versions = {use.name: use.version for use in module.uses if isinstance(use, syntax.UseSchema)}
        rules = [d for d in module.declarations if isinstance(d, syntax.Rules)]
        for line in parse_tree(self._program.sources[path].text).lines:
            for index, token in enumerate(line.tokens):
                found = self._at(path, line.tokens, index, versions, rules)
                if found is not None:
                    yield Occurrence(
                        found[0], path, found[1], token.start in self._declared[path] or found[2]
                    )

    def _at(
        self,
        path: str,
        tokens: Sequence[Token],
        index: int,
        versions: dict[str, str],
        rules: Sequence[syntax.Rules],
    ) -> tuple[Symbol, Span, bool] | None:
        """The symbol whose name begins at a token, its span, and whether the token declares it."""
        token = tokens[index]
        if token.kind == "string":
            return self._quoted(tokens, index)
        if token.kind != "word":
            return None
        declared = self._declared[path].get(token.start)
        if declared is not None:
            return Symbol(declared, token.text), token.span, True
        if index == 1 and tokens[0].text == "rule":
            owner = next((r.name for r in rules if r.span.start <= token.start <= r.span.end), "")
            return (Symbol("rule", token.text, owner), token.span, True) if owner else None
        return self._plain(tokens, index) or self._dotted(tokens, index, versions)

    def _quoted(self, tokens: Sequence[Token], index: int) -> tuple[Symbol, Span, bool] | None:
        token = tokens[index]
        before = [t.text for t in tokens[max(0, index - 2) : index]]
        word = before[0] if before[1:] == ["("] else before[-1] if before[-1:] == ["playbook"] else ""
        name, span = token.text[1:-1], Span(token.start + 1, token.span.end - 1)
        kind = QUOTED.get(word, "")
        if kind == "rule":
            owners = self._rules.get(name, [])
            return (Symbol("rule", name, owners[0]), span, False) if len(owners) == 1 else None
        if kind and name in self.names[kind]:
            return Symbol(kind, name), span, False
        return None

    def _plain(self, tokens: Sequence[Token], index: int) -> tuple[Symbol, Span, bool] | None:
        token, before = tokens[index], tokens[index - 1].text if index else ""
        kind = AFTER.get(before, "")
        if before == "with" and index > 1 and tokens[index - 2].text == "map":
            kind = "map"
        elif before == "given" and [t.text for t in tokens[index + 1 : index + 2]] == ["("]:
            kind = "dataset"
        elif index == 1 and before in TESTED:
            kind = "rules" if before == "apply" else before
        elif tokens[0].text in TYPED and before in (":", "of", "->") and token.text in self.names["type"]:
            kind = "type"
        elif index + 1 < len(tokens) and tokens[index + 1].text == "(" and before not in (".", *AFTER):
            kind = "function"
        if kind and token.text in self.names[kind]:
            return Symbol(kind, token.text), token.span, False
        return None

    def _dotted(
        self, tokens: Sequence[Token], index: int, versions: dict[str, str]
    ) -> tuple[Symbol, Span, bool] | None:
        before = tokens[index - 1].text if index else ""
        kinds = DOTTED.get(before, ())
        if not kinds and before in ("in", "->", ":") and tokens[0].text in HEADS:
            kinds = ("schema",)
        name, span = dotted_name(tokens, index)
        for kind in kinds:
            if kind == "endpoint" and name in self.names["endpoint"]:
                return Symbol("endpoint", name), span, False
            if kind == "schema":
                found = self._schema(name, versions)
                return (Symbol("schema", found), span, False) if found else None
        return None

    def _schema(self, name: str, versions: dict[str, str]) -> str:
        known = self._program.schemas
        wanted = f"{name}@{versions.get(name, '')}"
        return next(
            (key for key in (wanted, *sorted(known)) if key in known and key.rpartition("@")[0] == name), ""
        )

    def _manifest(self, source: Source) -> Iterator[Occurrence]:
        for found in _TABLE.finditer(source.text):
            name = found[2].strip('"')
            kind, shift = found[1][:-1], found[2].startswith('"')
            span = Span(found.start(2) + shift, found.end(2) - shift)
            if name in self.names[kind]:
                yield Occurrence(Symbol(kind, name), source.path, span, kind == "endpoint")
        for found in _SCHEMA.finditer(source.text):
            if found[1] in self._program.schemas:
                yield Occurrence(Symbol("schema", found[1]), source.path, Span(*found.span(1)))


def dotted_name(tokens: Sequence[Token], index: int) -> tuple[str, Span]:
    """`erp.hold` that begins at a token, and its span."""
    end = index
    while (
        end + 2 < len(tokens) and tokens[end + 1].text == "." and tokens[end + 2].kind in ("word", "string")
    ):
        end += 2
    name = "".join(token.text for token in tokens[index : end + 1])
    return name, tokens[index].span.to(tokens[end].span)
