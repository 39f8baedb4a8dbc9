"""From an edited file to the release that is live: the analysts' walk.

`rulesets` keeps the files and remembers who wrote each; `trials` checks them, runs samples and
tests without storing anything; `releases` cuts an immutable release from files without errors whose
tests pass, and compares two; `promotions` moves the live pointer of an environment along the chain
and back.

Invariants:
- The text of the files is the only truth; forms and tables edit it.
- A file is only written over by somebody who has seen its present content (etag).
- A release never changes; its id is the hash of its bytes; its authors are everybody who changed a
  file since the release before.
- Beyond environments that ask for no second person (dev, the analysts' own try-out), nobody moves a
  release that contains a change of theirs, and no stage is skipped. These rules live here, not in pages.
- Every move of a pointer is a compare-and-swap and leaves an audit row in the same transaction.
"""
