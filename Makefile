# Everything a newcomer types. Needs git, make and python3-venv; nothing else is installed outside this folder,
# except by `make test` as root (Chromium, fonts, PostgreSQL: the system's packages).

SHELL := /bin/sh
BIN := .venv/bin
PYTHON := $(BIN)/python
ifndef SEED
SEED := $(shell date +%s)
endif
export AMANA_TEST_SEED := $(SEED)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run demo test test-full check check-static check-web format docs lock wheel wheelhouse clean
.PHONY: web install install-dev system-packages

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: install web ## Start Amana on this machine and print the set-up link
	@exec $(BIN)/amana serve

demo: install web ## Start a throw-away company of 20 people in four languages
	@exec $(BIN)/amana demo

test: install-dev system-packages web check-static check-web ## What CI runs: all checks and tests
	@echo "Seed: $(SEED)   (the same run again: make test SEED=$(SEED))"
	@$(PYTHON) scripts/build_web.py test
	@$(PYTHON) -m pytest -m "not full" --hypothesis-seed=$(SEED)

test-full: install-dev system-packages web check-static check-web ## Everything, with the long runs and the comparison with other servers
	@echo "Seed: $(SEED)   (the same run again: make test-full SEED=$(SEED))"
	@$(PYTHON) scripts/build_web.py test
	@$(PYTHON) -m bench.run --large
	@$(PYTHON) -m pytest --hypothesis-seed=$(SEED)

check: install-dev ## Style, types, ranks, sizes, texts and documentation
	@scripts/check.sh
	@$(PYTHON) scripts/build_web.py lint typecheck

check-static: install-dev
	@scripts/check.sh static

check-web: install-dev
	@$(PYTHON) scripts/build_web.py lint typecheck

format: install-dev ## Lay out all Python code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: install-dev ## Write the generated reference pages again
	@$(PYTHON) -m scripts.write_docs

wheel: install-dev ## Build the installable package, web client inside, into dist/
	@$(PYTHON) -m hatchling build -t wheel

wheelhouse: install-dev ## Put the package and all it needs into dist/wheelhouse, for a machine without a network
	@$(PYTHON) scripts/wheelhouse.py

lock: install-dev ## Write the lock files again (UPGRADE=--upgrade for newer versions)
	@scripts/lock.sh

web: install
	@$(PYTHON) scripts/build_web.py

install:
	@scripts/bootstrap.sh run

install-dev:
	@scripts/bootstrap.sh dev

system-packages:
	@scripts/system_packages.sh

clean: ## Remove what was installed and built; data in var/ stays
	rm -rf .venv .bootstrap dist web/node_modules web/dist src/amana/app/static
