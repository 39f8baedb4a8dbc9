"""What spreadsheets, databases and programming languages write, and how it is said here."""

from collections.abc import Mapping

FUNCTIONS: Mapping[str, str] = {
    "if": "if_else", "iif": "if_else", "ifelse": "if_else", "concatenate": "&", "concat": "&", "textjoin": "join",
    "string_join": "join", "substr": "mid", "substring": "mid", "slice_text": "mid", "len": "length", "strlen": "length",
    "size": "count", "value": "decimal", "number": "decimal", "tonumber": "decimal", "to_number": "decimal",
    "float": "decimal", "double": "decimal", "int": "integer", "parseint": "integer", "toint": "integer",
    "str": "text", "string": "text", "tostring": "text", "to_string": "text", "to_char": "text", "substitute": "replace",
    "ucase": "upper", "toupper": "upper", "uppercase": "upper", "to_upper": "upper", "lcase": "lower",
    "tolower": "lower", "lowercase": "lower", "to_lower": "lower", "proper": "title", "strip": "trim", "ltrim": "trim",
    "rtrim": "trim", "startswith": "starts_with", "endswith": "ends_with", "find": "contains", "search": "contains",
    "regex": "matches", "regexmatch": "matches", "mod": "remainder", "ceil": "ceiling", "average": "avg", "mean": "avg",
    "unique": "distinct", "nvl": "coalesce", "ifnull": "coalesce", "ifna": "coalesce", "default": "coalesce",
    "datevalue": "date", "to_date": "date", "todate": "date", "parse_date": "date", "to_timestamp": "datetime",
    "timestamp": "datetime", "datedif": "days_between", "datediff": "days_between", "days": "days_between",
    "dateadd": "add", "edate": "add_months", "eomonth": "end_of_month", "networkdays": "business_days_between",
    "workday": "add_business_days", "weeknum": "week", "isoweeknum": "week", "lpad": "pad_left", "rpad": "pad_right",
    "padleft": "pad_left", "padright": "pad_right", "filter": "one", "pow": "power",
}  # fmt: skip
"""A function's name elsewhere (in small letters), and the one of the language."""

CONSTRUCTS: Mapping[str, str] = {
    "iferror": "what happens where a value fails stands behind it: `on error use ...`",
    "isblank": "write `x is blank`", "isempty": "write `x is blank`", "isnull": "write `x is missing`",
    "isna": "write `x is missing`", "exists": "write `x is not missing`", "isnumber": "write is_number(text)",
    "vlookup": "write `lookup name(key)`, with `.column` where it has several results",
    "xlookup": "write `lookup name(key)`, with `.column` where it has several results",
    "lookup": "write `lookup name(key)`", "table": "write `table name(inputs)`",
    "now": "the time of the message is `message.now`", "today": "today is `date(message.now)`",
    "getdate": "the time of the message is `message.now`", "sysdate": "the time of the message is `message.now`",
    "countif": "write count(x for x in list where ...)", "countifs": "write count(x for x in list where ...)",
    "sumif": "write sum(x.qty for x in list where ...)", "sumifs": "write sum(x.qty for x in list where ...)",
    "and": "write `a and b`", "or": "write `a or b`", "not": "write `not a`",
    "switch": "several cases are an `if ... else if ...`, a lookup or a table",
    "case": "several cases are an `if ... else if ...`, a lookup or a table",
    "ifs": "several cases are an `if ... else if ...`, a lookup or a table",
}  # fmt: skip
"""What elsewhere is a function and here a construct."""

WORDS: Mapping[str, str] = {
    "mod": "the remainder of a division is remainder(a, b)", "%": "a percentage has no blank: 5%; a remainder is remainder(a, b)",
    "^": "a power is power(a, b)", "like": "write matches(text, \"A.*\") or starts_with(text, \"A\")",
    "matches": "write matches(text, \"A.*\")", "contains": "write contains(text, part)",
    "between": "write x >= 1 and x <= 5", "empty": "write `is blank`, or `is missing` for what is not there",
    "null": "write `missing`", "none": "write `missing`",
    "then": "what an `if` holds stands on the lines below it, up to `else` or `end`",
    ";": "a statement ends with its line; arguments have commas between them",
    "?": "a choice is if_else(condition, a, b), a default coalesce(a, b)",
    "(": "a function stands before its value: trim(x)", "/": "a comment begins with #",
    "[": "one element of a list is first(list), last(list) or one(x for x in list where ...)",
    "default": "write `on missing use ...`", "if": "a condition stands on a line of its own, or write if_else(condition, a, b)",
    "case": "write if_else(condition, a, b), or a table", "when": "write if_else(condition, a, b), or a table",
    "where": "write count(x for x in list where ...)", ":": "a value is given by `=`",
}  # fmt: skip
"""A word or sign that does not fit, and what was probably meant."""

CELLS: Mapping[str, str] = {
    "*": "any value is `-`", "|": "a cell without a condition is `-`", "..": "a range has brackets: [1..5]",
    "-": "a range is [1..5]", ",": "a range is [1..5]", "and": "a range is (1..5); a whole condition begins with `?`",
    "or": "several values have commas between them: 5, 6", "->": "what follows from the cells stands behind `=>`",
    ">": "a comparison has no name before it: > 5; a whole condition begins with `?`",
    "<": "a comparison has no name before it: < 5; a whole condition begins with `?`",
    "=": "a comparison has no name before it: = 5; a whole condition begins with `?`",
    "else": "what holds where no row fits stands behind `otherwise =>`",
    "default": "what holds where no row fits stands behind `otherwise =>`",
}  # fmt: skip
"""Signs and words in the row of a table."""

IN_RULES: Mapping[str, str] = {
    "if": "the condition of a rule stands behind `when`", "then": "each `then` stands on a line of its own",
    "email": "people are told by `alert channel text`", "notify": "people are told by `alert channel text`",
    "mail": "people are told by `alert channel text`", "with": "what is sent is made by a map: `using`",
}  # fmt: skip
"""Words in a rule."""

TYPES: Mapping[str, str] = {
    "string": "text", "str": "text", "char": "text", "varchar": "text", "int": "integer", "number": "decimal",
    "numeric": "decimal", "float": "decimal", "double": "decimal", "bool": "boolean", "timestamp": "datetime",
    "percentage": "percent", "currency": "money", "amount": "money",
}  # fmt: skip
"""Types as others call them."""

FIRST: Mapping[str, str] = {
    "for": "a list is gone through by `each d in list into target`",
    "foreach": "a list is gone through by `each d in list into target`",
    "loop": "a list is gone through by `each d in list into target`",
    "set": "a field is set by its name: `note = ...`",
    "var": "a value is named by `let x = ...`",
    "const": "a value is named by `let x = ...`",
    "elseif": "write `else if`",
    "elif": "write `else if`",
    "elsif": "write `else if`",
    "end": "`end` stands alone on its line",
    "return": "a field is set by its name: `note = ...`",
}
"""The first word of a line that is not understood."""

VALUES: Mapping[str, str] = {
    "true": "true", "false": "false", "yes": "true", "no": "false", "missing": "missing", "null": "missing",
    "none": "missing", "nil": "missing", "empty": "missing",
}  # fmt: skip
"""Constants as others write them."""
