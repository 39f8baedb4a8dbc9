"""Generated flows: steps that recall, ask, map by name and reply, and what they find while they run."""

import json
from random import Random
from typing import Any

from rules.outcome import Context
from rules.waiting import AllRecords, Unanswered
from tests.rules.rulebook import CONTEXT

_TEXT = {"type": "string"}
_DOC = {"type": "object", "required": ["a"], "properties": {"a": _TEXT, "b": _TEXT, "n": {"type": "integer"}}}
MANIFEST = 'name = "flows"\nlanguage = "1"\ntime_zone = "Europe/Berlin"\n' + "".join(
    f'[endpoints."{name}"]\ndirection = "{direction}"\ncodec = "json"\nschema = "s.doc@v1"\n{answer}'
    for name, direction, answer in (
        ("in.asks", "in", 'answer = "s.doc@v1"\n'),
        ("out.docs", "out", ""),
        ("out.third", "out", 'answer = "s.doc@v1"\n'),
        ("out.first", "out", 'answer = "s.doc@v1"\n'),
        ("out.second", "out", 'answer = "s.doc@v1"\n'),
    )
)
HEAD = """use schema s.doc "v1"
dataset one : key: text -> s.doc "v1"
dataset two : key: text, number: integer -> s.doc "v1"
map plain : d in s.doc -> s.doc
  a = d.a
  b = d.b on missing skip
  n = d.n on missing use 7 warn
  check d.a <> "bad" else reject "bad"
end
map both : d in s.doc, x in s.doc -> s.doc
  a = d.a & x.a
  b = coalesce(x.b, d.b, "none")
  n = coalesce(d.n, 1) + coalesce(x.n, 1)
end
map maybe : d in s.doc, x in s.doc? -> s.doc
  a = coalesce(x.a, d.a)
  n = x.n on missing skip
end
rules act : d in s.doc
  rule tell
    when d.b is not missing
    then send out.docs using plain
  end
  rule stop
    when d.a = "stop"
    then ignore "stopped"
  end
end
"""


def files(program: str) -> dict[str, bytes]:
    """The rule set of a generated flow."""
    return {
        "ruleset.toml": MANIFEST.encode(),
        "schemas/s.doc@v1.json": json.dumps(_DOC).encode(),
        "m.mw": (HEAD + program).encode(),
    }


class FlowGenerator:
    """Draws one flow; `named` are its values that are there, `perhaps` those that may be missing."""

    def __init__(self, seed: int) -> None:
        self.r = Random(seed)
        self.named = ["d"]
        self.perhaps: list[str] = []
        self.count = 0

    def program(self) -> str:
        """A playbook, and a flow that ends with rules or a reply."""
        r = self.r
        reactions = {
            "transport": ["retry for 6 hours then hold", "hold alert quality \"down\"", "fallback out.second, out.third"],
            "application": ["hold", "fallback out.third", "dead_letter"],
            "partner_data": ["hold", "park alert quality \"odd\""], "mapping": ["hold", "block", "park"],
        }  # fmt: skip
        lines = [f"  on {name} {r.choice(texts)}" for name, texts in reactions.items() if r.random() < 0.7]
        steps = [self.step() for _ in range(r.randint(1, 5))] + (["apply act"] if r.random() < 0.4 else [])
        tail = [*steps, f"reply using {self.use()}", 'on failure playbook "p"']
        body = "".join(f"  {line}\n" for line in ['receive in.asks as d : s.doc "v1"', *tail])
        sends = (
            "apply act" in steps
        )  # what rules send carries no answer, so nothing that answers stands in for it
        playbook = "".join(f"{line}\n" for line in lines if not (sends and "fallback" in line))
        return f'playbook "p"\n{playbook}end\nflow f\n{body}end\n'

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def use(self) -> str:
        """A map with its arguments."""
        pick = lambda: self.r.choice(self.named)  # noqa: E731
        choices = ["plain", f"plain({pick()})", f"both({pick()}, {pick()})"]
        choices += (
            [f"maybe({pick()}, {self.r.choice(self.perhaps)})"] * 2
            if self.perhaps
            else [f"maybe({pick()}, {pick()})"]
        )
        return self.r.choice(choices)

    def step(self) -> str:
        """One step, and the name it makes."""
        r, kind = self.r, self.r.choice(["enrich", "enrich", "call", "map"])
        if kind == "map":
            if r.random() < 0.4:
                return f"map with {self.use()}"
            use, name = self.use(), self.name()
            self.named.append(name)
            return f"map with {use} as {name}"
        skip = r.random() < 0.3
        action = "skip" if skip else r.choice(["reject", 'use { a: "u", n: 3 }', 'use { a: "w" } warn'])
        if kind == "enrich":
            base = r.choice([*self.named, *self.perhaps])
            key = r.choice(
                [f"one({base}.a)", f'one(coalesce({base}.b, "B"))', f"two({base}.b, coalesce({base}.n, 1))"]
            )
            wait = "wait 1 hours then " if r.random() < 0.4 and "warn" not in action else ""
            text = f"recall {key} on missing {wait}{action}"
        else:
            handled = f" on error {action}" if skip or r.random() < 0.3 else ""
            text = f"call {r.choice(['out.first', 'out.second'])} using {self.use()} as"
        name = self.name()
        (self.perhaps if skip else self.named).append(name)
        return f"enrich {name} = {text}" if kind == "enrich" else f'{text} {name} : s.doc "v1"{handled}'


class _Drawn(AllRecords):
    """Records drawn by their place, so that both evaluators find the same."""

    def __init__(self, seed: int, unknown: float) -> None:
        super().__init__()
        self.seed, self.unknown = seed, unknown

    def __contains__(self, place: object) -> bool:
        return Random(f"{self.seed} {place}").random() >= self.unknown

    def __getitem__(self, place: tuple[str, str]) -> Any:
        r = Random(f"{self.seed} {place} record")
        return r.choice([None, {"a": "A"}, {"a": "A", "b": "x", "n": 2}, {"a": "r", "b": "B"}, {"n": 1}])


class _Over:
    """Places whose time to wait is over, drawn alike."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __contains__(self, place: object) -> bool:
        return Random(f"{self.seed} {place} over").random() < 0.5

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


def context(seed: int) -> Context:
    """What one run knows."""
    r = Random(seed)
    answers: dict[str, Any] = {}
    for number in range(1, 8):
        found = r.choice(["none", "doc", "doc", "doc", "odd", "failed", "failed"])
        if found in ("doc", "odd"):
            answers[f"v{number}"] = {"a": "ans", "n": r.randint(0, 3)} if found == "doc" else {"n": "odd"}
        elif found == "failed":
            failure: Any = r.choice(["transport", "application", "partner_data"])
            answers[f"v{number}"] = Unanswered(failure, "no", r.choice(["", "", "out.second", "out.third"]))
    recalled = _Drawn(seed, r.choice([0.0, 0.0, 0.3]))
    return Context(CONTEXT.now, CONTEXT.message, recalled=recalled, expired=_Over(seed), answers=answers)


def document(seed: int) -> dict[str, Any]:
    """A document, with gaps."""
    r = Random(seed)
    found = {
        "a": r.choice(["A", "A", "bad", "stop"]),
        "b": r.choice([None, "x", "B"]),
        "n": r.choice([None, 1, 2]),
    }
    if r.random() < 0.05:
        found["a"] = None
    return {name: value for name, value in found.items() if value is not None}
