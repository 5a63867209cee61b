# The everyday commands. Scripts of more than a line live in .ci/ and may be called by hand.
# PORT, ARGS, PART and DATABASE_URL may be given: make run PORT=8001 · make test ARGS="tests/cases -x" · make check PART=static

PORT ?= 8000
ARGS ?=
PART ?=
# One more than processors, for many tests wait for other processes. A file stays together (tests/order.py).
PYTEST = .venv/bin/pytest -n $(shell .ci/workers) --dist loadfile --no-loadscope-reorder
LOCK = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# Compiled once: the tests start the project two hundred times.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test check coverage format css images lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

install: ## .venv with everything to develop and test (skipped when the lock has not changed)
	@.ci/install dev

# No shell in between: it would answer Ctrl+C with a complaint of its own.
run: export PORT := $(PORT)
run: ## the application with demo data on http://127.0.0.1:8000 (PORT=… for another)
	@.ci/serve

# SQLite whatever .env says; the same suite on PostgreSQL is part of `make check`.
test: export DATABASE_URL = sqlite://:memory:
test: ## the tests, on SQLite (ARGS=… is handed to pytest)
	@.ci/install dev
	$(PYTEST) $(ARGS)

check: ## everything CI looks at: style, types, layers, templates, settings, CSS, tests on SQLite and on PostgreSQL
	@.ci/check $(PART)

coverage: ## how much of the code the tests take (90 % of branches or more)
	@.ci/coverage

format: ## Python and template syntax, in place
	@.ci/install dev
	.venv/bin/ruff check --fix-only --quiet .
	.venv/bin/ruff format --quiet .
	find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 {} +

css: assets/node_modules/.package-lock.json ## static/css/ from assets/*.css (needs node)
	cd assets && npm run --silent css

images: ## the PNG forms of static/images/*.svg (needs Chromium)
	@.ci/install dev
	.venv/bin/python assets/draw.py

assets/node_modules/.package-lock.json: assets/package-lock.json
	cd assets && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# dev is the widest; the other two are held to its versions, so that what runs is what was tested.
lock: ## requirements/*.txt from requirements/*.in (UPGRADE=1 also moves what is not pinned there)
	@.ci/install dev
	$(LOCK) requirements/dev.in --output-file requirements/dev.txt
	$(LOCK) --constraints requirements/dev.txt requirements/production.in --output-file requirements/production.txt
	$(LOCK) --constraints requirements/dev.txt requirements/base.in --output-file requirements/base.txt
