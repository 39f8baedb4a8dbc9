"""A small real ERP, QMS, WMS, supplier portal and purchasing system in one process.

It is what the example delivers to and what people try failures on: every POST below a system's name
is stored in a SQLite file of its own, an Idempotency-Key is honoured like a careful target would, and
`POST /control` makes a system slow, unreachable or wrong. It knows nothing of Mapwright.

    store.py    what arrived, and how each system is told to behave
    server.py   the HTTP side          page.py    the page for people

Invariants:
- One effect a key: the same key and body is answered like the first time and not stored twice.
- The same key with another body is refused (409): the sender has a fault.
"""
