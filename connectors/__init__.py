"""The edge: how bytes become plain documents and how bytes travel.

Purpose: a codec turns bytes into plain data and back (`decode`, `encode`); a transport carries bytes
(`source` brings them in, `sink` sends them out). Neither knows the language, the rules or the application,
and neither imports them.

Way of the data: source.poll -> Incoming.body -> codec.decode -> DecodedDocument.data -> (the application)
-> codec.encode -> Outgoing.body -> sink.send -> Receipt.

Invariants:
- A document is plain data: dict, list, str, bool, int, Decimal, date, datetime, None. Never float.
- A codec is pure: no I/O, no clock; every input ends in documents or in a DecodeError, within its declared
  limits.
- A fault that can be read past is data (contract.Fault); only a body that can't be read at all is an
  exception.
- A sink never raises for what the network or the target does; the Receipt says how the attempt ended, and
  `uncertain` is said wherever bytes may have arrived.
- Everything a person can set is declared once in a settings table; secrets are settings of kind `secret`.

A connector is one folder under codecs/ or transports/ with spec.py, its two directions, and a README. It is
found through the entry points `mapwright.codecs` and `mapwright.transports` (registry.py) and has to pass
the conformance suite in testing.py. contract.py says what both are, errors.py what may go wrong,
settings.py how settings are declared.
"""
