"""Codec `x12`: ASC X12 interchanges as documents, one a transaction set.

Way of the data: bytes -> scan.py (segments, delimiters from ISA) -> envelope.py (interchange, group, set;
counts and control numbers) -> loops.py by guide.py (fields and loops) -> tree.py (HL) -> document. The way
back: encode.py (envelope) -> outgoing.py (order of the guide) -> text.py (values). Every fault is declared
in faults.py.
"""
