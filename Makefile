# `make help` lists the targets. Each makes sure of the set-up first; when nothing changed that costs milliseconds.
SHELL := /bin/sh
.DEFAULT_GOAL := help
python := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup up down demo test test-one check lint fmt types bench bench-billing bench-dedupe bench-fet bench-lead bench-scheduling bench-security bench-student bench-timetable bench-timetable-scale chaos chaos-billing oracles sim-ledger mutants-ledger replay-ledger protos web new-service audit-verify check-books verify-ledger inventory

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make the working copy ready; every other target does it too
	@sh tools/setup.sh

up: setup ## Start everything on this machine and print the address and who may sign in (BUS=amqp: with RabbitMQ)
	@$(python) -m tools.up start --bus "$(or $(BUS),direct)"

down: setup ## Stop all that `make up` started; the data stay
	@$(python) -m tools.up stop

demo: setup ## Fill the running installation with the demo chain (SEED=1 by default; RESET=1: begin anew)
	@$(python) -m tools.up demo --seed "$(or $(SEED),1)" $(if $(RESET),--reset)

test: setup ## Run every test with real PostgreSQL, RabbitMQ and Chromium
	@$(python) -m tools.test

test-one: setup ## Run one test file or test: make test-one T=tests/lead/test_leads.py
	@$(python) -m tools.test --only "$(or $(T),$(error say which: make test-one T=tests/lead))"

check: setup ## Check style, types, contracts and house rules, as CI does
	@$(python) -m tools.check

lint: setup ## Check style and house rules only
	@$(python) -m tools.check --only ruff,format,house,imports

types: setup ## Check types only
	@$(python) -m tools.check --only mypy

fmt: setup ## Format the Python code and apply safe fixes
	@$(python) -m ruff check --fix-only --quiet . && $(python) -m ruff format .

bench: setup ## Measure speed, each figure beside its limit, as JSON lines (N=name for one)
	@$(python) -m tests.bench $(N)

bench-billing: setup ## Measure a class that is charged beside others, a trial balance (LINES=10000000), a settled month (N=settlement)
	@LINES="$(LINES)" CONSUMPTIONS="$(CONSUMPTIONS)" N="$(N)" $(python) -m tests.bench.billing

bench-dedupe: setup ## Measure how well duplicates are found on labelled files, as JSON lines (DATA=folder)
	@DATA="$(DATA)" $(python) -m tests.bench.dedupe

bench-fet: setup ## Solve files of FET beside fet-cl, as JSON lines and a table (FILES="a.fet b.fet" SECONDS=60)
	@FILES="$(FILES)" SECONDS="$(SECONDS)" $(python) -m tests.bench.fet

bench-lead: setup ## Measure capture, lists, searches and import among millions of leads (ROWS=1000000 of one institution)
	@ROWS="$(ROWS)" $(python) -m tests.bench.lead

bench-scheduling: setup ## Measure a campus's week, conflict previews and roll calls among a million lessons (LESSONS=1000000)
	@LESSONS="$(LESSONS)" $(python) -m tests.bench.scheduling

bench-security: setup ## Measure a verified audit log and rotated keys (ROWS=1000000 KEYSETS=10000)
	@ROWS="$(ROWS)" KEYSETS="$(KEYSETS)" $(python) -m tests.bench.security

bench-student: setup ## Measure the screen of one student among many (STUDENTS=100000, 40 entries of a timeline each)
	@STUDENTS="$(STUDENTS)" $(python) -m tests.bench.student

bench-timetable: setup ## Solve curriculum-based timetables, as JSON lines and a table (DATA=folder SECONDS=300 ONLY=comp01,comp02)
	@DATA="$(DATA)" SECONDS="$(SECONDS)" ONLY="$(ONLY)" $(python) -m tests.bench.timetable

bench-timetable-scale: setup ## Plan and repair the weeks of whole chains, as JSON lines with their bars (SEEDS=1,2,3)
	@SEEDS="$(SEEDS)" $(python) -m tests.bench.timetable_scale

chaos: setup ## Kill components for minutes and count what is lost or doubled (SEED=1 EVENTS=20000 KILLS=80)
	@$(python) -m tests.chaos --seed "$(or $(SEED),1)" --events "$(or $(EVENTS),20000)" --kills "$(or $(KILLS),80)"

chaos-billing: setup ## Kill billing part by part while attendances and payments come in (SEED=1 KILLS=40)
	@$(python) -m tests.chaos.billing --seed "$(or $(SEED),1)" --kills "$(or $(KILLS),40)"

oracles: setup ## Compute published vectors of money with our rules, one JSON line a file (DATA=folder)
	@DATA="$(DATA)" $(python) -m tests.oracles

sim-ledger: setup ## Live through random commands of billing, every invariant after each (SEEDS=2000, SEED=n replays one)
	@$(python) -m tests.simulation.ledger --seeds "$(or $(SEEDS),2000)" $(if $(SEED),--seed $(SEED))

mutants-ledger: setup ## Plant bugs in billing one at a time; the simulation must notice each
	@$(python) -m tests.simulation.mutants

replay-ledger: setup ## Repeat and alter 10,000 commands of billing under their request ids; no row may come of it
	@$(python) -m tests.simulation.replay

protos: setup ## Generate code and the descriptor image from protos/
	@$(python) -m tools.protos

web: setup ## Build the console into gateway/web/dist
	@$(python) -m tools.web

new-service: setup ## Copy the shape of a service: make new-service n=library
	@$(python) -m tools.new_service "$(or $(n),$(error say its name: make new-service n=library))"

audit-verify: setup ## Recompute the audit chains of every service and check their signed checkpoints
	@$(python) -m tools.up audit-verify

check-books: setup ## Run the checks of a controller over the books of every institution
	@$(python) -m tools.up check-books

verify-ledger: setup ## Compare the rows of the books with their seals, and the seals with what was signed outside
	@$(python) -m tools.up verify-ledger

inventory: setup ## Write the data inventory: every personal column and field, its purpose, how it is erased
	@$(python) -m tools.inventory
