# Every target sets up what it needs by itself. Needed on the machine: Python 3.11 or newer, and a package
# registry that pip reaches by its own configuration.

SHELL = /bin/sh

# The interpreter that the environments are made with: the first that is new enough, or `make PYTHON=...`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)

VENV = .venv
BIN = $(VENV)/bin
MELTANO_VENV = .venv-meltano
MELTANO = $(MELTANO_VENV)/bin/meltano

# Stamps: each is newer than what it was made from, so that a second run is immediate.
READY = $(VENV)/.ready
MELTANO_READY = $(MELTANO_VENV)/.ready
PLUGINS_READY = .meltano/.ready

PIP_INSTALL = -m pip install --quiet --quiet --disable-pip-version-check
LOCK = $(MELTANO_VENV)/bin/uv pip compile --quiet --universal --upgrade --no-header --no-annotate \
  --python-version 3.11

# What the caller's shell holds for other projects, or for a real account, is kept out of all of this.
unexport VIRTUAL_ENV PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
unexport $(filter MELTANO_% TARGET_SQUADSTACK_% TAP_SQUADSTACK_%,$(.VARIABLES))

.PHONY: help demo test test-long test-quiet lint types architecture lock hub clean setup

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  make %-13s %s\n' "$$name" "$$text"; done

demo: setup ## Send 1,000 invented leads into a sandbox, and read what became of them.
	@MELTANO="$$PWD/$(MELTANO)" $(BIN)/python demo/run.py

test: setup ## Run the tests but the long ones, and report the coverage.
	@rm -f .coverage .coverage.*
	@MELTANO="$$PWD/$(MELTANO)" $(BIN)/python -m coverage run -m pytest -m 'not long and not quiet'; status=$$?; \
	$(BIN)/python -m coverage combine --quiet; $(BIN)/python -m coverage report && exit $$status

test-long: setup ## Run the tests that take minutes.
	@if $(BIN)/python -m pytest -m 'long and not quiet' --collect-only --quiet >/dev/null; test $$? -eq 5; then \
	  echo 'No test is marked long.'; \
	else \
	  MELTANO="$$PWD/$(MELTANO)" $(BIN)/python -m pytest -m 'long and not quiet'; \
	fi

test-quiet: setup ## Measure how much of the budget is used, on a machine that does nothing else.
	@$(BIN)/python -m pytest -m quiet

lint: $(READY) ## Check style and format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Check the types.
	$(BIN)/mypy

architecture: $(READY) ## Check which package may import which.
	$(BIN)/lint-imports

lock: $(MELTANO_READY) ## Find the newest versions that fit, and write them into locks/.
	$(LOCK) --group dev --extra postgres --extra receive --extra s3 --extra sandbox pyproject.toml --output-file locks/dev.txt
	echo 'meltano>=4.4,<5' | $(LOCK) - --output-file locks/meltano.txt

hub: $(READY) ## Write the definitions for MeltanoHub from meltano.yml.
	@$(BIN)/python hub/generate.py

clean: ## Remove the environments and everything else that was made here.
	rm -rf $(VENV) $(MELTANO_VENV) .venv-* .meltano .squadstack .coverage .coverage.* .mypy_cache .ruff_cache \
	  .pytest_cache .hypothesis .import_linter_cache dist htmlcov output responses.duckdb

setup: ## Make the environments, without running anything.
	@$(MAKE) --silent --jobs=2 $(READY) $(PLUGINS_READY)

$(READY): pyproject.toml locks/dev.txt
	@$(call make_environment,$(VENV))
	@echo 'Installing the connector and what its development needs ...'
	@$(BIN)/python $(PIP_INSTALL) -r locks/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

$(MELTANO_READY): locks/meltano.txt
	@$(call make_environment,$(MELTANO_VENV))
	@echo 'Installing Meltano ...'
	@$(MELTANO_VENV)/bin/python $(PIP_INSTALL) -r locks/meltano.txt
	@touch $@

$(PLUGINS_READY): meltano.yml pyproject.toml $(MELTANO_READY)
	@echo "Installing Meltano's plugins ..."
	@$(MELTANO) --log-level=warning install target-squadstack tap-squadstack tap-spreadsheets target-jsonl
	@touch $@

# $(call make_environment,FOLDER): an environment with pip, made anew if what lies there does not work.
define make_environment
$(1)/bin/python -m pip --version >/dev/null 2>&1 || { \
  '$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
    echo 'Python 3.11 or newer is needed. Install it, or say where it is: make PYTHON=/path/to/python3' >&2; exit 1; \
  }; \
  '$(PYTHON)' -m venv --clear $(1); \
}
endef
