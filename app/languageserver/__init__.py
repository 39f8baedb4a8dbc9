"""The language server: what editors ask over standard input and output (`mapwright lsp`).

Way of a question: `server` takes it from pygls, `folders` finds the rule set that the file belongs to (the
nearest folder above it with a ruleset.toml), puts the unsaved texts of the editor over the files on disk and
checks all of it; a module of `dsl` (completion, navigation, printer) answers; `places` turns spans into the
lines and columns that this client counts in.

Invariants:
- No answer is made here: the web editor gives the same ones from the same functions.
- A rule set is checked at most once for a state of its texts; findings are sent when typing rests.
- Nothing is written to disk and nothing is printed to standard output but the protocol.
"""
