# fireinvest: set up, run and check. Every target may be repeated; what is done is not done again.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The checks run in their order, the cheap ones first.
.NOTPARALLEL:

# The pinned hashes are those of Python 3.11. Another place: make setup PYTHON=/path/to/python3.11
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
CODE := fireinvest config.py wsgi.py gunicorn.conf.py migrations tests benchmarks
CATALOGUES := fireinvest/translations

# Dozens of processes run the same code in the tests: each would compile it anew without this.
export PYTHONDONTWRITEBYTECODE :=

export HOST ?= 127.0.0.1
export PORT ?= 8000

.PHONY: help setup setup-dev system system-run run migrate test test-long check lint format types imports pytest \
	coverage pictures papers messages lock clean

help:  ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/run.stamp  ## virtual environment in .venv with the pinned packages

setup-dev: $(VENV)/dev.stamp  ## the same, with what the checks need

$(VENV)/bin/python:
	@if ! command -v "$(PYTHON)" >/dev/null; then \
		echo "Python 3.11 is missing ($(PYTHON) was not found)." >&2; \
		echo "On Debian 12, type: sudo apt-get install -y python3.11 python3.11-venv" >&2; \
		echo "Or name its place: make setup PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
		echo "$(PYTHON) is not a working Python 3.11, which the pinned packages need." >&2; exit 1; fi
	@if ! "$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "This Python cannot make virtual environments: its venv part is missing." >&2; \
		echo "On Debian 12, type: sudo apt-get install -y python3.11-venv" >&2; exit 1; fi
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

system:  ## the system packages that the tests need
	@tests/ensure_system_packages.sh

system-run:
	@tests/ensure_system_packages.sh run

migrate: setup  ## bring the database up to date, after a backup
	@$(BIN)/python -m fireinvest upgrade

run: system-run migrate  ## set up, load the demo once, then serve on HOST and PORT (127.0.0.1 and 8000)
	@if [ "$${FIREINVEST_ENV:-development}" != production ]; then \
		export FIREINVEST_DEMO="$${FIREINVEST_DEMO:-1}"; fi; \
	if [ "$${FIREINVEST_DEMO:-0}" != 0 ]; then $(BIN)/python -m fireinvest demo; fi; \
	exec $(BIN)/gunicorn --config gunicorn.conf.py wsgi:app

test: system setup-dev lint types imports pytest coverage  ## every check
	@echo "All checks passed."

lint: setup-dev  ## style and common mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup-dev  ## rewrite the code in the common style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

types: setup-dev  ## types, strictly
	$(BIN)/mypy --num-workers 2 --strict $(CODE)

imports: setup-dev  ## dependencies point one way
	$(BIN)/lint-imports

pytest: system setup-dev  ## the tests, on SQLite and PostgreSQL
	$(BIN)/pytest -n 2 --dist worksteal -m "not long" tests/regulation tests/workflow \
		--cov=fireinvest.regulation --cov=fireinvest.workflow --cov-report=
	$(BIN)/pytest -n 2 --dist worksteal -m "not long" \
		--ignore=tests/regulation --ignore=tests/workflow --ignore=tests/browser
	$(BIN)/pytest -n 3 --dist worksteal -m "not long" tests/browser

coverage: | $(VENV)/dev.stamp  ## was all of the rule and the workflow run by their own tests?
	@$(BIN)/coverage report --include='fireinvest/regulation/*,fireinvest/workflow/*' --fail-under=100

test-long: system setup-dev  ## the long sizes of the tests, and how much of all code the others run
	$(BIN)/pytest -n 2 --dist worksteal -m "not long and not browser" --cov --cov-report=
	@$(BIN)/coverage report --fail-under=95
	HYPOTHESIS_PROFILE=long $(BIN)/pytest -m long

pictures: system setup-dev  ## the pictures of README and guide, from the demo data
	$(BIN)/python -m tests.pictures

papers: system setup-dev  ## every paper of a demo case as Word, PDF and pictures, in build/papers
	$(BIN)/python -m tests.papers build/papers

check: setup-dev  ## security rules of the linter, and advisories against the packages (network)
	$(BIN)/ruff check --select S .
	$(BIN)/python -m tests.audit

messages: setup-dev  ## gather texts, update the Chinese catalogue and compile it
	@mkdir -p $(CATALOGUES)
	$(BIN)/pybabel -q extract -F babel.cfg --no-default-keywords -k _ -k gettext -k ngettext:1,2 \
		-k lazy_gettext -k Text -k _field -k item_field --add-location=file --sort-by-file \
		--project=fireinvest --header-comment="# Chinese texts of fireinvest." \
		-o $(CATALOGUES)/messages.pot .
	@if [ -f $(CATALOGUES)/zh/LC_MESSAGES/messages.po ]; then \
		$(BIN)/pybabel -q update -i $(CATALOGUES)/messages.pot -d $(CATALOGUES) -l zh --no-fuzzy-matching \
			--ignore-obsolete --ignore-pot-creation-date; \
	else $(BIN)/pybabel -q init -i $(CATALOGUES)/messages.pot -d $(CATALOGUES) -l zh; fi
	$(BIN)/pybabel -q compile -d $(CATALOGUES) -l zh --statistics

lock: setup-dev  ## pin the packages again, after a change of a .in file
	$(BIN)/pip-compile --quiet --generate-hashes --no-strip-extras --allow-unsafe --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --no-header -o requirements.txt requirements.in
	$(BIN)/pip-compile --quiet --generate-hashes --no-strip-extras --allow-unsafe --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --no-header -o requirements-dev.txt requirements-dev.in

clean:  ## remove what was made, but never the data in instance/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
