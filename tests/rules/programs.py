"""Generated programs and payloads: well-typed text over one small schema, drawn from a seed.

The generators follow the grammar by type: `text(d)` gives an expression of type text at most d deep.
Values are drawn from few, so that equal keys, missing values and failures of every kind are common.
"""

from collections.abc import Callable
from random import Random

FIELDS = {
    "t1": "text", "t2": "text", "t3": "text", "i1": "integer", "i2": "integer", "n1": "decimal", "n2": "decimal",
    "b1": "boolean", "b2": "boolean", "d1": "date", "e1": "colour", "q1": "quantity", "rec.t": "text",
    "rec.n": "decimal", "ts": "texts",
}  # fmt: skip
ROW_FIELDS = {"t": "text", "u": "text", "i": "integer", "n": "decimal"}
USES = {
    "text": '"u"', "integer": "7", "decimal": "0.5", "boolean": "false", "date": "2026-02-01", "colour": "blue",
    "quantity": "1 EA", "texts": '["u"]',
}  # fmt: skip


class Generator:
    """Draws one program."""

    def __init__(self, seed: int) -> None:
        self.r = Random(seed)
        self.lets: dict[str, str] = {}
        self.rows: list[tuple[str, str]] = []
        self.count = 0

    def pick(self, *choices: Callable[[], str]) -> str:
        """One of the alternatives."""
        return self.r.choice(choices)()

    def fresh(self, prefix: str) -> str:
        """A new name."""
        self.count += 1
        return f"{prefix}{self.count}"

    def a(self, kind: str, d: int) -> str:
        """An expression of a kind, at most d deep."""
        names = [name for name, of in self.lets.items() if of == kind]
        if names and self.r.random() < 0.25:
            return self.r.choice(names)
        return str(getattr(self, kind)(d))

    # ------------------------------------------------------------ expressions

    def text(self, d: int) -> str:
        plain = [
            lambda: self.r.choice(['"a"', '"12"', '""', '"x-1"', '"B"']),
            lambda: self.r.choice(["doc.a", "doc.b", "doc.c", "doc.r.p"]),
            lambda: self.row_path("text") or "doc.b",
        ]
        if d <= 0:
            return self.pick(*plain)
        t, b, i = (
            (lambda: self.a("text", d - 1)),
            (lambda: self.a("boolean", d - 1)),
            (lambda: self.a("integer", d - 1)),
        )
        return self.pick(
            *plain,
            *plain,
            lambda: f"({t()} & {t()})",
            lambda: f"upper({t()})",
            lambda: f"trim({t()})",
            lambda: f"left({t()}, {i()})",
            lambda: f"strip_zeros({t()})",
            lambda: f"coalesce({t()}, {t()})",
            lambda: f"if_else({b()}, {t()}, {t()})",
            lambda: f"lookup codes({t()})",
            lambda: f"lookup pairs({t()}, {i()}).name",
            lambda: f"reverse lookup codes({t()})",
            lambda: f"reverse lookup pairs({t()}, {i()}).k",
            lambda: f"lookup dated({t()}{self.day(d)})",
            lambda: f"table choice({t()}, {i()}).o",
            lambda: f"coded({t()}, {i()})",
            lambda: f"kept({t()})",
            lambda: f"shade({self.a('colour', d - 1)})",
            lambda: f'join({self.a("texts", d - 1)}, "+")',
            lambda: f"{self.r.choice(['one', 'first', 'last'])}({self.comprehension('text', d - 1)})",
        )

    def day(self, d: int) -> str:
        """The day of a look-up, or nothing."""
        return f", at: {self.a('date', d - 1)}" if self.r.random() < 0.6 else ""

    def integer(self, d: int) -> str:
        plain = [
            lambda: self.r.choice(["0", "1", "3", "12"]),
            lambda: self.r.choice(["doc.m", "doc.i"]),
            lambda: self.row_path("integer") or "doc.i",
        ]
        if d <= 0:
            return self.pick(*plain)
        i, t = (lambda: self.a("integer", d - 1)), (lambda: self.a("text", d - 1))
        return self.pick(
            *plain,
            *plain,
            lambda: f"({i()} {self.r.choice('+-*')} {i()})",
            lambda: f"(-{i()})",
            lambda: f"length({t()})",
            lambda: f"ranked(j: {i()}, t: {t()})",
            lambda: f"integer({t()})",
            lambda: f"coalesce({i()}, {i()})",
            lambda: f"table choice({t()}, {i()}).p",
            lambda: f"count({self.r.choice(['doc.items', 'doc.tags', 'doc.items.sub', 'doc.items.w'])})",
            lambda: f"sum({self.comprehension('integer', d - 1)})",
            lambda: f"max({self.comprehension('integer', d - 1)})",
        )

    def decimal(self, d: int) -> str:
        plain = [lambda: self.r.choice(["0.0", "1.5", "33.30"]), lambda: self.r.choice(["doc.n", "doc.r.u"])]
        if d <= 0:
            return self.pick(*plain)
        n, i = (lambda: self.a("decimal", d - 1)), (lambda: self.a("integer", d - 1))
        return self.pick(
            *plain,
            lambda: f"({n()} {self.r.choice('+-*/')} {n()})",
            lambda: f"({i()} / {i()})",
            lambda: f"decimal({self.a('text', d - 1)})",
            lambda: f"round({n()}, 1)",
            lambda: f"coalesce({n()}, {n()})",
            lambda: f"{self.a('quantity', d - 1)}.value",
        )

    def boolean(self, d: int) -> str:
        plain = [
            lambda: self.r.choice(["true", "doc.f", "doc.g"]),
            lambda: f"doc.{self.r.choice(['b', 'i', 'r', 'h'])} is {self.r.choice(['', 'not '])}missing",
        ]
        if d <= 0:
            return self.pick(*plain)
        b = lambda: self.a("boolean", d - 1)  # noqa: E731
        compare = lambda: self.r.choice(["=", "<>", "<", "<=", ">", ">="])  # noqa: E731
        return self.pick(
            *plain,
            lambda: f"({b()} and {b()})",
            lambda: f"({b()} or {b()})",
            lambda: f"(not {b()})",
            lambda: f"({self.a('text', d - 1)} {compare()} {self.a('text', d - 1)})",
            lambda: f"({self.a('integer', d - 1)} {compare()} {self.a('decimal', d - 1)})",
            lambda: f"({self.a('colour', d - 1)} {self.r.choice(['=', '<>'])} green)",
            lambda: f"({self.a('date', d - 1)} {compare()} {self.a('date', d - 1)})",
            lambda: f"({self.a('quantity', d - 1)} {compare()} {self.a('quantity', d - 1)})",
            lambda: f'({self.a("text", d - 1)} {self.r.choice(["in", "not in"])} ["a", "12"])',
            lambda: f"({self.a('text', d - 1)} is {self.r.choice(['', 'not '])}blank)",
            lambda: f"{self.r.choice(['any', 'all'])}({self.comprehension('boolean', d - 1)})",
        )

    def date(self, d: int) -> str:
        plain = [lambda: "2026-01-31", lambda: "doc.d"]
        if d <= 0:
            return self.pick(*plain)
        return self.pick(
            *plain,
            lambda: f'date({self.a("text", d - 1)}, "YYYYMMDD")',
            lambda: f"coalesce({self.a('date', d - 1)}, 2026-03-01)",
            lambda: f"({self.a('date', d - 1)} + 2 days)",
        )

    def colour(self, d: int) -> str:
        plain = [lambda: "doc.e", lambda: "doc.h"]
        return (
            self.pick(*plain)
            if d <= 0
            else self.pick(*plain, lambda: f"coalesce({self.a('colour', d - 1)}, doc.e)")
        )

    def quantity(self, d: int) -> str:
        plain = [lambda: "doc.q", lambda: "5 EA", lambda: "2 EA"]
        if d <= 0:
            return self.pick(*plain)
        return self.pick(
            *plain,
            lambda: (
                f"quantity({self.a('decimal', d - 1)}, {self.r.choice(['doc.a', chr(34) + 'EA' + chr(34)])})"
            ),
            lambda: f"(doc.q {self.r.choice('+-')} {self.a('quantity', d - 1)})",
            lambda: (
                f"convert({self.a('quantity', d - 1)}, {self.r.choice(['doc.a', 'EA', 'EA'])}, factor: {self.a('decimal', d - 1)})"
            ),
            lambda: f"({self.a('quantity', d - 1)} * {self.a('integer', d - 1)})",
        )

    def texts(self, d: int) -> str:
        plain = [lambda: "doc.tags", lambda: "doc.items.k", lambda: "doc.items.w", lambda: "doc.items.sub.z"]
        if d <= 0:
            return self.pick(*plain)
        return self.pick(
            *plain,
            lambda: f"[{self.a('text', d - 1)}, {self.a('text', d - 1)}]",
            lambda: f"distinct({self.comprehension('text', d - 1)})",
            lambda: (
                f"tree(doc.items, id: k, parent: {self.r.choice(['w', 'k'])}).{self.r.choice(['k', 'children.k'])}"
            ),
            lambda: (
                f"compare(doc.items, [{{ k: {self.a('text', d - 1)}, v: {self.a('integer', d - 1)} }}], "
                f"key: k, fields: [v]).{self.r.choice(['added.k', 'removed.k', 'changed.key', 'changed.fields.old'])}"
            ),
            lambda: f'split({self.a("text", d - 1)}, "-")',
        )

    def row_path(self, kind: str) -> str:
        """A field of a row that is in sight, or nothing."""
        known = {"item": {"text": ["k", "w"], "integer": ["v"]}, "sub": {"text": ["z"]}}
        found = [f"{name}.{field}" for name, of in self.rows for field in known.get(of, {}).get(kind, [])]
        return self.r.choice(found) if found else ""

    def comprehension(self, kind: str, d: int) -> str:
        """What stands inside `f( )`."""
        name = self.fresh("c")
        self.rows.append((name, "item"))
        element = self.a(kind, d)
        where = f" where {self.a('boolean', d)}" if self.r.random() < 0.4 else ""
        joined = f" where {name}.k = {self.outer_text(d)}" if not where and self.r.random() < 0.4 else ""
        order = f" order by {self.r.choice([f'{name}.k', f'{name}.v'])}" if self.r.random() < 0.3 else ""
        descending = " descending" if order and self.r.random() < 0.5 else ""
        self.rows.pop()
        return f"{element} for {name} in doc.items{where}{joined}{order}{descending}"

    def outer_text(self, d: int) -> str:
        """A text that does not read the innermost row."""
        inner = self.rows.pop()
        found = self.a("text", d)
        self.rows.append(inner)
        return found

    # ------------------------------------------------------------ statements

    def handlers(self, kind: str, in_row: bool) -> str:
        """Some handlers for a field."""
        found = []
        for failure in ("missing", "error", "no_match", "many"):
            if self.r.random() < 0.35:
                actions = ["skip", "reject", f"use {USES[kind]}"] + (
                    ["skip row", "reject row"] if in_row else []
                )
                warn = " warn" if self.r.random() < 0.3 else ""
                found.append(f" on {failure} {self.r.choice(actions)}{warn}")
        return "".join(found)

    def field(self, name: str, kind: str, in_row: bool) -> str:
        """A field statement."""
        return f"{name} = {self.a(kind, self.r.randint(0, 3))}{self.handlers(kind, in_row)}"

    def let(self, in_row: bool) -> str:
        """A let statement."""
        name, kind = self.fresh("w"), self.r.choice(["text", "integer", "decimal", "boolean"])
        line = f"let {name} = {self.a(kind, self.r.randint(0, 3))}{self.handlers(kind, in_row)}"
        self.lets[name] = kind
        return line

    def each(self, target: str, depth: int) -> list[str]:
        """An each statement with its body."""
        name = self.fresh("e")
        outer = [row for row, of in self.rows if of == "item"]
        inner_source = bool(outer) and self.r.random() < 0.7
        source, kind = (f"{outer[-1]}.sub", "sub") if inner_source else (self.items(), "item")
        self.rows.append((name, kind))
        key = f"{name}.{'z' if kind == 'sub' else 'k'}"
        line = f"each {name} in {source}"
        if self.r.random() < 0.4:
            line += f" where {self.a('boolean', 1)}"
        grouped = self.r.random() < 0.25
        if grouped:
            line += f" group by g = {key}"
        elif self.r.random() < 0.4:
            line += f" order by {self.r.choice([key, self.a('integer', 1)])}" + self.r.choice(
                ["", " descending"]
            )
        if grouped:
            self.rows[-1] = (name, "group")
        saved = dict(self.lets)
        fields = ROW_FIELDS if depth == 1 else {"t": "text", "i": "integer"}
        body = self.group_body(name, kind) if grouped else self.body(fields, depth)
        if not grouped and depth == 1 and self.r.random() < 0.4:
            body += self.each("l", 2)
        self.lets = saved
        self.rows.pop()
        return [f"{line} into {target}", *(f"  {part}" for part in body), "end"]

    def items(self) -> str:
        """A list of items, as it came or passed on by a function."""
        passed = [
            "distinct(doc.items)", "tree(doc.items, id: k, parent: w)", "slice(doc.items, 1, 2)",
            'compare(doc.items, [{ k: "a" }], key: k, fields: [k]).removed', "tree(doc.items, id: k, parent: w).children",
        ]  # fmt: skip
        return self.r.choice(passed) if self.r.random() < 0.25 else "doc.items"

    def group_body(self, name: str, kind: str) -> list[str]:
        """Fields of a group."""
        inner = "z" if kind == "sub" else "k"
        return [
            f"t = {name}.key.g on missing skip",
            f'i = count(x for x in {name}.items where x.{inner} <> "a")',
        ]

    def body(self, fields: dict[str, str], depth: int) -> list[str]:
        """Statements that set some of the fields."""
        lines: list[str] = []
        for name, kind in fields.items():
            draw = self.r.random()
            if draw < 0.15:
                lines.append(self.let(depth > 0))
            if draw < 0.45:
                lines.append(self.field(name, kind, depth > 0))
            elif draw < 0.6:
                lines += self.branches(name, kind, depth > 0)
        if depth > 0 and self.r.random() < 0.3 and self.rows[-1][1] == "item":
            lines.append(
                f'check {self.rows[-1][0]}.k <> "B" else {self.r.choice(["reject row", "reject", "warn"])} "B is out"'
            )
        return lines

    def branches(self, name: str, kind: str, in_row: bool) -> list[str]:
        """An if with a field in some of its branches."""
        lines = [f"if {self.a('boolean', 2)}", f"  {self.field(name, kind, in_row)}"]
        if self.r.random() < 0.4:
            lines += [f"else if {self.a('boolean', 1)}", f"  {self.field(name, kind, in_row)}"]
        if self.r.random() < 0.5:
            lines += ["else", f"  {self.field(name, kind, in_row)}"]
        return [*lines, "end"]

    # ------------------------------------------------------------ declarations

    def program(self) -> str:
        """Lookups, a table, a map, rules and a flow."""
        lines = [
            "lookup codes : text -> text two_way", '  | "a" => "A1" |', '  | "12" => "B2" |', '  | "X" => "x" |', "end",
            "lookup pairs : k: text, j: integer -> name: text, rank: integer two_way",
            '  | "a" | 1 => "one" | 1 |', '  | "12" | 3 => "three" | 3 |', "end",
        ]  # fmt: skip
        lines += [
            "lookup dated : text -> o: text, valid_from: date?, valid_to: date?",
            '  | "a" => "old" | missing | 2025-12-31 |',
            '  | "a" => "new" | 2026-01-01 | missing |',
            '  | "12" => "short" | 2026-01-31 | 2026-02-01 |',
            "end",
        ]
        lines += self.table()
        lines += [
            "type tint = enum { red, green, blue }",
            'function shade(c: tint) : text = if_else(c = red, "r", "x")',
            "function kept(t: text?) : text? = if_else(t is missing, missing, t)",
            "function coded(t: text, j: integer) : text = lookup codes(t) & left(t, j)",
            "function ranked(t: text, j: integer) : integer = coalesce(table choice(t, j).p, 0) + length(coded(t, 1))",
            "map m : doc in s.doc -> t.out",
        ]
        for failure in ("missing", "error", "no_match", "many"):
            lines.append(f"  on {failure} {self.r.choice(['reject', 'skip', 'skip', 'skip', 'skip'])}")
        body = self.body(FIELDS, 0)
        for target in ("l1", "l2"):
            if self.r.random() < 0.6:
                body += self.each(target, 1)
        if self.r.random() < 0.3:
            body.append(
                f'check {self.a("boolean", 2)} else {self.r.choice(["reject", "warn"])} "does not hold"'
            )
        lines += [f"  {line}" for line in body] + ["end", *self.rules()]
        return "\n".join(lines) + "\n"

    def table(self) -> list[str]:
        """A decision table of a random policy that gives one row."""
        cells = {
            "c": [
                '"a"',
                '"a", "12"',
                "-",
                "-",
                "missing",
                'not("a")',
                '"x*"',
                'not(missing, "B")',
                "? n > 2",
            ],
            "n": ["1", "-", "-", "< 3", ">= 3", "[1..12)", "(0..3]", "not(3)", "1, 3"],
        }
        lines = ["table choice policy first", "  | row | c: text? | n: integer => o: text | p: integer |"]
        for number in range(self.r.randint(1, 9)):
            left, right = self.r.choice(cells["c"]), self.r.choice(cells["n"])
            lines.append(f'  | r{number} | {left} | {right} => "o{number}" | {number} |')
        if self.r.random() < 0.5:
            lines.append('  otherwise => "none" | 0')
        else:
            lines.append('  | last | - | ? n > 5 => "last" | 5 |')
        return [*lines, "end"]

    def rules(self) -> list[str]:
        """Rules over the output, and the flow that runs all."""
        conditions = [
            "n.t1 is not missing", 'coalesce(n.t1, "") = "a"', "coalesce(n.i1, 0) > 2", "count(n.l1) > 1",
            "n.b1 is missing or coalesce(n.n1, 1.0) > 0.5", "true",
        ]  # fmt: skip
        actions = [
            "send out.docs using again", "send out.docs using again key coalesce(n.t1, \"k\")",
            'alert quality "seen " & coalesce(n.t2, "-")', "set amount = coalesce(n.t2, \"none\")", 'ignore "no need"',
            'hold for review "look"', 'reject "no " & coalesce(n.t1, "t1")',
            'each l in n.l1 send out.docs using again key coalesce(l.i, 0)', "raise many.docs using again", *self.lasting(),
        ]  # fmt: skip
        weights = [4, 3, 3, 3, 1, 1, 1, 3] + [2] * (len(actions) - 8)
        lines = [
            'dataset docs : t: text, e: text -> t.out "v1"', 'dataset rows : t: text -> t.out "v1"', *MANY,
            "map again : n in t.out -> t.out", self.r.choice(["  t1 = n.t1 on missing skip", "  copy n.* except i1, l1"]),
            "  i1 = n.i1 on missing use 0 warn",
            "  each l in n.l1 into l1", "    t = l.t on missing skip row", "  end", "end",
            "rules decide : n in t.out" + self.r.choice(["", " first"]),
        ]  # fmt: skip
        for number in range(self.r.randint(1, 4)):
            chosen = self.r.choices(actions, weights, k=self.r.choice([1, 1, 2, 3]))
            lines += [
                f"  rule r{number}",
                f"    when {self.r.choice(conditions)}",
                *(f"    then {a}" for a in chosen),
                f'    because "reason {number}"',
                "  end",
            ]
        return [*lines, "end", *self.flow()]

    def flow(self) -> list[str]:
        """The flow that runs all; some ask for records and answers first, some reply."""
        r = self.r
        asks, replies = r.random() < 0.4, r.random() < 0.3
        lines = [f'  receive {"in.asks" if replies else "in.docs"} as doc : s.doc "v1"', '  owner "tests"']
        lines += ["  identify by doc.a", "  order by doc.m", "  keys a = doc.a, b = doc.b, c = upper(doc.c)"]
        if asks:
            missing = r.choice(
                ["skip", 'use { t1: "used", i1: 7 } warn', "wait 1 hours", "wait 2 days then skip"]
            )
            failing = r.choice(["skip", "use { i1: 3 }", "reject"])
            lines += [
                f'  enrich known = recall docs(doc.a, coalesce(doc.b, "x")) on missing {missing}',
                f'  call out.asks using m as got : t.out "v1" on error {failing}',
                "  map with merged(doc, known, got)",
            ]
        else:
            lines.append("  map with m")
        lines.append("  apply decide")
        return [*MERGED, "flow f", *lines, *(["  reply using again"] if replies else []), "end"]

    def lasting(self) -> list[str]:
        """Actions that last: deadlines, collections, reference state."""
        r, key = self.r, 'coalesce(n.t1, "none")'
        where = r.choice(
            [f"event.a = {key}", f"{key} = lower(event.a) and event.m = coalesce(n.i1, 3)", "event.e = red"]
        )
        within = r.choice(
            [
                "15 minutes",
                "2 business_days",
                "1 weeks",
                "3 days",
                "if_else(n.b1 is missing, 1 hours, 2 days)",
            ]
        )
        late = r.choice([
            'alert quality "late " & coalesce(n.t2, "-")', "send out.docs using again key coalesce(n.i1, 0)",
            "raise late.docs using again", "raise late.docs",
        ])  # fmt: skip
        made = r.choice([
            "send out.docs using many", f"send out.docs using many(items) to {key}", "raise many.docs using many",
            'alert quality text(count(items)) & join(i.t1 for i in items where i.t1 is not missing)',
        ])  # fmt: skip
        by = r.choice([key, f"({key}, coalesce(n.n1, 1.50))", "coalesce(n.b2, false)"])
        return [
            f"expect in.docs where {where} within {within} else {late}",
            f"each l in n.l1 expect in.docs where event.a = coalesce(l.t, {key}) within 1 hours else {late}",
            f"collect by {by} for {r.choice(['15 minutes', '2 hours'])}{r.choice(['', ' at most 5'])} then {made}",
            f'remember docs key ({key}, coalesce(n.t2, "x")) = n',
            f"remember rows key {key} = {{ t1: n.t1, i1: n.i1, rec: {{ t: {key}, n: n.n1 }}, l1: n.l1 }}",
            f"each l in n.l1 forget rows key coalesce(l.t, {key})",
            f"forget rows key {key}",
        ]


MERGED = [
    "map merged : doc in s.doc, known in t.out?, got in t.out? -> t.out", "  on missing skip", "  on error skip",
    "  t1 = coalesce(known.t1, doc.b)", "  t2 = got.t1", "  i1 = coalesce(known.i1, got.i1, doc.m)",
    "  rec.t = coalesce(got.rec.t, known.rec.t)", "  each l in got.l1 into l1", "    t = l.t", "    i = position(l)", "  end", "end",
]  # fmt: skip
MANY = [
    "map many : items in list of t.out -> t.out", "  on missing skip", "  on error skip",
    "  t1 = first(i.t1 for i in items where i.t1 is not missing) on missing reject", "  i1 = count(items)",
    "  n1 = sum(coalesce(i.n1, 0.5) for i in items)", "  each i in items into l1", "    t = i.t2", "    i = position(i)",
    "  end", "end",
]  # fmt: skip
