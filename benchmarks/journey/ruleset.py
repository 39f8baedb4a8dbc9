"""What is sent: a document of 48 texts and three rows, twenty rules about it, and one map to the target.

The same in the language, as JavaScript for a function node, and as JSONata.
"""

import json
from typing import Any

from peers import TEXTS, document, jsonata_text, said

RULES = 20
LOTS = 50
REJECTED = "scrapped"
_TEXT = {"type": "string"}


def message(name: str, number: int) -> dict[str, Any]:
    """One document; T00 tells it from all others, T01 is its lot."""
    return {**document(), "T00": f"{name}-{number}", "T01": f"lot {number % LOTS}"}


def expected(sent: dict[str, Any]) -> dict[str, Any]:
    """What has to arrive at the target."""
    made: dict[str, Any] = {}
    for index, name in enumerate(TEXTS):
        value = sent.get(name)
        if index % 4 == 3:
            made[name.lower()] = value if value is not None else "-"
        elif value is not None:
            made[name.lower()] = f"S-{value}" if index % 4 == 2 else value
    made["supplier"] = {"id": sent["T00"], "name": sent["T01"]}
    rows = sent["QMFE"]
    made["defects"] = [
        {"line": r["FENUM"], "code": f"{r['FEGRP']}-{r['FECOD']}", "text": r["TEXT"]} for r in rows
    ]
    return made


def files() -> dict[str, bytes]:
    """The rule set: a flow that delivers, and one that replies."""
    row = {
        "type": "object",
        "properties": {"FENUM": {"type": "integer"}, **dict.fromkeys(["FECOD", "FEGRP", "TEXT"], _TEXT)},
    }
    rows = {"QMFE": {"type": "array", "items": row}}
    out_row = {"type": "object", "properties": {"line": {"type": "integer"}, "code": _TEXT, "text": _TEXT}}
    nested = {"type": "object", "properties": {"id": _TEXT, "name": _TEXT}}
    made = {"supplier": nested, "defects": {"type": "array", "items": out_row}}
    target = {**{n.lower(): _TEXT for n in TEXTS}, **made}
    return {
        "ruleset.toml": _manifest().encode(),
        "schemas/sap.doc@v1.json": _schema({**dict.fromkeys(TEXTS, _TEXT), **rows}),
        "schemas/erp.doc@v1.json": _schema(target),
        "maps/m.mw": _program().encode(),
    }


def _schema(properties: dict[str, Any]) -> bytes:
    return json.dumps({"type": "object", "properties": properties}).encode()


def _manifest() -> str:
    lines = ['name = "journey"', 'language = "1"', 'time_zone = "UTC"', 'owner = "benchmarks"']
    for name, way, schema in (
        ("sap.notice", "in", "sap.doc"),
        ("sap.question", "in", "sap.doc"),
        ("erp.booking", "out", "erp.doc"),
    ):
        lines += [
            f'[endpoints."{name}"]',
            f'direction = "{way}"',
            'codec = "json"',
            f'schema = "{schema}@v1"',
        ]
        if name == "sap.question":
            lines.append('answer = "erp.doc@v1"')
    return "\n".join([*lines, "idempotent = true"])


def _program() -> str:
    lines = [
        'use schema sap.doc "v1"',
        'use schema erp.doc "v1"',
        "map to_erp : nc in sap.doc -> erp.doc",
        "  on missing skip",
    ]
    lines += [
        f"  {name} = {value}"
        for name, value in said("nc.NAME", '"S-" & nc.NAME', 'coalesce(nc.NAME, "-")').items()
    ]
    lines += [
        "  supplier.id = nc.T00",
        "  supplier.name = nc.T01",
        "  each d in nc.QMFE into defects",
        "    line = d.FENUM",
    ]
    lines += [
        '    code = d.FEGRP & "-" & d.FECOD',
        "    text = d.TEXT",
        "  end",
        "end",
        "rules dispatch : nc in sap.doc",
    ]
    for number in range(RULES - 1):
        first, second = TEXTS[number + 2], TEXTS[number + 20]
        lines += [f"  rule r{number}", f'    when nc.{first} = "{REJECTED}" and nc.{second} is not missing']
        lines += [f'    then reject "{first} says that it is {REJECTED}"', "  end"]
    lines += [
        "  rule book",
        "    then send erp.booking using to_erp",
        '    because "what is in order is booked"',
        "  end",
        "end",
    ]
    lines += [
        "flow notices",
        '  receive sap.notice as nc : sap.doc "v1"',
        '  owner "benchmarks"',
        "  identify by nc.T00",
    ]
    lines += ["  order by nc.T01", "  keys notice = nc.T00", "  apply dispatch", "end"]
    lines += ["flow questions", '  receive sap.question as nc : sap.doc "v1"', '  owner "benchmarks"']
    lines += ["  reply using to_erp(nc)", "end"]
    return "\n".join(lines) + "\n"


def javascript() -> str:
    """The same as the text of a function node; the rules first, then the map."""
    lines = ["const nc = msg.payload;"]
    for number in range(RULES - 1):
        first, second = TEXTS[number + 2], TEXTS[number + 20]
        lines += [f'if (nc.{first} === "{REJECTED}" && nc.{second} !== undefined) return null;']
    lines += ["const out = {};"]
    ways = said("out.KEY = nc.NAME;", 'out.KEY = "S-" + nc.NAME;', "")
    for (key, way), name in zip(ways.items(), TEXTS, strict=True):
        kept = f"if (nc.{name} !== undefined) {way.replace('KEY', key)}"
        lines.append(kept if way else f'out.{key} = nc.{name} ?? "-";')
    lines += ["out.supplier = {id: nc.T00, name: nc.T01};"]
    lines += [
        'out.defects = nc.QMFE.map(d => ({line: d.FENUM, code: d.FEGRP + "-" + d.FECOD, text: d.TEXT}));'
    ]
    return "\n".join([*lines, "msg.payload = out;", "return msg;"])


def jsonata() -> tuple[str, str]:
    """How many of the rules refuse it, and the map, for two nodes."""
    refusals = [f'(T{n + 2:02} = "{REJECTED}" and $exists(T{n + 20:02}))' for n in range(RULES - 1)]
    return f"payload.($count([{', '.join(refusals)}][$]))", f"payload.({jsonata_text()})"
