"""One document of 70 target fields, and 20 rules on it: a flow against hand-written tuned Python.

Both get the same decoded JSON and give equal output and actions. Medians of interleaved rounds in one run; what counts is
the ratio. The rival reads, checks and writes what the map does, in one pass; it stops at the first fault, with neither
lineage nor a record of which rule fired, as such code does. Run: python benchmarks/map.py
"""

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from dsl.checker import check
from rules import engine
from rules.compiler import Compiled, compile_program
from rules.outcome import AlertAction, Context

ROUNDS = 40
CALLS = 60
TEXTS = [f"T{number:02}" for number in range(36)]
CODES = [f"C{number:02}" for number in range(8)]
NUMBERS = [f"N{number:02}" for number in range(8)]
DATES = [f"D{number:02}" for number in range(4)]
ROW_TEXTS = ["FENUM", "FECOD", "FEGRP", "TEXT"]
SEVERITIES = {"1": "critical", "2": "major", "3": "minor", "4": "low"}
MANIFEST = b'name = "bench"\nlanguage = "1"\ntime_zone = "UTC"\n'
ENDPOINT = b'[endpoints."a.b"]\ndirection = "in"\ncodec = "json"\nschema = "sap.doc@v1"\n'


def schemas() -> dict[str, bytes]:
    """A flat source of 56 fields with a list, and a nested target of 70."""
    text = {"type": "string"}
    row = {"type": "object", "properties": {**dict.fromkeys(ROW_TEXTS, text), "ANZ": {"type": "integer"}}}
    source = {
        "type": "object",
        "x-missing": ["", "00000000"],
        "properties": {
            **dict.fromkeys(TEXTS + CODES + DATES, text),
            **{name: {"type": "number"} for name in NUMBERS},
            "QMFE": {"type": "array", "items": row},
        },
    }
    out_row = {
        "type": "object",
        "properties": {"line": {"type": "integer"}, "code": text, "text": text, "count": {"type": "integer"}},
    }
    target = {
        "type": "object",
        "properties": {
            **{name.lower(): text for name in TEXTS + CODES},
            **{name.lower(): {"type": "number"} for name in NUMBERS},
            **{name.lower(): {"type": "string", "format": "date"} for name in DATES},
            "supplier": {"type": "object", "properties": {"id": text, "name": text}},
            "defects": {"type": "array", "items": out_row},
        },
    }
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
        value = [f"nc.{name}", f"trim(nc.{name})", f'"S-" & nc.{name}', f'coalesce(nc.{name}, "-")'][
            index % 4
        ]
        lines.append(f"  {name.lower()} = {value}")
    lines += [f"  {name.lower()} = lookup severities(nc.{name}) on no_match reject" for name in CODES]
    lines += [f"  {name.lower()} = nc.{name} * 2" for name in NUMBERS]
    lines += [f'  {name.lower()} = date(nc.{name}, "YYYYMMDD")' for name in DATES]
    lines += ["  supplier.id = nc.T00", "  supplier.name = upper(nc.T01)"]
    lines += [
        "  each d in nc.QMFE into defects",
        "    line = integer(d.FENUM)",
        '    code = d.FEGRP & "-" & d.FECOD',
        "    text = d.TEXT",
        "    count = d.ANZ",
        "  end",
        "end",
    ]
    return "\n".join(lines) + "\n"


