"""Generated tables and lookups for round trips: what an analyst may write, in its normal spelling."""

from hypothesis import strategies as st

from dsl.exchange.content import ColumnContent, LookupContent, Notes, RowContent, TableContent, comment_text
from dsl.literals import quote

SCALARS = ("text", "integer", "decimal", "percent", "boolean", "date", "duration")
ENUM = 'enum{low, high, "in progress"}'
letters = st.text("abcdefgxyz_", min_size=1, max_size=6)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=12)
comments = words.map(comment_text) | st.sampled_from(["=1+1", "-2+3", "@x", "'=x", "''", 'a, "b"; c'])
notes = st.builds(Notes, st.lists(comments.filter(bool), max_size=2).map(tuple), comments)


def number(digits: int) -> st.SearchStrategy[str]:
    return st.decimals(-9999, 9999, places=digits, allow_nan=False).map(
        lambda d: f"{d:f}".removeprefix("-") or "0"
    )


VALUES = {
    "text": words.filter(lambda w: not set(w) & {"*", "?"}).map(quote),
    "integer": number(0), "decimal": number(2), "percent": number(1).map(lambda n: f"{n}%"),
    "boolean": st.sampled_from(["true", "false"]), "date": st.dates().map(lambda d: d.isoformat()),
    "duration": st.builds(lambda n, u: f"{n} {u}", st.integers(0, 500), st.sampled_from(["seconds", "minutes", "hours", "days", "weeks"])),
    ENUM: st.sampled_from(["low", "high", '"in progress"']),
}  # fmt: skip
ORDERED = ("integer", "decimal", "percent", "date", "text")


def _test(of: str) -> st.SearchStrategy[str]:
    values = VALUES[of]
    kinds = [values]
    if of in ORDERED:
        kinds.append(
            st.builds(lambda sign, v: f"{sign} {v}", st.sampled_from(["<", "<=", ">", ">=", "="]), values)
        )
        kinds.append(
            st.builds(
                lambda a, b, o, c: f"{o}{a}..{b}{c}",
                values,
                values,
                st.sampled_from("[("),
                st.sampled_from("])"),
            )
        )
    if of == "text":
        kinds.append(st.builds(lambda a, b: quote(a + b), letters, st.sampled_from(["*", "?", "*x?"])))
    return st.one_of(kinds)


def condition(of: str, optional: bool) -> st.SearchStrategy[str]:
    tests = st.lists(_test(of), min_size=1, max_size=3).map(", ".join)
    kinds = [st.just("-"), tests, tests.map(lambda t: f"not({t})"), VALUES[of].map(lambda v: f"<> {v}")]
    return st.one_of([*kinds, st.just("missing")] if optional else kinds)


def value(of: str, optional: bool) -> st.SearchStrategy[str]:
    return VALUES[of] | st.just("missing") if optional else VALUES[of]


@st.composite
def _columns(draw: st.DrawFn, names: list[str]) -> list[tuple[str, str, bool]]:
    return [(name, draw(st.sampled_from([*SCALARS, ENUM])), draw(st.booleans())) for name in names]


def _typed(columns: list[tuple[str, str, bool]]) -> tuple[ColumnContent, ...]:
    return tuple(ColumnContent(name, of + ("?" if optional else "")) for name, of, optional in columns)


@st.composite
def tables(draw: st.DrawFn) -> TableContent:
    names = draw(st.lists(letters | st.just("Odd name"), min_size=2, max_size=5, unique=True))
    cut = draw(st.integers(1, len(names) - 1))
    inputs, outputs = draw(_columns(names[:cut])), draw(_columns(names[cut:]))
    policy = draw(
        st.sampled_from(["unique", "first", "any", "collect", "rule_order", "priority", "output_order"])
    )
    aggregation = (
        draw(st.sampled_from(["list", "sum", "min", "max", "count"])) if policy == "collect" else "list"
    )
    if policy in ("priority", "output_order"):
        outputs[0] = (outputs[0][0], ENUM, False)
    ids = draw(
        st.lists(
            st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}|[1-9][0-9]{0,3}", fullmatch=True),
            max_size=4,
            unique=True,
        )
    )
    rows = tuple(
        RowContent(
            id,
            tuple(draw(condition(of, optional)) for _, of, optional in inputs),
            tuple(draw(value(of, optional)) for _, of, optional in outputs),
            draw(notes),
        )
        for id in ids
    )
    otherwise = draw(st.none() | st.tuples(*(value(of, optional) for _, of, optional in outputs)))
    default = draw(notes) if otherwise is not None else Notes()
    uses = draw(st.sampled_from([(), (("canon.case", "v1"),)]))
    if uses:
        inputs[0] = (inputs[0][0], "text", False)
        rows = tuple(RowContent(r.id, ("-", *r.inputs[1:]), r.outputs, r.notes) for r in rows)
    typed = _typed(inputs)
    if uses:
        typed = (ColumnContent(typed[0].name, "severity"), *typed[1:])
    return TableContent(
        draw(letters),
        policy,
        aggregation,
        typed,
        _typed(outputs),
        rows,
        otherwise,
        uses,
        draw(notes),
        draw(notes),
        default,
        draw(notes),
    )


@st.composite
def lookups(draw: st.DrawFn) -> LookupContent:
    names = draw(st.lists(letters, min_size=2, max_size=4, unique=True))
    cut = draw(st.integers(1, len(names) - 1))
    keys, results = draw(_columns(names[:cut])), draw(_columns(names[cut:]))
    rows = tuple(
        RowContent(
            "",
            tuple(draw(VALUES[of]) for _, of, _ in keys),
            tuple(draw(value(of, o)) for _, of, o in results),
            draw(notes),
        )
        for _ in range(draw(st.integers(0, 3)))
    )
    return LookupContent(
        draw(letters), _typed(keys), _typed(results), rows, draw(st.booleans()), (), draw(notes), draw(notes)
    )
