"""Where-used: what of a rule set depends on a field of a schema, a lookup, a table or a function.

Way of the data: `values` says of every expression which fields it reads (through lets, loops, functions and
records, so that `let s = nc.supplier` and `s.id` is `nc.supplier.id`); `collecting` goes through maps, tables,
rules and flows and writes down a Use for everything that has a value or decides something; `graph` follows
the uses from one field on: to the target field that is made of it, to who reads that, to the endpoint.

Static and without gaps: a change of a field in any message can reach only what is named here. It may name
more than one message shows (both branches of an `if`, every row of a lookup).
"""

from dsl.usage.asking import Found, UnknownSubject, as_json, hover_words, subject_at, subjects, where_used
from dsl.usage.collecting import uses
from dsl.usage.graph import Ref, Step, Use

__all__ = [
    "Found",
    "Ref",
    "Step",
    "UnknownSubject",
    "Use",
    "as_json",
    "hover_words",
    "subject_at",
    "subjects",
    "uses",
    "where_used",
]
