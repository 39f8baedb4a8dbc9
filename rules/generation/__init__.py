"""From the typed program to Python `ast` nodes, one function a map and a rule.

`unit` makes the module, `maps` and `loops` the bodies, `expressions`, `calls` and `operators` the values,
`actions` and `sending` what rules do; `nodes` and `snippets` are the only places that spell `ast` classes;
`support` and `runtime` are what generated code may call while it runs.

Invariants: every name in a generated tree is made here, every text of a user is an `ast.Constant`, the
namespace holds no builtins, and every loop burns fuel.
"""
