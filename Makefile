# Everything runs in .venv, which is made from requirements.lock on first use.
# `make help` lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first of these that is recent enough; `make PYTHON=/path/to/python test` says otherwise.
RECENT := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$python" -c '$(RECENT)' 2>/dev/null && { echo "$$python"; break; }; done)
WORKERS ?= 2

BIN := .venv/bin
READY := .venv/.ready
CODE := src tests $(if $(wildcard bench/*.py),bench)
STYLED := $(CODE) $(wildcard examples)
UV := $(BIN)/uv
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## make .venv from the lock, if it is not there or is out of date

# A usable environment is kept and brought in line; one that cannot run is made anew.
KERNELS := src/mooring/profiling/counting/kernels.c
$(READY): requirements.lock pyproject.toml $(KERNELS)
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c '$(RECENT)' 2>/dev/null; then \
		echo "Mooring needs Python 3.11 or newer; $(if $(PYTHON),'$(PYTHON)' is not,none was found)." >&2; \
		echo "Install one, or say where it is: make PYTHON=/path/to/python3.11 $(or $(MAKECMDGOALS),setup)" >&2; \
		exit 1; fi
	@$(BIN)/python -m pip --version >/dev/null 2>&1 && $(BIN)/python -c '$(RECENT)' \
		|| "$(PYTHON)" -m venv --clear .venv \
		|| { echo "'$(PYTHON)' cannot make a virtual environment: install its venv module" >&2; \
			echo "(on Debian and Ubuntu the package is python3-venv)." >&2; exit 1; }
	@echo "setting up .venv from requirements.lock ..."
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: $(READY) ## train, serve, drift and retrain on the data that ships with the package
	@$(BIN)/mooring demo

.PHONY: test
test: lint ## every check and every test, as continuous integration runs them
	$(PYTEST) --numprocesses $(WORKERS) --dist worksteal

.PHONY: fast
fast: $(READY) ## the unit tests only
	$(PYTEST) -q tests/unit

.PHONY: lint
lint: $(READY) ## style, types and layers
	$(BIN)/ruff check $(STYLED)
	$(BIN)/ruff format --check $(STYLED)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

.PHONY: format
format: $(READY) ## rewrite the code in the house style
	$(BIN)/ruff check --fix-only $(STYLED)
	$(BIN)/ruff format $(STYLED)

.PHONY: golden
golden: $(READY) ## write the golden files anew; look at the diff before committing it
	$(PYTEST) --golden

.PHONY: bench
bench: $(READY) ## every measurement under bench/
	@set -e; for file in $(sort $(wildcard bench/[a-z]*.py)); do \
		echo "== $$file"; $(BIN)/python "$$file"; done

.PHONY: lock
lock: $(READY) ## resolve the dependencies anew and write requirements.lock
	$(UV) pip compile --quiet --universal --upgrade --fork-strategy fewest --python-version 3.11 \
		--generate-hashes --group dev --custom-compile-command "make lock" \
		--no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml

.PHONY: clean
clean: ## remove .venv, caches and build output; never .mooring
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
