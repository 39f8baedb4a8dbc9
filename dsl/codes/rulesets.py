"""M8xx: the rule set as a folder: manifest, schemas, files, tests."""

from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Severity

_MAP = "map m : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\nend\n"


def _test(given: str, expect: str) -> str:
    return f'{_MAP}test "t"\n  given {given}\n  map m\n  expect {expect}\nend'


_GIVEN = 'nc = { number: "1", qty: "1", unit: "EA" }'

CODES = (
    CodeSpec(
        "M801",
        "ruleset.toml can't be read",
        "ruleset.toml can't be read: {problem}",
        "The manifest is TOML; the message names line and column.",
        "# name = incoming",
        '# name = "incoming"',
    ),
    CodeSpec(
        "M802",
        "Entry of ruleset.toml is wrong",
        "{key}: {problem}",
        "The manifest declares name, title, owner, language, time_zone, endpoints, lookups and calendars.",
        '# direction = "inbound"',
        '# direction = "in"',
    ),
    CodeSpec(
        "M803",
        "Schema can't be read",
        "{path}: {problem}",
        "Schemas are JSON Schema 2020-12 (the part that describes data) or guides in TOML.",
        '# { "oneOf": [...] }',
        '# { "type": "object", "properties": {...} }',
    ),
    CodeSpec(
        "M804",
        "File is not there",
        "there is no {path}",
        'use schema canon.case "v1" means schemas/canon.case@v1.json (or .toml); use lookup x "2026" means '
        "lookups/x@2026.csv.",
        'use schema canon.case "v9"',
        'use schema canon.case "v1"',
    ),
    CodeSpec(
        "M805",
        "File is not UTF-8 text",
        "{path} is not UTF-8 text",
        "All texts of a rule set are UTF-8.",
        "# a file saved as Latin-1",
        "# the same file saved as UTF-8",
    ),
    CodeSpec(
        "M806",
        "Unknown sample",
        "there is no sample `{name}`",
        "Samples are files of the folder samples/.",
        _test('nc = sample("none.json")', "severity = minor"),
        _test(_GIVEN, "severity = minor"),
    ),
    CodeSpec(
        "M807",
        "Test gives the wrong values",
        "{problem}",
        "A test gives a value to each parameter of what it tests, by the parameter's name.",
        _test('x = { number: "1" }', "severity = minor"),
        _test(_GIVEN, "severity = minor"),
    ),
    CodeSpec(
        "M808",
        "Two versions of one name",
        "{name} is used in the versions {first} and {second}",
        "A name means one schema in a module, and one lookup in the rule set.",
        'use schema canon.case "v1"\nuse schema canon.case "v2"',
        'use schema canon.case "v1"',
    ),
    CodeSpec(
        "M809",
        "Keyword of a schema is not held",
        "{path}: `{keyword}` ({pointer}{more}) is not held: {meaning}",
        "The schema says more than the language holds values to. Nothing is refused for it, and nothing is silently "
        "taken as checked: where a message has to be held to it, say so with a check in the map. A keyword that is "
        "only misspelt is found here too.",
        '# { "type": "object", "properties": {...}, "if": {...}, "then": {...} }',
        '# { "type": "object", "properties": {...} }',
        Severity.WARNING,
    ),
)
