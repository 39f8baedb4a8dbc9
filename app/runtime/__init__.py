"""A message's walk: intake, lanes, processing, delivery, recovery.

Way of the data: `intake.accept` writes bodies, messages and lanes in one transaction and rings;
`processing.drain` claims lanes, runs the pinned release outside any transaction and commits under
the lane's fence: outcome, outbox, events, states; `delivery.deliver` claims outbox lanes, sends the
stored bytes and writes what became of each attempt; `recovery` is what people do about failures.

Invariants:
- Nothing is acknowledged before it is durable; nothing is sent that was not committed.
- A lane has one worker at a time (lease), and a worker that lost it writes nothing (fence).
- One effect a ledger key, whatever dies; messages and deliveries of an ordered lane keep their order.
- `states.py` is the only place that knows which state may follow which.
"""
