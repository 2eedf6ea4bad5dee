# What a developer does with OctoLLM. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
# A bootstrap environment of its own, so that syncing .venv never removes the tool that syncs it.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
export UV_PROJECT_ENVIRONMENT := $(VENV)

PACKAGES := servicekit orchestrator reflex arms gateway cli tools tests bench

.PHONY: help install demo up test fault check gen format lint typecheck bench clean

help: ## list what a developer does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(VENV)/.synced ## make .venv with everything locked in uv.lock

$(VENV)/.synced: pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "OctoLLM needs Python >= 3.11, $(PYTHON) is %d.%d: call make PYTHON=python3.12" % v[:2])'
	$(UV) sync --frozen --extra embedded --group dev --python $(PYTHON)
	@touch $@

.uv/bin/uv:
	@echo "uv is not installed: setting up $(UV_VERSION) in .uv/"
	@$(PYTHON) -m venv .uv || { echo "Python's venv module is missing: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }
	@.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

demo: install ## set up, run one real task end to end over REST, shut down
	$(BIN)/octollm demo

up: install ## start everything on the default ports (Ctrl-C stops it)
	$(BIN)/octollm serve all

test: install ## set up and run every test; one that fails is run once more, and fails when it fails again
	$(BIN)/pytest -n 2 --dist loadfile || { echo "once more, what failed:"; $(BIN)/pytest --last-failed --last-failed-no-failures none; }

fault: install ## break things for real, with 30 seeds a test
	OCTOLLM_FAULT_SEEDS=30 $(BIN)/pytest tests/fault

gen: install ## remake gen/ from proto/, and docs/openapi from the gateway
	$(BIN)/python tools/gen.py
	$(BIN)/python -m gateway.openapi --write docs/openapi

format: install ## rewrite Python and proto files in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/buf format -w proto

lint: install ## ruff, import contracts, buf lint and breaking, gen/ and docs/openapi up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python tools/gen.py --check
	$(BIN)/python -m gateway.openapi --check docs/openapi

typecheck: install ## pyright, strict
	$(BIN)/basedpyright --level error

check: lint typecheck ## everything a commit must pass but the tests

bench: install ## side-by-side measurements, with the peers of the bench group; BENCH=NAME for one
	$(UV) sync --frozen --extra embedded --group dev --group bench --python $(PYTHON)
	$(BIN)/python -m bench $(BENCH)

clean: ## remove what make made
	rm -rf $(VENV) .uv .pytest_cache .ruff_cache .hypothesis .import_linter_cache
