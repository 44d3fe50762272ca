# Every target sets up what it needs by itself: a virtual environment in .venv, a Postgres in .local.
.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test soak mutants test-fast serve openapi schema invoke reconcile redrive psql check audit hooks format build artefacts db sam-local bench bench-readme preflight verify seed console-upload setup-times clean mine browser pictures

# The first interpreter that runs and is new enough; a shim of a version manager may be there and not run.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv/bin
PORT ?= 8000
MINUTES ?= 5
FUNCTION ?= track_usage
STAGE ?= dev
STACK ?= campaign-billing
EVENT ?= events/$(FUNCTION).json
# Collecting the other folders takes longer than running these.
RULES := $(addprefix tests/,invoices pricing signals terms usage test_architecture.py test_bundles.py test_money.py test_periods.py)
LAYER := $(addprefix layers/billing/,requirements.txt pyproject.toml billing/__init__.py)
PIP := -m pip --disable-pip-version-check --quiet
# The lists hold every dependency with its hash, so that pip has nothing to resolve.
LOCKED := $(PIP) install --no-deps --require-hashes --requirement

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/run  ## a sample month of all five pricing models, its statements and invoices
	@$(VENV)/python -m demo

demo-reset: .venv/run  ## empty the embedded database, so that the demo begins anew
	@$(VENV)/python -m demo.reset

test: .venv/test browser  ## the whole test suite, against a real Postgres (ARGS="-k name" for a part)
	@$(VENV)/python -m pytest $(if $(ARGS),$(ARGS),-n auto --dist loadfile --cov)

soak: .venv/test  ## the promises tried at length, 25 minutes on two cores (MINUTES=1 for a fifth, PARTS="model load", SEED=7)
	@$(VENV)/python -m tests.soak $(or $(MINUTES),5) $(PARTS)

mutants: .venv/test  ## faults made by hand, each put into a copy, and whether a test finds it (ARGS="invoices money" for some)
	@$(VENV)/python -m tests.mutants $(ARGS)

test-fast: .venv/test  ## the rules alone, without a database or a server
	@HYPOTHESIS_PROFILE=fast $(VENV)/python -m pytest -p no:schemathesis -m "not database and not slow" $(RULES)

serve: .venv/run  ## the HTTP API and the console on 127.0.0.1:$PORT (8000)
	@PORT=$(PORT) $(VENV)/python -m local.serve

schema: .venv/run  ## docs/schema.sql, from the migrations
	@$(VENV)/python -m local.tools.schema

browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name > /dev/null && exit 0; done; \
	if [ $$(id -u) = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing Chromium, for the tests of the console (once) …" >&2; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium > /dev/null && exit 0; fi; \
	echo "Chromium is missing, so the tests of the console are skipped; as root: apt-get install chromium" >&2

pictures: .venv/test browser  ## the pictures in docs/console, from the demo
	@$(VENV)/python -m local.tools.pictures

openapi: .venv/run  ## openapi.json, from the handlers
	@$(VENV)/python -m local.tools.openapi

invoke: .venv/run  ## one handler on one event: FUNCTION=track_usage EVENT=events/track_usage.json
	@$(VENV)/python -m local.invoke $(FUNCTION) $(EVENT)

reconcile: .venv/run  ## every company's books against the ledger, as a table
	@$(VENV)/python -m local.reconcile

redrive: .venv/run  ## send the dead letters of the usage queue again, once their causes are mended (STACK=campaign-billing)
	@$(VENV)/python -m local.redrive $(STACK)

psql: .venv/run  ## an SQL prompt on the database (ARGS="-c 'SELECT …'" for one query)
	@$(VENV)/python -m local.psql $(ARGS)

check: .venv/check .venv-sam/sam .venv-scan/scan  ## format, lint, types, SQL lint, template lint, security scan
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/sqlfluff lint --quiet --disable-progress-bar layers
	@$(VENV)/cfn-lint template.yaml
	@SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam validate --lint
	@.venv-scan/bin/checkov --config-file .checkov.yaml
	@echo "All checks passed."

audit: .venv-scan/scan  ## the pinned packages against PyPI's list of vulnerabilities, which needs the network
	@.venv-scan/bin/pip-audit --strict --disable-pip --require-hashes $(addprefix --requirement=,$(wildcard requirements/*.txt)) || \
		{ echo "Not passed. A vulnerable package is listed above; otherwise PyPI's data could not be fetched." >&2; exit 1; }

hooks: .venv/check  ## let git run the quick checks before each commit
	@$(VENV)/pre-commit install

format: .venv/check  ## put the code into its format
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

build: .venv-sam/sam .venv-sbom/sbom  ## sam build, with precompiled bytecode, and .aws-sam/sbom.json (CycloneDX)
	@bash local/artefacts/build.sh

# What the tests of the built artefacts, sam-local and bench ask for by themselves.
artefacts: .venv-lambda/lambda build

db: .venv/run  ## the database of env.json, for sam local, until you stop it
	@$(VENV)/python -m local.artefacts.sam_database

sam-local: .venv/run  ## every function and route in a container, by the SAM CLI
	@$(VENV)/python -m local.artefacts.sam_local

bench: .venv/run  ## the benchmarks, each beside its limit (QUICK=1; STRICT=1 fails where a target is missed)
	@QUICK=$(QUICK) STRICT=$(STRICT) $(VENV)/python -u -m benchmarks

bench-readme: .venv/run  ## the README's table, from the latest run in benchmarks/results
	@$(VENV)/python -m benchmarks.report

preflight: .venv/run  ## STAGE=dev: what would fail a deployment, before anything is built
	@$(VENV)/python -m local.stage.preflight $(STAGE)

verify: .venv/run  ## STAGE=dev: whether what is deployed works (TOKEN=… asks the routes with it)
	@$(VENV)/python -m local.stage.verify $(STAGE)

console-upload: .venv/run  ## STAGE=dev: the console's files and configuration to the stage's CloudFront
	@$(VENV)/python -m local.stage.console $(STAGE)

seed: .venv/run  ## STAGE=dev: the demo's portfolio and usage in a stage that takes them
	@$(VENV)/python -m local.stage.seed $(STAGE)

setup-times:  ## what demo, check, test-fast and test take in a fresh clone, first and again (TARGETS="demo" for some)
	@bash local/tools/setup_times.sh $(TARGETS)

clean:  ## remove the virtual environments, the Postgres and its data
	@[ ! -e .local ] || $(PYTHON) -c 'from local import postgres; postgres.remove()'
	@rm -rf $(MADE) 2>/dev/null || { echo "Another user made a part of it: sudo make clean" >&2; exit 1; }

# A folder's name is no target, and make would say that there is nothing to be done for it.
FOLDERS := $(filter-out demo,$(patsubst %/,%,$(wildcard */)))
.PHONY: $(FOLDERS)
.DEFAULT $(FOLDERS):
	@echo "There is no target $@; make help lists them." >&2; exit 2

