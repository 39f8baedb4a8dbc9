"""What keeps intake within what the installation can carry: limits, a database that suffers, a full disk.

Way of a call: `gate.peek` before anything of it is read, from what this process remembers; `gate.admit` once
it is known how many messages it brings, with buckets of tokens and counts of what waits; `pulse` around the
transaction that stores it. `Gate.look` refreshes limits, counts and disk once a second, outside every call.

Invariants: a call that is let in or refused costs no query for that; nothing that was accepted is touched;
who is refused hears when to come again.
"""
