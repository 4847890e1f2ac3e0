# Two commands do everything on a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo test browser lint format lock docs screenshots bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

setup: $(VENV)/.installed ## make the virtual environment with the exact, hash-checked packages

$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Parley needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Give another one: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

demo: setup ## crawl the embedded newsroom twice and show what came of it
	$(BIN)/scrapy demo

test: setup ## run every test
	$(BIN)/python -m pytest -n auto --dist worksteal

browser: ## install Chromium for the tests of the site's pages (Debian, as root; else they are skipped)
	@command -v chromium chromium-browser google-chrome > /dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && apt-get update -qq \
		&& apt-get install -y -qq --no-install-recommends chromium; } \
		|| echo "no Chromium here: the tests in tests/browser are skipped"

lint: setup ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## let ruff mend style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## write the generated pages of docs/ anew
	$(BIN)/python -m db.schema > docs/schema.md

lock: setup ## pin the newest packages pyproject.toml allows (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--extra dev --upgrade --quiet pyproject.toml -o requirements.lock

screenshots: setup ## take the pictures of the README anew (needs Chromium: `make browser`)
	$(BIN)/python -m tests.browser.screenshots

bench: setup ## measure against the replayed newsroom and the peers (docs/benchmarks.md)
	$(BIN)/python -m benchmarks.throughput

clean: ## remove what the targets above made
	rm -rf $(VENV) .bench demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
