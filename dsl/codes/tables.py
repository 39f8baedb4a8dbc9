"""M6xx: lookups and decision tables."""

from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Severity


def _lookup(*rows: str) -> str:
    return "lookup codes : text -> severity\n" + "".join(f"  | {row} |\n" for row in rows) + "end"


def _table(policy: str, *rows: str) -> str:
    head = "  | row | severity: severity | qty: decimal? => hold: boolean |\n"
    return f"table t policy {policy}\n{head}" + "".join(f"  {row}\n" for row in rows) + "end"


def _severity(value: str) -> str:
    head = "\nmap m : nc in erp.notice -> canon.case\n  id = nc.number\n"
    return f"{head}  severity = {value} on no_match reject\nend"


CODES = (
    CodeSpec(
        "M602",
        "Row id used twice",
        "the row id `{row}` is used twice",
        "Row ids identify rows in traces, tests and comparisons.",
        _table("first", "| r1 | minor | - => true |", "| r1 | major | - => true |"),
        _table("first", "| r1 | minor | - => true |", "| r2 | major | - => true |"),
    ),
    CodeSpec(
        "M603",
        "Key occurs twice",
        "the key {key} occurs twice",
        "A lookup gives one answer to one key. Remove one row (with validity columns: make the periods not overlap).",
        _lookup('"A" => minor', '"A" => major'),
        _lookup('"A" => minor', '"B" => major'),
    ),
    CodeSpec(
        "M604",
        "Rows overlap",
        "rows `{first}` and `{second}` both fit {example}",
        "Under `unique` at most one row may fit. Make the cells exclude each other, or choose another policy.",
        _table("unique", "| r1 | minor | < 5 => true |", "| r2 | minor | < 9 => false |"),
        _table("unique", "| r1 | minor | < 5 => true |", "| r2 | minor | [5..9) => false |"),
    ),
    CodeSpec(
        "M605",
        "Rows that overlap differ",
        "rows `{first}` and `{second}` both fit {example}, but give different results",
        "Under `any` several rows may fit only if they say the same.",
        _table("any", "| r1 | minor | < 5 => true |", "| r2 | minor | < 9 => false |"),
        _table("any", "| r1 | minor | < 5 => true |", "| r2 | minor | < 9 => true |"),
    ),
    CodeSpec(
        "M606",
        "Cell does not fit its column",
        "the column `{column}` is {wanted}, but this is {given}",
        "Cells hold constants of the type of their column: values, lists, comparisons, ranges, patterns.",
        _table("first", '| r1 | minor | "A" => true |'),
        _table("first", "| r1 | minor | 5 => true |"),
    ),
    CodeSpec(
        "M607",
        "CSV file of a lookup can't be used",
        "{path}: {problem}",
        "The first line names the columns; ruleset.toml says which are keys and which types they have.",
        "# lookups/vendors@2026-11.csv without a column that ruleset.toml calls a key",
        "# the same file with the column",
    ),
    CodeSpec(
        "M608",
        "Value in a CSV file does not fit",
        "{path} line {line}: {problem}",
        "Values of a lookup file are read strictly by the types that ruleset.toml declares.",
        '# "abc" in a column declared as decimal',
        '# "12.5" in the same column',
    ),
    CodeSpec(
        "M609",
        "Unknown column",
        "the lookup `{lookup}` has no result column `{column}`",
        "Name a column of the lookup that is not a key.",
        _lookup('"A" => minor') + _severity("lookup codes(nc.unit).sev"),
        _lookup('"A" => minor') + _severity("lookup codes(nc.unit)"),
    ),
    CodeSpec(
        "M610",
        "Lookup is not two-way",
        "the result {value} occurs twice, so the lookup can't be read backwards",
        "`two_way` promises that every result belongs to one key.",
        'lookup codes : text -> text two_way\n  | "A" => "1" |\n  | "B" => "1" |\nend',
        'lookup codes : text -> text two_way\n  | "A" => "1" |\n  | "B" => "2" |\nend',
    ),
    CodeSpec(
        "M611",
        "Empty range",
        "nothing lies between {low} and {high}",
        "The first number of a range is the smaller one; a range of one value needs both ends closed.",
        _table("first", "| r1 | minor | [9..5) => true |"),
        _table("first", "| r1 | minor | [5..9) => true |"),
    ),
    CodeSpec(
        "M612",
        "Policy does not fit the outputs",
        "{problem}",
        "collect sum, min and max need one output that can be added or ordered; priority and output_order take the "
        "order of the values of the first output, so it has to be an enumeration.",
        _table("collect sum", "| r1 | minor | - => true |"),
        _table("collect list", "| r1 | minor | - => true |"),
    ),
    CodeSpec(
        "M613",
        "Row can never be used",
        "row `{row}` is never reached: row `{above}` above takes everything it fits",
        "Under `first` a row counts only where no row above fits. Move it up, or remove it.",
        _table("first", "| r1 | minor | - => true |", "| r2 | minor | 5 => false |"),
        _table("first", "| r1 | minor | 5 => false |", "| r2 | minor | - => true |"),
        Severity.WARNING,
    ),
)  # fmt: skip
