"""The checker: modules, schemas and data go in, a typed Program and its diagnostics come out.

Way of the data: manifest and schemas are read, declarations collected by name, lookups filled,
then maps, tables, rules, flows and tests are checked one by one, each expression by `expressions`.
A broken part costs its own diagnostics, never the rest. What the checker holds to, and whoever
runs a program may rely on:

Missing
  `=`, `<>` and `in` (on its left side) take a missing value for what it is: it equals only another missing
  value, so `x = "A"` is false and `x <> "A"` true where x is missing. There is no third truth value.
  A value of type `T?` may also be bound by `let`, passed where a parameter takes it (`missing_ok`), put
  into a record literal or a group key, used for a table input that is optional, and tested by
  `is missing|blank`. Everywhere else that needs a `T` - other operators, function arguments, lookup keys,
  elements of lists, order keys, conditions (if, where, when, check) - a missing value makes the expression
  fail as `missing`. `a and b` makes b only where a is true, `a or b` only where a is false;
  `a is not missing and ...` narrows a. `coalesce` makes its arguments one after the other; one that is
  missing or fails as `missing` makes way for the next. `if_else` makes only the branch it takes.
Fields and lets
  A field whose value is missing fails as `missing`, also where the target is optional: the handler
  of the field or the policy of the map decides. A let without handler may be missing; `skip` on a let
  makes it missing. Handlers of a let are its own, then the policy of the map - except that a merely
  missing value of a let is no failure unless the let itself says `on missing`.
  The value of a `use` may not fail (for a let it may be missing). Flow keys, identify and order that fail
  or are missing are left out. Rules have no policy: their lets and conditions have to be safe
  by themselves, so that every rule that should fire does.
Paths
  `a.b` on `T?` gives `T?`: it is missing if any step is. Fields that a schema calls a list are never
  missing; an absent one reads as []. A path through a list is the flat list of the values that are there.
  `.value`, `.unit` of a quantity, `.value`, `.currency` of money.
Calls
  Arguments reach an implementation in the order of the declared parameters (`functions.arrange`),
  omitted ones as the declared default; settings of the rule set by `functions.bound`. A comprehension
  `f(e for x in l ..., name: v)` is f([e, ...], name: v).
Names
  Parameters, lets, each variables, then - in `check` conditions and test expectations - the fields of the
  target, then enum values where one is expected. `message` is a record of what is known of the message:
  now, id, endpoint, replayed and so on. Inside each, the names outside stay visible.
Operators
  `+ -` on numbers, on quantities or money of one unit, and date or datetime plus or minus a duration
  (business days need a calendar: add(date, 2 business_days));
  `*` on numbers, or a quantity or money times a number; `/` likewise. decimal*percent is decimal,
  percent+percent is percent. integer with integer gives integer, but for `/`. Division by zero, overflow
  and differing units fail as `error`. `&` joins texts (and enum values) only.
  Order of text is by code point. Date and time literals follow dsl.types.
"""
