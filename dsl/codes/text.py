"""M1xx: the text of a module is not what the grammar knows."""

from dsl.codes.spec import CodeSpec

CODES = (
    CodeSpec(
        "M101",
        "Line not understood",
        "{found} does not fit here",
        "The line breaks the grammar at the marked place. The line stays in the module as raw text and the rest is "
        "read as usual; correct it by the expected parts that the help lists.",
        "map a : nc -> canon.x\n  id = nc.A &\nend",
        "map a : nc -> canon.x\n  id = nc.A & nc.B\nend",
    ),
    CodeSpec(
        "M102",
        "Block without end",
        "this {construct} has no `end`",
        "Every map, table, lookup, rules, rule, flow, test, if and each closes with `end` on a line of its own.",
        "map a : nc -> canon.x\n  id = nc.A\n",
        "map a : nc -> canon.x\n  id = nc.A\nend",
    ),
    CodeSpec(
        "M103",
        "Nothing to end",
        "this `{found}` closes nothing",
        "There is no open block at this place: either an `end` too many, or the line that opens the block is broken.",
        "map a : nc -> canon.x\n  id = nc.A\nend\nend",
        "map a : nc -> canon.x\n  id = nc.A\nend",
    ),
    CodeSpec(
        "M104",
        "Character not allowed",
        "{character} is not allowed outside a text",
        "Names and keywords are plain ASCII. Characters that look like another, have no width or turn the reading "
        'direction could make a program read differently from what it does; inside "text" they are fine '
        "(direction marks only as \\u{...}).",
        "map a : nc -> canon.x\n  id\u200b = nc.A\nend",
        "map a : nc -> canon.x\n  id = nc.A\nend",
    ),
    CodeSpec(
        "M105",
        "Text not closed",
        "the text that starts here has no closing quote on its line",
        'A text stands in double quotes on one line; write \\n for a line break and \\" for a quote.',
        'map a : nc -> canon.x\n  id = "SAP\nend',
        'map a : nc -> canon.x\n  id = "SAP"\nend',
    ),
    CodeSpec(
        "M106",
        "Bracket not closed",
        "{found} does not match its bracket",
        "Inside ( ) [ ] { } a line break is white space, so a bracket left open would swallow the lines after it; "
        "the line with the open bracket is kept as raw text and reading goes on with the next one.",
        "map a : nc -> canon.x\n  id = trim(nc.A\nend",
        "map a : nc -> canon.x\n  id = trim(nc.A)\nend",
    ),
    CodeSpec(
        "M107",
        "Nested too deeply",
        "brackets and blocks are nested deeper than {limit} levels",
        "A deeper expression can't be read by a person either: name parts of it with `let`.",
        "map a : nc -> canon.x\n  id = " + "(" * 65 + "nc.A" + ")" * 65 + "\nend",
        "map a : nc -> canon.x\n  let part = trim(nc.A)\n  id = part\nend",
    ),
    CodeSpec(
        "M108",
        "Module too large",
        "a module may have {limit} characters, this one has {size}",
        "Split the module; large value maps belong into lookups/*.csv.",
        "# five million characters",
        "# several modules",
    ),
    CodeSpec(
        "M109",
        "Literal not valid",
        "{found} is not a valid {kind}",
        "The literal has the form of its kind but no such value exists.",
        "map a : nc -> canon.x\n  on_day = 2026-02-30\nend",
        "map a : nc -> canon.x\n  on_day = 2026-02-28\nend",
    ),
    CodeSpec(
        "M110",
        "Unknown escape",
        "{found} is not an escape of a text",
        'Known are \\" \\\\ \\n \\t and \\u{1F4A1} with the number of the character.',
        'map a : nc -> canon.x\n  id = "C:\\data"\nend',
        'map a : nc -> canon.x\n  id = "C:\\\\data"\nend',
    ),
    CodeSpec(
        "M111",
        "Row has another number of cells",
        "this row has {found} cells, its table has {expected} columns",
        "Every row of a table has its id, one cell for each input, `=>` and one value for each output; a row of a "
        "lookup one value for each key and each result.",
        'lookup a : text -> text\n  | "1", "2" => "x" |\nend',
        'lookup a : text -> text\n  | "1" => "x" |\nend',
    ),
    CodeSpec(
        "M112",
        "Said twice",
        "{what} is said twice",
        "A block says each of its properties once; of two different answers neither could be right.",
        'flow f\n  receive a.b as nc : sap.defect "v1"\n  owner "x"\n  owner "y"\n  map with m\nend',
        'flow f\n  receive a.b as nc : sap.defect "v1"\n  owner "x"\n  map with m\nend',
    ),
    CodeSpec(
        "M113",
        "Part missing",
        "this {construct} has no {part}",
        "The block can't do anything without that part.",
        "flow f\n  map with m\nend",
        'flow f\n  receive a.b as nc : sap.defect "v1"\n  map with m\nend',
    ),
    CodeSpec(
        "M114",
        "No such unit",
        "`{found}` is neither a currency nor a unit nor a span of time",
        "After a number stands a currency of ISO 4217 (EUR), a unit of UN/ECE Rec 20 (KGM) or a unit of time "
        "(minutes, hours, days, weeks, business_days).",
        "map a : nc -> canon.x\n  weight = 5 kilos\nend",
        "map a : nc -> canon.x\n  weight = 5 KGM\nend",
    ),
    CodeSpec(
        "M116",
        "Name not in lower case",
        "`{found}` can't be a name of yours: names are lower case letters, digits and _",
        "What you name yourself (maps, tables, lets, each variables ...) is written in lower case, so that it never "
        "reads like a field of a schema. Fields keep the spelling of their schema.",
        "map a : nc -> canon.x\n  let Part = nc.A\n  id = Part\nend",
        "map a : nc -> canon.x\n  let part = nc.A\n  id = part\nend",
    ),
)
