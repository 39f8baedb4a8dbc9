"""One document of 70 target fields: the generated map, hand-written tuned Python, jmespath.py.

All three get the same decoded JSON and give equal output. Medians of interleaved rounds in one run;
what counts is the ratio. Run: python benchmarks/map.py
"""

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import jmespath

from dsl.checker import check
from rules import engine
from rules.compiler import Compiled, compile_program
from rules.outcome import Context

ROUNDS = 40
CALLS = 60
TEXTS = [f"T{number:02}" for number in range(36)]
CODES = [f"C{number:02}" for number in range(8)]
NUMBERS = [f"N{number:02}" for number in range(8)]
DATES = [f"D{number:02}" for number in range(4)]
ROW_TEXTS = ["FENUM", "FECOD", "FEGRP", "TEXT"]
SEVERITIES = {"1": "critical", "2": "major", "3": "minor", "4": "low"}
MANIFEST = b'name = "bench"\nlanguage = "1"\ntime_zone = "UTC"\n'


def schemas() -> dict[str, bytes]:
    """A flat source of 56 fields with a list, and a nested target of 70."""
    text = {"type": "string"}
    row = {"type": "object", "properties": {**dict.fromkeys(ROW_TEXTS, text), "ANZ": {"type": "integer"}}}
    source = {
        "type": "object", "x-missing": ["", "00000000"],
        "properties": {
            **dict.fromkeys(TEXTS + CODES + DATES, text), **{name: {"type": "number"} for name in NUMBERS},
            "QMFE": {"type": "array", "items": row},
        },
    }  # fmt: skip
    out_row = {
        "type": "object",
        "properties": {"line": {"type": "integer"}, "code": text, "text": text, "count": {"type": "integer"}},
    }
    target = {
        "type": "object",
        "properties": {
            **{name.lower(): text for name in TEXTS + CODES}, **{name.lower(): {"type": "number"} for name in NUMBERS},
            **{name.lower(): {"type": "string", "format": "date"} for name in DATES},
            "supplier": {"type": "object", "properties": {"id": text, "name": text}},
            "defects": {"type": "array", "items": out_row},
        },
    }  # fmt: skip
    return {
        "ruleset.toml": MANIFEST,
        "schemas/sap.doc@v1.json": json.dumps(source).encode(),
        "schemas/canon.doc@v1.json": json.dumps(target).encode(),
    }


