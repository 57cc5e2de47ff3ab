# Everything sets itself up on first use: see tools/bootstrap.py.
PYTHON ?= python3
BIN := .venv/bin
# The tests of a file share what is expensive to make, so they go to one process; in the order of files, which
# leaves short ones to the end. TensorFlow takes about 1 GB in each process.
PARALLEL := -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test coverage check lint types imports format lock clean environment dev-environment

help: ## show this
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

demo: environment ## run the program on the built-in clip
	@$(BIN)/agecam demo

# Else each of the hundred processes that tests start compiles the program again, where this is set.
test coverage: export PYTHONDONTWRITEBYTECODE :=

test: dev-environment ## run all tests, one process a core
	@$(BIN)/python -m pytest $(PARALLEL)

coverage: dev-environment ## run all tests, then hold line coverage to its floors
	@$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=
	@$(BIN)/python tools/check_coverage.py

check: lint types imports test ## everything that a change must pass

lint: dev-environment ## ruff: mistakes and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: dev-environment ## mypy --strict
	@$(BIN)/mypy

imports: dev-environment ## import-linter: who may import whom
	@$(BIN)/lint-imports

format: dev-environment ## bring all Python files into ruff's format
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# All extras but train-gpu, whose CUDA libraries are gigabytes that no test needs.
lock: ## resolve the dependencies of pyproject.toml again, into both lock files (needs uv)
	$(LOCK) --upgrade --extra train --extra onnx --extra dask --group dev --output-file requirements-dev.lock
	$(LOCK) --constraints requirements-dev.lock --output-file requirements.lock

clean: ## remove what was built and installed here
	rm -rf .venv .tools build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
		.coverage .coverage.*
	find agecam train tests tools assets benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@$(PYTHON) tools/bootstrap.py run

dev-environment:
	@$(PYTHON) tools/bootstrap.py dev
