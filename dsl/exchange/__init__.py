"""What other tools hold, as text of a module and back: DMN, CSV, XLSX, XSD, samples. Pure: bytes in, text out.

The way in:

    DMN --dmn_reading--> TableContent --writing--> text of a module
    CSV, XLSX --sheets--> rows of texts --sheet_reading--> TableContent or LookupContent --writing--> text
    XSD --xsd--> JSON Schema;  samples or a header with rows --inference--> a proposed JSON Schema

and back: `reading` takes a table or lookup out of a module, `dmn_writing` and `sheet_writing` lay it out.

What holds:

- Out and in again is the same table: policy, types, row ids, cells, default, comments.
- What has no equal on the other side is refused by name and place, never bent to fit; every fault of a
  file in one error.
- What is written parses: a text that would not is refused instead of handed over.
- XML is read without any DOCTYPE, archives by their expanded size; nothing is fetched, no other file is
  opened than those handed over.
- A cell that a spreadsheet would take for a formula is escaped on the way out and warned of on the way in.
"""