# Root and another user would each leave what the other cannot run or remove.
MADE := .venv .venv-sam .venv-scan .venv-sbom .venv-lambda .local .aws-sam
mine:
	@[ -w . ] || { echo "The folder $$PWD cannot be written by $$(id -un); clone it to one that can." >&2; exit 1; }
	@for folder in $(MADE); do if [ -e $$folder ] && [ ! -O $$folder ]; then \
		echo "$$folder was made by $$(stat -c %U $$folder), not by $$(id -un); remove what was made once: sudo make clean" >&2; \
		exit 1; fi; done

.venv/made: | mine
	@$(call make_venv,.venv)
	@touch $@

.venv/run: .venv/made requirements/run.txt $(LAYER) | mine
	@echo "Installing what the handlers need …" >&2
	@$(VENV)/python $(LOCKED) requirements/run.txt
	@$(VENV)/python $(PIP) install --no-deps --editable layers/billing
	@touch $@

.venv/test: .venv/run requirements/test.txt
	@echo "Installing what the tests need …" >&2
	@$(VENV)/python $(LOCKED) requirements/test.txt
	@touch $@

.venv/check: .venv/test requirements/check.txt
	@echo "Installing what the checks need …" >&2
	@$(VENV)/python $(LOCKED) requirements/check.txt
	@touch $@

.venv-sam/sam: requirements/sam.txt | mine
	@$(call make_venv,.venv-sam)
	@echo "Installing the SAM CLI …" >&2
	@.venv-sam/bin/python $(LOCKED) requirements/sam.txt
	@touch $@

.venv-scan/scan: requirements/scan.txt | mine
	@$(call make_venv,.venv-scan)
	@echo "Installing the security scan …" >&2
	@.venv-scan/bin/python $(LOCKED) requirements/scan.txt
	@touch $@

.venv-sbom/sbom: requirements/sbom.txt | mine
	@$(call make_venv,.venv-sbom)
	@echo "Installing what makes the bill of materials …" >&2
	@.venv-sbom/bin/python $(LOCKED) requirements/sbom.txt
	@touch $@

.venv-lambda/lambda: requirements/lambda.txt | mine
	@echo "Setting up the Python of the Lambda runtime in .venv-lambda (once) …" >&2
	@python=$$(bash local/artefacts/python.sh) && $$python -m venv .venv-lambda
	@.venv-lambda/bin/python $(LOCKED) requirements/lambda.txt
	@touch $@

define make_venv
if ! $(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "Python 3.11 or newer is needed; install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
echo "Setting up a Python environment in $(1) (once) …" >&2; \
$(PYTHON) -m venv $(1) || { echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
endef
