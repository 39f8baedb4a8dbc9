"""The shell: composes the pure core into an installation that people and machines use.

Two walks meet here. Design: a draft of a rule set is checked, tried, released and promoted
(`app.design`). A message: `app.runtime.intake` writes it with its lane in one transaction, a worker
(`app.worker`) is rung, `app.runtime.processing` runs the release on it and writes what has to happen,
`app.runtime.delivery` sends. `app.web`, `app.api` and `app.cli` are the doors to both.

Invariants:
- SQL is the record (`app.storage`); Redis carries doorbells (`app.jobs`) and may forget everything.
- Imports go one way: factory -> web|api -> wiring -> design|runtime -> storage -> settings.
- design, runtime, storage, jobs, worker and clock never import Flask.
"""
