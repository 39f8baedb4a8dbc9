"""The referee: the meaning of the language by plain tree walking, as short as it can be written.

Nothing of the generated code is used here: control flow, tables (row by row), lookups (row by row),
failures, policies and lineage are written a second time, for reading rather than for speed. Shared
with the engine are only the functions of the language, the arithmetic of amounts and the reading of
documents, which have tests of their own. Property tests hold the two against each other; the test
runner uses the referee for what tests expect.
"""