def program() -> str:
    """The map: plain fields, trims, joins, lookups, sums, dates and one list of three rows."""
    lines = ['use schema sap.doc "v1"', 'use schema canon.doc "v1"', "lookup severities : text -> text"]
    lines += [f'  | "{key}" => "{value}" |' for key, value in SEVERITIES.items()]
    lines += ["end", "map m : nc in sap.doc -> canon.doc", "  on missing skip", "  on error reject"]
    for index, name in enumerate(TEXTS):
        value = [f"nc.{name}", f"trim(nc.{name})", f'"S-" & nc.{name}', f'coalesce(nc.{name}, "-")'][index % 4]
        lines.append(f"  {name.lower()} = {value}")
    lines += [f"  {name.lower()} = lookup severities(nc.{name}) on no_match reject" for name in CODES]
    lines += [f"  {name.lower()} = nc.{name} * 2" for name in NUMBERS]
    lines += [f'  {name.lower()} = date(nc.{name}, "YYYYMMDD")' for name in DATES]
    lines += ["  supplier.id = nc.T00", "  supplier.name = upper(nc.T01)"]
    lines += [
        "  each d in nc.QMFE into defects", "    line = integer(d.FENUM)", '    code = d.FEGRP & "-" & d.FECOD',
        "    text = d.TEXT", "    count = d.ANZ", "  end", "end",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def document() -> dict[str, Any]:
    """About 1.8 kB of JSON, a few fields missing."""
    found: dict[str, Any] = {name: f" value {index} " if index % 9 else "" for index, name in enumerate(TEXTS)}
    found |= {name: str(index % 4 + 1) for index, name in enumerate(CODES)}
    found |= {name: Decimal(f"{index}.25") for index, name in enumerate(NUMBERS)}
    found |= {name: f"202601{index + 10}" for index, name in enumerate(DATES)}
    found["QMFE"] = [
        {"FENUM": f"{n:04}", "FECOD": f"{n}0", "FEGRP": "DEF", "TEXT": "out of tolerance", "ANZ": n} for n in range(1, 4)
    ]
    return found


MISSING = frozenset(["", "00000000"])


def unrolled() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a careful programmer writes by hand, tuned: no loops over names, one pass, checks included."""
    lines = ["def hand(nc):", " get = nc.get", " out = {}"]
    for index, name in enumerate(TEXTS):
        key = name.lower()
        made = ["v", "v.strip()", '"S-" + v', "v"][index % 4]
        lines += [f" v = get({name!r})", " if v is not None and v not in MISSING:"]
        lines += ["  if type(v) is not str: raise ValueError(v)", f"  out[{key!r}] = {made}"]
        if index % 4 == 3:
            lines += [f" else: out[{key!r}] = '-'"]
    for name in CODES:
        lines += [f" v = get({name!r})", " if v is not None and v not in MISSING:"]
        lines += ["  if type(v) is not str: raise ValueError(v)"]
        lines += ["  s = SEVERITIES.get(v)", "  if s is None: raise ValueError(v)", f"  out[{name.lower()!r}] = s"]
    for name in NUMBERS:
        lines += [f" v = get({name!r})", " if v is not None and v not in MISSING:"]
        lines += ["  if type(v) is not Decimal: raise ValueError(v)", f"  out[{name.lower()!r}] = v * 2"]
    for name in DATES:
        lines += [f" v = get({name!r})", " if v is not None and v not in MISSING:"]
        lines += ["  if len(v) != 8 or not v.isdigit(): raise ValueError(v)"]
        lines += [f"  out[{name.lower()!r}] = date(int(v[:4]), int(v[4:6]), int(v[6:])).isoformat()"]
    lines += [" s = {}", " v = get('T00')", " if v is not None and v not in MISSING: s['id'] = v"]
    lines += [" v = get('T01')", " if v is not None and v not in MISSING: s['name'] = v.upper()"]
    lines += [" if s: out['supplier'] = s", " rows = []", " for d in get('QMFE') or ():", "  get = d.get", "  o = {}"]
    lines += ["  v = get('FENUM')", "  if v is not None and v not in MISSING:"]
    lines += ["   if not v.isdigit(): raise ValueError(v)", "   o['line'] = int(v)"]
    lines += ["  v = get('FEGRP'); w = get('FECOD')"]
    lines += ["  if v is not None and v not in MISSING and w is not None and w not in MISSING: o['code'] = v + '-' + w"]
    lines += ["  v = get('TEXT')", "  if v is not None and v not in MISSING: o['text'] = v"]
    lines += ["  v = get('ANZ')", "  if v is not None and type(v) is int: o['count'] = v", "  rows.append(o)"]
    lines += [" out['defects'] = rows", " return out"]
    space: dict[str, Any] = {"MISSING": MISSING, "SEVERITIES": SEVERITIES, "Decimal": Decimal, "date": date}
    exec("\n".join(lines), space)
    return space["hand"]  # type: ignore[no-any-return]


def jmespath_query() -> Any:
    """The part of the map that JMESPath can say at all: names, joins, defaults and the list."""
    parts = []
    for index, name in enumerate(TEXTS):
        value = [name, name, f"join('', ['S-', {name}])", f"{name} || '-'"][index % 4]
        parts.append(f"{name.lower()}: {value}")
    parts += [f"{name.lower()}: {name}" for name in CODES + NUMBERS + DATES]
    parts += ["supplier: {id: T00, name: T01}"]
    parts += ["defects: QMFE[*].{line: to_number(FENUM), code: join('-', [FEGRP, FECOD]), text: TEXT, count: ANZ}"]
    return jmespath.compile("{" + ", ".join(parts) + "}")


def compiled() -> Compiled:
    """The rule set of the benchmark, compiled."""
    found = check({**schemas(), "maps/m.mw": program().encode()})
    assert found.ok, [d.message for d in found.diagnostics]
    return compile_program(found)


def measure(ways: dict[str, Callable[[], Any]]) -> dict[str, tuple[float, float]]:
    """Median and best microseconds a call, rounds interleaved."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                call()
            times[name].append((time.perf_counter() - start) / CALLS * 1e6)
    return {name: (statistics.median(values), min(values)) for name, values in times.items()}


def main() -> None:
    """Check that outputs agree, then print the ratios."""
    rule_set, doc, hand = compiled(), document(), unrolled()
    context = Context(datetime(2026, 1, 31, tzinfo=UTC))
    found = rule_set.map("m")
    expected = hand(doc)
    event = engine.run_map(rule_set, "m", {"nc": doc}, context).event
    assert event == expected, (event, expected)
    typed, faults = found.parameters[0][1](doc)
    assert not faults
    state = engine.Run(context, rule_set.zone, rule_set.sites, rule_set.stations)
    query = jmespath_query()
    plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in doc.items()}
    plain = {name: "x" if value == "" else value for name, value in plain.items()}
    times = measure(
        {
            "hand-written, tuned": lambda: hand(doc),
            "generated reader alone": lambda: found.parameters[0][1](doc),
            "generated function alone": lambda: found.function(state, typed),
            "read, map, write, outcome": lambda: engine.run_map(rule_set, "m", {"nc": doc}, context),
            "jmespath.py (names and joins only)": lambda: query.search(plain),
        }
    )
    base, fastest = times["hand-written, tuned"]
    print(f"70-field map, {len(json.dumps(doc, default=str))} bytes, median of {ROUNDS} rounds")
    for name, (micros, best) in times.items():
        ratios = f"{micros / base:6.2f} x hand-written (best rounds {best / fastest:6.2f} x)"
        print(f"  {name:38} {micros:9.1f} us   {ratios}")


if __name__ == "__main__":
    main()
