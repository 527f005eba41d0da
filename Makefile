# `make help` lists what there is. ARGS goes to the program that a target runs: make test ARGS='-k journal -x'

PYTHON ?=
VENV ?= .venv
PY := $(VENV)/bin/python
ARGS ?=
UV ?= uv

STAMP := $(VENV)/.installed
# Folders with Python code that is checked; mypy refuses one that has none yet.
CODE := $(foreach folder,runner tests examples bench scripts,$(if $(shell find $(folder) -name '*.py' 2>/dev/null),$(folder)))
PYTEST := $(PY) -m pytest -n auto --maxprocesses 4 --dist loadgroup

# Where Debian keeps sshd, losetup and mkfs.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
export PYTHON PY

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help packages setup demo test check check-format check-lint check-types check-imports format docs docs-check \
	wheel test-wheel lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

packages:
	@bash scripts/setup.sh packages

$(STAMP): constraints.txt pyproject.toml scripts/setup.sh | packages
	@bash scripts/setup.sh venv $(VENV)
	@touch $@

setup: packages $(STAMP) ## make .venv with all that is pinned; as root on Debian also install missing system packages

demo: setup ## break practice targets on this machine and mend them
	@$(PY) -m examples.demo $(ARGS)

test: setup ## run all tests; VMFIX_REQUIRE_REAL=1 fails where real parts are missing
	@$(PYTEST) $(ARGS)

check: setup check-format check-lint check-types check-imports ## formatting, lint, types, import direction

check-format: setup
	@$(PY) -m ruff format --check $(CODE)

check-lint: setup
	@$(PY) -m ruff check $(CODE)

check-types: setup
	@$(PY) -m mypy $(CODE)

check-imports: setup
	@$(VENV)/bin/lint-imports --no-logo

format: setup ## format the code and fix what can be fixed safely
	@$(PY) -m ruff format $(CODE)
	@$(PY) -m ruff check --fix $(CODE)

docs: setup ## write the generated pages and schemas again
	@$(PY) scripts/generate_docs.py

docs-check: setup ## fail if a generated page or schema is not what the code says
	@$(PY) scripts/generate_docs.py --check

wheel: setup ## build the wheel into dist/
	@rm -rf dist
	@$(PY) -m hatchling build --target wheel --directory dist

test-wheel: setup ## run the unit and CLI tests against the installed wheel, with the sources out of the way
	@bash scripts/test_wheel.sh $(ARGS)

lock: ## resolve the dependencies again and write constraints.txt (needs uv)
	$(UV) --no-config pip compile pyproject.toml --group dev --extra credssp --extra keyring --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
		--quiet --output-file constraints.txt

clean: ## remove what was built and cached; .venv stays
	@rm -rf build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find bench examples runner scripts tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
