"""What changed between two programs, construct by construct: one module a kind of declaration.

Each gives sentences an analyst reads. White space, comments, the order of files and the order of
lines in a map never show.
"""
