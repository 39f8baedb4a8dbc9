"""The language: what a rule set says, and what is wrong with it. Pure; knows nobody.

The way of a module:

    text --tree--> tokens and logical lines --lines--> nodes of one line --blocks--> module
         --checker (with schemas, manifest, lookups)--> Program, for `rules` to compile

and back: `forms` shows a module as JSON, `edits` turns a changed row into the least change of the
text, `printer` lays a module out, `completion` and `reference` tell what can be written.

What holds:

- The text is the only truth. Tokens joined are the text, byte for byte; a form owns nothing.
- The grammar (`grammar.lark`, LALR) reads one logical line at a time, as what may stand in the
  block around it; a keyword is one only where it can stand. So a broken line costs that line, and
  all findings of a file come in one pass.
- What is wrong is a `Diagnostic` with a code of `codes`, never an exception; exceptions
  (`errors`) are for wrong use and refused edits.
- Sizes are bounded: characters of a module, brackets and blocks inside each other, depth of an
  expression. Whoever walks a tree may recurse.
- Nodes are frozen and compared by identity; what is found out about them is kept beside them.
- Nothing here opens a connection, reads a clock or keeps state between calls.
"""
