"""Compiled rules: from a typed program to what one message leads to.

Way of the data
  `dsl.checker` hands over a typed Program. `compiler` turns it into Python `ast` nodes and a code
  object (rooms in `generation`), `engine` runs that on one document and gives an `outcome`: the state,
  the event, the actions as plain data, every failure, and the lineage. `release` freezes a rule set
  under its hash once its tests (`testing`, `coverage`) are green; `diff` says in words what changed.
  `oracle` (rooms in `referee`) runs the same program by walking its tree: slow, simple, the referee.

Invariants
  Pure       no clock, no I/O, no randomness: what a run may know is in its Context. The same release,
             document and context give the same outcome, always.
  Bounded    loops take fuel, texts count against a budget; a run ends with an outcome, never by accident.
  Isolated   a failure is a value. Every field and rule fails by itself, all failures of a message are
             collected, and one that rejects leaves no action.
  Closed     no source text is generated; names of the code are the compiler's, user texts are constants,
             the code has no builtins.
  Explained  each output path leads back to input paths, lookup and table rows and a line of a module;
             marks are kept while running, words are made when somebody asks.
  Agreed     compiled code and referee give the same outcome, failures included; property tests hold it.
"""
