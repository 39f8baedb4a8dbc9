"""Who may do what, and the proof of who did it.

People log in with a password (`passwords`, `accounts`) and carry a session (`sessions`) that the
server can end; machines carry a token (`tokens`). Both become somebody who `can(capability)`, read
from the one table in `permissions`. `csrf` and `headers` protect the pages, `throttle` the log-in,
`secrets` seals what connections need to know, and `audit` chains every deed to the one before.

Invariants: nothing secret is stored readable; a refusal never says which half was wrong; every
change of who may do what leaves an audit row in the same transaction. Only `sessions`, `csrf` and
`headers` know Flask, so that design and runtime may use the rest.
"""