def document() -> dict[str, Any]:
    """About 1.8 kB of JSON, a few fields missing."""
    found: dict[str, Any] = {
        name: f" value {index} " if index % 9 else "" for index, name in enumerate(TEXTS)
    }
    found |= {name: str(index % 4 + 1) for index, name in enumerate(CODES)}
    found |= {name: Decimal(f"{index}.25") for index, name in enumerate(NUMBERS)}
    found |= {name: f"202601{index + 10}" for index, name in enumerate(DATES)}
    found["QMFE"] = [
        {"FENUM": f"{n:04}", "FECOD": f"{n}0", "FEGRP": "DEF", "TEXT": "out of tolerance", "ANZ": n}
        for n in range(1, 4)
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
        lines += [
            "  s = SEVERITIES.get(v)",
            "  if s is None: raise ValueError(v)",
            f"  out[{name.lower()!r}] = s",
        ]
    for name in NUMBERS:
        lines += [f" v = get({name!r})", " if v is not None and v not in MISSING:"]
        lines += ["  if type(v) is not Decimal: raise ValueError(v)", f"  out[{name.lower()!r}] = v * 2"]
    for name in DATES:
        lines += [f" v = get({name!r})", " if v is not None and v not in MISSING:"]
        lines += ["  if len(v) != 8 or not v.isdigit(): raise ValueError(v)"]
        lines += [f"  out[{name.lower()!r}] = date(int(v[:4]), int(v[4:6]), int(v[6:])).isoformat()"]
    lines += [" s = {}", " v = get('T00')", " if v is not None and v not in MISSING: s['id'] = v"]
    lines += [" v = get('T01')", " if v is not None and v not in MISSING: s['name'] = v.upper()"]
    lines += [
        " if s: out['supplier'] = s",
        " rows = []",
        " for d in get('QMFE') or ():",
        "  get = d.get",
        "  o = {}",
    ]
    lines += ["  v = get('FENUM')", "  if v is not None and v not in MISSING:"]
    lines += ["   if not v.isdigit(): raise ValueError(v)", "   o['line'] = int(v)"]
    lines += ["  v = get('FEGRP'); w = get('FECOD')"]
    lines += [
        "  if v is not None and v not in MISSING and w is not None and w not in MISSING: o['code'] = v + '-' + w"
    ]
    lines += ["  v = get('TEXT')", "  if v is not None and v not in MISSING: o['text'] = v"]
    lines += ["  v = get('ANZ')", "  if v is not None and type(v) is int: o['count'] = v", "  rows.append(o)"]
    lines += [" out['defects'] = rows", " return out"]
    space: dict[str, Any] = {"MISSING": MISSING, "SEVERITIES": SEVERITIES, "Decimal": Decimal, "date": date}
    exec("\n".join(lines), space)
    return space["hand"]  # type: ignore[no-any-return]


RULES = 20


def rules() -> str:
    """Twenty rules over the event, and the flow that maps and applies them."""
    lines = ["rules r : c in canon.doc"]
    for number in range(RULES):
        code, value = f"c{number % 8:02}", list(SEVERITIES.values())[number % 4]
        count = f"c.n{number % 8:02}"
        when = f'c.{code} = "{value}" and {count} is not missing and {count} > {number // 5 * 2}'
        lines += [f"  rule r{number}", f"    when {when}"]
        lines += [f'    then alert quality "{code} of " & coalesce(c.t00, "-")', "  end"]
    lines += ["end", "flow f", '  receive a.b as nc : sap.doc "v1"', "  map with m", "  apply r", "end"]
    return "\n".join(lines) + "\n"


def unrolled_rules() -> Callable[[dict[str, Any]], list[AlertAction]]:
    """The same rules by hand; what they decide is plain data of the same kind."""
    lines = ["def hand_rules(c):", " get = c.get", " found = []"]
    for number in range(RULES):
        code, value = f"c{number % 8:02}", list(SEVERITIES.values())[number % 4]
        lines += [f" if get({code!r}) == {value!r}:", f"  v = get('n{number % 8:02}')"]
        made = f"Alert('quality', '{code} of ' + get('t00', '-'), 'r', 'r{number}')"
        lines += [f"  if v is not None and v > {number // 5 * 2}: found.append({made})"]
    space: dict[str, Any] = {"Alert": AlertAction}
    exec("\n".join([*lines, " return found"]), space)
    return space["hand_rules"]  # type: ignore[no-any-return]


def compiled() -> Compiled:
    """The rule set of the benchmark, compiled."""
    found = check(
        {**schemas(), "ruleset.toml": MANIFEST + ENDPOINT, "maps/m.mw": (program() + rules()).encode()}
    )
    assert found.ok, [d.message for d in found.diagnostics]
    return compile_program(found)


def measure(
    ways: dict[str, Callable[[], Any]], rounds: int = ROUNDS, calls: int = CALLS
) -> dict[str, tuple[float, float]]:
    """Median and best microseconds of CPU a call, rounds interleaved."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, call in ways.items():
            start = time.process_time()
            for _ in range(calls):
                call()
            times[name].append((time.process_time() - start) / calls * 1e6)
    return {name: (statistics.median(values), min(values)) for name, values in times.items()}


def main() -> None:
    """Check that outputs agree, then print the ratios."""
    rule_set, doc, hand, hand_rules = compiled(), document(), unrolled(), unrolled_rules()
    context = Context(datetime(2026, 1, 31, tzinfo=UTC))
    outcome = engine.run(rule_set, "f", doc, context)
    expected = hand(doc)
    assert outcome.event == expected, (outcome.event, expected)
    said = hand_rules(expected)
    assert said and list(outcome.actions) == said, (said, outcome.actions)
    found, flow = rule_set.map("m"), rule_set.flow("f")
    typed, faults = found.parameters[0][1](doc)
    assert not faults and flow.straight is not None
    straight, state = flow.straight, engine.Run(context, rule_set.zone, rule_set.sites, rule_set.stations)
    times = measure(
        {
            "hand-written: map": lambda: hand(doc),
            "  generated: map of a read document": lambda: found.function(state, typed),
            "  generated: read and map, fused": lambda: straight(state, doc),
            "hand-written: map and 20 rules": lambda: hand_rules(hand(doc)),
            "  a whole flow, everything on": lambda: engine.run(rule_set, "f", doc, context),
        }
    )
    print(
        f"70-field map, {len(json.dumps(doc, default=str))} bytes, {RULES} rules, median of {ROUNDS} rounds"
    )
    base, fastest = 1.0, 1.0
    for name, (micros, best) in times.items():
        if name.startswith("hand"):
            base, fastest = micros, best
        ratios = f"{micros / base:6.2f} x hand-written (best rounds {best / fastest:6.2f} x)"
        print(f"  {name:38} {micros:9.1f} us   {ratios}")


if __name__ == "__main__":
    main()
