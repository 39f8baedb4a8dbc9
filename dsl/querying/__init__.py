"""JMESPath, exact and bounded.

The library's grammar is kept; what is replaced is everything that is inexact or without a limit:

    reading.py    text -> tokens -> tree: literals as decimals, faults with their place, chains made flat
    budget.py     how much work a query may do and how large its result may be
    values.py     kinds, equality, JSON text and copies of values, all counted
    functions.py  the functions of JMESPath on int and Decimal, never a binary float
    walking.py    the walk over the tree: `search(query, value)`

Numbers are int or Decimal; a float of a payload is taken for the decimal it is written as. Dates and
times are ISO text inside a query. Whatever the query and the value are, `search` returns or raises
QueryFailure soon: a tree is at most DEEPEST levels deep, every node visited and every element made costs
a step, and no text, comparison or result is written out before its size is known.
"""

from dsl.querying.budget import QueryFailure
from dsl.querying.reading import Query, QueryFault, read_query
from dsl.querying.walking import search

__all__ = ["Query", "QueryFailure", "QueryFault", "read_query", "search"]
