"""One way to lay out a module: two spaces a block, one space between words, columns in line.

Only white space changes, and line breaks inside a statement stay where they are. Lines that do not
parse stay as they are written.
"""
