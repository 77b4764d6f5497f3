# Needs only make and Python 3.11 or newer; everything else goes into .venv.
# `make … PYTHON=python3.12 VENV=.venv-3.12` uses another interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# More than a small machine has cores: the tests spend half of their time waiting for processes.
WORKERS ?= 4
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-annotate pyproject.toml

# The tests start the bot a hundred times: it shouldn't compile its modules each time.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help sandbox test slow check lint types lock audit surfaces catalogue fast screenshot tour soak mutate matrix bench clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

sandbox: $(VENV)/run ## Try the product in a browser, without any account
	@$(BIN)/python -m sandbox $(ARGS)

test: $(VENV)/dev ## Run all the tests except the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow" $(ARGS)

slow: $(VENV)/dev ## Run the slow tests (kills, several processes)
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow $(ARGS)

fast: $(VENV)/dev ## Run the fast tests and the product's main path
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" tests/bot tests/genesys \
		tests/test_architecture.py tests/product/test_main_path.py $(ARGS)

check: lint types test ## Run lint, types and tests

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy bot genesys sandbox

lock: $(VENV)/dev ## Update the lock files from pyproject.toml
	$(COMPILE) $(ARGS) -o requirements.lock
	$(COMPILE) $(ARGS) --extra dev -o requirements-dev.lock

audit: $(VENV)/dev ## Look the locked versions up among the known vulnerabilities
	$(BIN)/python .ci/audit.py

catalogue: $(VENV)/run ## Collect what agents read, for translators, in bot/locale/proactive.pot
	$(BIN)/pybabel --quiet extract --sort-by-file --add-location=file --omit-header --no-wrap \
		-o bot/locale/proactive.pot bot genesys

surfaces: $(VENV)/run ## Print every view and message of the bot as JSON lines
	@$(BIN)/python -m bot surfaces

soak: $(VENV)/dev ## Kill bots at random under load: ARGS="--processes 3 --database postgresql"
	$(BIN)/python -m tests.crash.soak $(ARGS)

bench: $(VENV)/dev ## Measure the bot and what it's compared with: ARGS="ack quota --out FILE"
	$(BIN)/python -m benchmarks $(ARGS)

mutate: $(VENV)/dev ## Count how many planted bugs the fast tests catch: ARGS="--sample 20"
	$(BIN)/python -m tests.mutate $(ARGS)

matrix: $(VENV)/dev ## Kill a bot at every named point: ARGS="--kills 10 --database postgresql"
	$(BIN)/python -m tests.crash.matrix $(ARGS)

clean: ## Remove .venv and caches
	rm -rf .venv* .pytest_cache .mypy_cache .ruff_cache build *.egg-info

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "This needs Python 3.11 or newer: set PYTHON to one, such as PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is missing: on Debian install the package python3-venv"; exit 1; }
	@touch $@

# --no-compile: the SDK has thousands of modules, and the bot loads only a few.
$(VENV)/run: $(VENV)/python requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (about a minute, once) …"
	@$(PIP) install --quiet --no-compile --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps -e .
	@$(BIN)/python -c "import bot.app, sandbox.server"  # compiles only what it loads
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.lock
	@$(PIP) install --quiet --no-compile --require-hashes -r requirements-dev.lock
	@touch $@

screenshot: $(VENV)/dev ## Take the README's screenshot of the sandbox
	SCREENSHOT=docs/sandbox.png $(BIN)/python -m pytest tests/page/test_page_whole_way.py

tour: $(VENV)/dev ## Take the tour's screenshots
	mkdir -p docs/tour
	TOUR=docs/tour $(BIN)/python -m pytest tests/page/test_tour.py
