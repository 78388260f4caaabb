# SPDX-License-Identifier: Apache-2.0
# `make demo` runs a trained model through TVM, a template and the Project API.
# `make test` passes every test this machine has the tools for; CI runs the same.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')

.PHONY: demo test pytest server-pythons lint types format bench footprint fuzz wheel clean system-packages

demo: $(VENV)/.demo
	$(BIN)/microtvm demo

test: system-packages lint types pytest server-pythons

# A file's tests stay together: they share what was built for them.
pytest: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

server-pythons: $(VENV)/.dev
	@sh .ci/server-pythons $(BIN)/pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(C_FILES)

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(C_FILES)

bench: $(VENV)/.dev
	$(BIN)/python tests/bench/first_answer.py
	$(BIN)/python tests/bench/wire.py
	$(BIN)/python tests/bench/server_overhead.py

footprint: $(VENV)/.dev
	$(BIN)/python tests/bench/footprint.py

fuzz: $(VENV)/.dev
	MICROTVM_FUZZ_SECONDS=$${MICROTVM_FUZZ_SECONDS:-300} $(BIN)/python -m pytest -k fuzz --timeout 3600

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Compilers and emulators that pip cannot bring. Root on Debian gets them; others are told.
system-packages:
	@sh .ci/system-packages

# What is missing is named with the command that brings it, before pip says something longer.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "error: $(PYTHON) is older than Python 3.10; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "error: $(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# CMake and Ninja come as wheels only where the machine has none.
$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	@command -v $${CC:-cc} >/dev/null || \
		{ echo "error: no C compiler; on Debian and Ubuntu: apt-get install gcc libc6-dev"; exit 1; }
	@echo "Installing into $(VENV) (the first time takes a minute or two)"
	@extra=demo-without-tools; \
	for tool in cmake ninja; do command -v $$tool >/dev/null || extra=demo; done; \
	$(PIP_INSTALL) --editable ".[$$extra]"
	@touch $@

# labgrid has an environment of its own, as it brings another package `serial`; its programs are linked.
$(VENV)/.dev: $(VENV)/.demo
	@( $(PYTHON) -m venv --without-pip $(VENV)/labgrid && \
		$(subst install,--python $(VENV)/labgrid install,$(PIP_INSTALL)) labgrid && \
		ln -sf ../labgrid/bin/labgrid-client ../labgrid/bin/labgrid-coordinator ../labgrid/bin/labgrid-exporter $(BIN) || \
		echo "note: labgrid cannot be installed: its tests are skipped" ) & \
	$(PIP_INSTALL) --editable ".[dev]" && wait
	@touch $@
