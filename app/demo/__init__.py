"""The example put to work in an embedded installation: what `make run` shows.

Way of the data: `people` and `setup` make accounts, environments and bindings to the sandbox, release
the rule set and promote it dev -> test -> prod as different people; `traffic` hands the samples in
through the real doors (HTTP and a watched folder) and waits; `result` says what became of each and
compares what the sandbox received with the expected outputs beside the samples.

Invariants:
- Nothing here has a door of its own: it calls what pages, API and command line call.
- It is repeatable: what is there already stays, also what people changed since.
- It only runs on a loopback address: the logins it prints are for the machine it runs on.
"""
