"""A rule set as people read it: its flows, maps, tables, rules, value maps, schemas, endpoints and tests.

`handbook(program)` gives chapters of entries as plain data; the web application and `mapwright docs` lay them
out, `markdown` writes them as text. Forms say what a construct holds, the index of names says who uses it.
"""

from dsl.handbook.content import Cell, Chapter, Entry, Grid, Handbook
from dsl.handbook.markdown import markdown
from dsl.handbook.writing import handbook

__all__ = ["Cell", "Chapter", "Entry", "Grid", "Handbook", "handbook", "markdown"]
