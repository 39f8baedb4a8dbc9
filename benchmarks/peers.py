"""The part of a map that every peer can say - names, joined texts, defaults, a nested record, a list - in each of them.

All get the same decoded JSON and have to give equal output. Ours is a whole flow: read by schema, map, outcome. Medians of
interleaved rounds of one run; a peer that is not installed is named. Run: python benchmarks/peers.py
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from map import MANIFEST, measure  # the benchmark beside this one

from dsl.checker import check
from rules import engine
from rules.compiler import compile_program
from rules.outcome import Context

TEXTS = [f"T{number:02}" for number in range(48)]
NODE_FOLDER = Path(__file__).resolve().parents[1] / "var" / "bench"
ENDPOINT = b'[endpoints."a.b"]\ndirection = "in"\ncodec = "json"\nschema = "sap.doc@v1"\n'
Task = Callable[[], Any]


def document() -> dict[str, Any]:
    """48 texts and three rows."""
    rows = [{"FENUM": n, "FECOD": f"{n}0", "FEGRP": "DEF", "TEXT": "out of tolerance"} for n in range(1, 4)]
    found: dict[str, Any] = {name: f"value {index}" for index, name in enumerate(TEXTS) if index % 8 != 7}
    return {**found, "QMFE": rows}


def said(copy: str, join: str, default: str) -> dict[str, str]:
    """Each target field in a language that says these three things so."""
    ways = [copy, copy, join, default]
    return {name.lower(): ways[index % 4].replace("NAME", name) for index, name in enumerate(TEXTS)}


def ours() -> Task:
    """The flow of a rule set."""
    text = {"type": "string"}
    row = {
        "type": "object",
        "properties": {"FENUM": {"type": "integer"}, **dict.fromkeys(["FECOD", "FEGRP", "TEXT"], text)},
    }
    source = {
        "type": "object",
        "properties": {**dict.fromkeys(TEXTS, text), "QMFE": {"type": "array", "items": row}},
    }
    out = {"type": "object", "properties": {"line": {"type": "integer"}, "code": text, "text": text}}
    nested = {"type": "object", "properties": {"id": text, "name": text}}
    target = {
        "type": "object",
        "properties": {
            **{n.lower(): text for n in TEXTS},
            "supplier": nested,
            "defects": {"type": "array", "items": out},
        },
    }
    lines = [
        'use schema sap.doc "v1"',
        'use schema canon.doc "v1"',
        "map m : nc in sap.doc -> canon.doc",
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
        "rules r : c in canon.doc",
        "end",
    ]
    lines += ["flow f", '  receive a.b as nc : sap.doc "v1"', "  map with m", "  apply r", "end"]
    files = {
        "ruleset.toml": MANIFEST + ENDPOINT,
        "schemas/sap.doc@v1.json": json.dumps(source).encode(),
        "schemas/canon.doc@v1.json": json.dumps(target).encode(),
        "m.mw": "\n".join(lines).encode(),
    }
    program = check(files)
    assert program.ok, [d.message for d in program.diagnostics]
    compiled, doc, context = compile_program(program), document(), Context(datetime(2026, 1, 31, tzinfo=UTC))
    return lambda: engine.run(compiled, "f", doc, context).event


def by_jmespath() -> Task:
    import jmespath

    fields = said("NAME", "join('', ['S-', NAME])", "NAME || '-'")
    parts = [f"{name}: {value}" for name, value in fields.items()]
    rows = "QMFE[*].{line: FENUM, code: join('-', [FEGRP, FECOD]), text: TEXT}"
    query = jmespath.compile(
        "{" + ", ".join([*parts, "supplier: {id: T00, name: T01}", f"defects: {rows}"]) + "}"
    )
    doc = document()
    return lambda: query.search(doc)


JSONATA_ROWS = '[QMFE.{"line": FENUM, "code": FEGRP & "-" & FECOD, "text": TEXT}]'


def jsonata_text() -> str:
    """The map in JSONata, for both of its implementations."""
    fields = said("NAME", '"S-" & NAME', '$exists(NAME) ? NAME : "-"')
    parts = [f'"{name}": {value}' for name, value in fields.items()]
    return (
        "{" + ", ".join([*parts, '"supplier": {"id": T00, "name": T01}', f'"defects": {JSONATA_ROWS}']) + "}"
    )


def by_jsonata_python() -> Task:
    import jsonata

    expression, doc = jsonata.Jsonata(jsonata_text()), document()
    return lambda: expression.evaluate(doc)


def by_jq() -> Task:
    import jq

    fields = said(".NAME", '"S-" + .NAME', '(.NAME // "-")')
    parts = [f"{name}: ({value})" for name, value in fields.items()]
    rows = '[.QMFE[] | {line: .FENUM, code: (.FEGRP + "-" + .FECOD), text: .TEXT}]'
    query = jq.compile(
        "{" + ", ".join([*parts, "supplier: {id: .T00, name: .T01}", f"defects: {rows}"]) + "}"
    )
    doc = document()
    return lambda: query.input_value(doc).first()


def by_glom() -> Task:
    import glom

    ways: list[Callable[[str], Any]] = [
        lambda n: n,
        lambda n: n,
        lambda n: (n, lambda v: "S-" + v),
        lambda n: glom.Coalesce(n, default="-"),
    ]
    row = {"line": "FENUM", "code": lambda d: d["FEGRP"] + "-" + d["FECOD"], "text": "TEXT"}
    spec = {name.lower(): ways[index % 4](name) for index, name in enumerate(TEXTS)}
    spec |= {"supplier": {"id": "T00", "name": "T01"}, "defects": ("QMFE", [row])}
    doc = document()
    return lambda: glom.glom(doc, spec)


NODE = """
const jsonata = require(process.argv[2]);
const [text, doc, rounds, calls] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
(async () => {
  const expression = jsonata(text); const times = []; let made;
  for (let r = 0; r < rounds; r++) {
    const start = process.hrtime.bigint();
    for (let c = 0; c < calls; c++) made = await expression.evaluate(doc);
    times.push(Number(process.hrtime.bigint() - start) / calls / 1000);
  }
  console.log(JSON.stringify([times.sort((a, b) => a - b)[Math.floor(rounds / 2)], made]));
})();
"""


def on_node() -> tuple[float, Any]:
    """Median microseconds a call of JSONata on node, measured inside that process, and what it made."""
    node, module = shutil.which("node"), NODE_FOLDER / "node_modules" / "jsonata"
    if node is None or not module.is_dir():
        raise ImportError(f"node with: npm install --prefix {NODE_FOLDER} jsonata")
    given = json.dumps([jsonata_text(), document(), 20, 60])
    run = subprocess.run(
        [node, "-e", NODE, "_", str(module)], input=given, capture_output=True, text=True, check=True
    )
    median, made = json.loads(run.stdout)
    return median, made


PEERS: dict[str, Callable[[], Task]] = {
    "jmespath.py": by_jmespath,
    "jq (Python package)": by_jq,
    "jsonata-python": by_jsonata_python,
    "glom": by_glom,
}


def main() -> None:
    """Check that outputs agree, then print the ratios."""
    tasks = {"a whole Mapwright flow": ours()}
    expected = tasks["a whole Mapwright flow"]()
    absent = {}
    for name, make in PEERS.items():
        try:
            task = make()
        except ImportError as error:
            absent[name] = str(error)
            continue
        assert task() == expected, name
        tasks[name] = task
    times = {name: median for name, (median, _) in measure(tasks, rounds=15, calls=20).items()}
    try:
        times["JSONata on node"], made = on_node()
        assert made == expected, "JSONata on node"
    except ImportError as error:
        absent["JSONata on node"] = str(error)
    base = times["a whole Mapwright flow"]
    print(f"{len(expected)} fields and a list of {len(expected['defects'])}, equal output")
    for name, median in sorted(times.items(), key=lambda item: item[1]):
        print(f"  {name:24} {median:9.1f} us   {median / base:7.1f} x Mapwright")
    for name, reason in absent.items():
        print(f"  {name:24} not installed ({reason})", file=sys.stdout)


if __name__ == "__main__":
    main()
