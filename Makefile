# Mapwright: `make run` to see it work, `make test` to prove it, `make check` before a commit.
# Needs a system Python 3.11 or newer and make; everything else is fetched into .venv by the lock files.

SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet --quiet
# Tests start hundreds of processes: they need not compile everything anew, whatever the environment says.
PYTEST := PYTHONDONTWRITEBYTECODE= PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(PY) -m pytest -p xdist -p hypothesispytest
# Fast and telling ones first; those that wait in the middle, so that many short ones fill up what is left; the browser last,
# because it leaves an event loop running in its process.
TESTS ?= $(wildcard $(addprefix tests/,house dsl spec rules mutations faults fuzzing attacks connectors conformance golden cli app browser))
LOCKS := requirements.lock requirements-dev.lock

.DEFAULT_GOAL := help
.PHONY: help run test faults check fuzz soak endurance mutations agreement bench docs lock clean

help:
	@echo "make run          start everything, release the example, send its samples (ONCE=1: then stop and say how it went)"
	@echo "make test         all tests; TESTS=tests/dsl for a part"
	@echo "make faults       every fault that must be survived, at its full size: minutes of outage, 50,000 at once"
	@echo "make check        format, lint, types, import contracts, house rules"
	@echo "make fuzz         parser, checker, forms, codecs and engine on spoilt inputs; MINUTES=10 SEED=7"
	@echo "make soak         an installation at work while everything in it dies; MINUTES=60 SEED=7 DATABASE=sqlite RATE=20"
	@echo "make endurance    one core and 512 MB: steady load, then a burst of 50,000; MINUTES=10 RATE=20 BURST=50000"
	@echo "make mutations    1,000 single edits of the examples: what is said of them (writes docs/mutations.md)"
	@echo "make agreement    compiled code and referee on 20,000 generated programs"
	@echo "make bench        measured ratios against hand-written code and peers"
	@echo "make docs         write docs/reference from the declarations"

run: $(VENV)/runtime.stamp
	@exec $(PY) -m app.cli up --demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(VENV)/dev.stamp
	@mkdir -p var
	@MAPWRIGHT_BROWSER="$$(.ci/browser)" $(PYTEST) -n 3 --dist loadgroup --junitxml var/test.xml -rs $(TESTS)

check: $(VENV)/dev.stamp
	@$(PY) -m ruff format --check --quiet . || { echo "not formatted: run .venv/bin/python -m ruff format ." >&2; exit 1; }
	@$(PY) -m ruff check .
	@$(PY) -m mypy --strict -p dsl -p rules -p connectors
	@$(PY) -m mypy -p app
	@$(VENV)/bin/lint-imports
	@$(PYTEST) -q tests/house

faults: $(VENV)/dev.stamp
	@MAPWRIGHT_FULL_SIZE=1 MAPWRIGHT_WAITING=50000 $(PYTEST) -n 2 --dist loadgroup -rs tests/faults

fuzz: $(VENV)/dev.stamp
	@$(PY) -m tests.fuzzing.run --seconds $$(( $(or $(MINUTES),1) * 60 )) --seed $(or $(SEED),1)

soak: $(VENV)/dev.stamp
	@$(PY) -m tests.faults.soak.run --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) \
		--database $(or $(DATABASE),postgresql) --rate $(or $(RATE),12)

endurance: $(VENV)/dev.stamp
	@$(PY) -m tests.faults.soak.endurance --minutes $(or $(MINUTES),10) --rate $(or $(RATE),20) --burst $(or $(BURST),50000)

mutations: $(VENV)/dev.stamp
	@$(PY) -m tests.mutations.measure --edits 1000 --seed $(or $(SEED),1) --write docs/mutations.md

agreement: $(VENV)/dev.stamp
	@$(PY) -m tests.rules.agreement --programs 20000

bench: $(VENV)/bench.stamp
	@$(PY) benchmarks/run.py

docs: $(VENV)/runtime.stamp
	@$(PY) -m app.cli docs --write docs/reference

$(VENV)/python.stamp:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Mapwright needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -w . || { echo "no write permission in $(CURDIR): clone into a folder of yours" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment: on Debian and Ubuntu install python3-venv" >&2; exit 2; }
	@touch $@

$(VENV)/runtime.stamp: $(VENV)/python.stamp requirements.lock setup.cfg pyproject.toml
	@echo "Installing what requirements.lock names into $(VENV) ..." >&2
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements-dev.lock
	@echo "Installing what requirements-dev.lock names into $(VENV) ..." >&2
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

# Peers are only for comparing: where one can't be installed, the benchmarks say so and go on.
$(VENV)/bench.stamp: $(VENV)/dev.stamp benchmarks/peers.lock
	@$(PIP) install --require-hashes --no-deps -r benchmarks/peers.lock || echo "not all peers could be installed" >&2
	@mkdir -p var/bench
	@npm install --prefix var/bench --no-audit --no-fund --loglevel=error jsonata@2 node-red@4 >&2 || \
		echo "Node-RED and JSONata on node are not measured: they need node and npm" >&2
	@touch $@

# The locks name versions and hashes, never a registry: the machine's own configuration says where to fetch from.
lock: $(VENV)/dev.stamp
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
		--custom-compile-command "make lock" --extra build --extra test --extra check setup.cfg -o requirements-dev.lock
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
		--custom-compile-command "make lock" --extra build -c requirements-dev.lock setup.cfg -o requirements.lock
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
		--custom-compile-command "make lock" --extra bench -c requirements-dev.lock setup.cfg -o benchmarks/peers.lock

clean:
	@rm -rf $(VENV) var build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis
