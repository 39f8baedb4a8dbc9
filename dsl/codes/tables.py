"""M6xx: lookups and decision tables."""

from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Severity


def _lookup(*rows: str) -> str:
    return "lookup codes : text -> severity\n" + "".join(f"  | {row} |\n" for row in rows) + "end"


def _table(policy: str, *rows: str) -> str:
    head = "  | row | severity: severity | qty: decimal? => hold: boolean |\n"
    return f"table t policy {policy}\n{head}" + "".join(f"  {row}\n" for row in rows) + "end"


_REST = "otherwise => false |"


def _severity(value: str) -> str:
    head = "\nmap m : nc in erp.notice -> canon.case\n  id = nc.number\n"
    return f"{head}  severity = {value} on no_match reject\nend"


CODES = (
    CodeSpec(
        "M602",
        "Row id used twice",
        "the row id `{row}` is used twice",
        "Row ids identify rows in traces, tests and comparisons.",
        _table("first", "| r1 | minor | - => true |", "| r1 | major | - => true |", _REST),
        _table("first", "| r1 | minor | - => true |", "| r2 | major | - => true |", _REST),
    ),
    CodeSpec(
        "M603",
        "Key occurs twice",
        "the key {key} occurs twice{when}",
        "A lookup gives one answer to one key. Remove one row (with validity columns: make the periods not overlap).",
        _lookup('"A" => minor', '"A" => major'),
        _lookup('"A" => minor', '"B" => major'),
    ),
    CodeSpec(
        "M604",
        "Rows overlap",
        "rows `{first}` and `{second}` both fit {example}",
        "Under `unique` at most one row may fit. Make the cells exclude each other, or choose another policy.",
        _table("unique", "| r1 | minor | < 5 => true |", "| r2 | minor | < 9 => false |", _REST),
        _table("unique", "| r1 | minor | < 5 => true |", "| r2 | minor | [5..9) => false |", _REST),
    ),
    CodeSpec(
        "M605",
        "Rows that overlap differ",
        "rows `{first}` and `{second}` both fit {example}, but give different results",
        "Under `any` several rows may fit only if they say the same.",
        _table("any", "| r1 | minor | < 5 => true |", "| r2 | minor | < 9 => false |", _REST),
        _table("any", "| r1 | minor | < 5 => true |", "| r2 | minor | < 9 => true |", _REST),
    ),
    CodeSpec(
        "M606",
        "Cell does not fit its column",
        "the column `{column}` is {wanted}, but this is {given}",
        "Cells hold constants of the type of their column: values, lists, comparisons, ranges, patterns.",
        _table("first", '| r1 | minor | "A" => true |', _REST),
        _table("first", "| r1 | minor | 5 => true |", _REST),
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
        "the result {value} occurs twice{when}, so the lookup can't be read backwards{where}",
        "`two_way` promises that every result belongs to one key.",
        'lookup codes : text -> text two_way\n  | "A" => "1" |\n  | "B" => "1" |\nend',
        'lookup codes : text -> text two_way\n  | "A" => "1" |\n  | "B" => "2" |\nend',
    ),
    CodeSpec(
        "M618",
        "Lookup can't be read backwards",
        "`{lookup}` is not declared `two_way`, so its results need not lead back to one key",
        "`reverse lookup` goes from a result to its key. Declare the lookup `two_way`; then every result has to belong to one "
        "key, which is checked.",
        'lookup codes : text -> text\n  | "A" => "1" |\nend\n'
        + _severity('if_else(reverse lookup codes("1") = "A", minor, major)'),
        'lookup codes : text -> text two_way\n  | "A" => "1" |\nend\n'
        + _severity('if_else(reverse lookup codes("1") = "A", minor, major)'),
    ),
    CodeSpec(
        "M619",
        "Value of the samples without a row",
        "`{lookup}`: {found}, so these messages are rejected",
        "The samples stand for what really arrives. Add the row that is offered, or say what holds for values that the "
        "lookup does not know (`on no_match use ...`). It is only found where the rule set has samples.",
        '# a sample with PRIOK = "7", and a lookup that has no row for "7"',
        '# the same with a row for "7"',
        Severity.WARNING,
    ),
    CodeSpec(
        "M611",
        "Empty range",
        "nothing lies between {low} and {high}",
        "The first number of a range is the smaller one; a range of one value needs both ends closed.",
        _table("first", "| r1 | minor | [9..5) => true |", _REST),
        _table("first", "| r1 | minor | [5..9) => true |", _REST),
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
        "Row changes nothing",
        "row `{row}` {why}: {because}",
        "A row counts only where it says something that no other row says: under `first` and `priority` where no row that "
        "goes before it fits, under `any` where no other row says the same. Move it, narrow the others, or remove it.",
        _table("first", "| r1 | minor | - => true |", "| r2 | minor | 5 => false |", _REST),
        _table("first", "| r1 | minor | 5 => false |", "| r2 | minor | - => true |", _REST),
        Severity.WARNING,
    ),
    CodeSpec(
        "M614",
        "Gap",
        "no row fits {example}",
        "A table has to have an answer to every input, missing values included. Add the row, or say by `otherwise` what "
        "holds for all that no row fits. The row that is offered fits exactly inputs that no other row fits.",
        _table("unique", "| r1 | minor | - => true |", "| r2 | not(minor) | >= 5 => false |"),
        _table("unique", "| r1 | minor | - => true |", "| r2 | not(minor) | >= 5 => false |", _REST),
    ),
    CodeSpec(
        "M615",
        "Gap that can't be excluded",
        "whether a row fits {example} can't be decided before it runs",
        "A cell `? condition` is not analysed, so its row is not taken to fit anything for sure. Say by `otherwise` what "
        "holds where it does not; else each call of the table has to handle `no_match`.",
        _table("first", "| r1 | - | ? severity = minor => true |"),
        _table("first", "| r1 | - | ? severity = minor => true |", _REST),
        Severity.WARNING,
    ),
    CodeSpec(
        "M616",
        "Overlap that can't be excluded",
        "whether rows `{first}` and `{second}` both fit {example} can't be decided before it runs",
        "A cell `? condition` is not analysed (nor are patterns beside `<` and `>` in one column, or results under `any` "
        "that are no constants). Where both rows fit, the table fails as `error`. Write the condition as cells, or "
        "choose the policy `first`.",
        _table("unique", "| r1 | - | ? severity = minor => true |", "| r2 | - | 5 => false |", _REST),
        _table("first", "| r1 | - | ? severity = minor => true |", "| r2 | - | 5 => false |", _REST),
        Severity.WARNING,
    ),
    CodeSpec(
        "M617",
        "Table too large to be analysed",
        "the rows of `{table}` cut each other in too many ways for a full analysis",
        "Gaps or overlaps may be left that are not reported; calls have to handle `no_match` and `error`. Fewer ranges "
        "that overlap in several columns at once, or two tables, make it decidable.",
        "# thousands of rows under `first` with ranges that overlap in many columns",
        "# the same in two tables",
        Severity.WARNING,
    ),
)
