# A newcomer's two commands are `make demo` and `make test`. They need make and Python 3.11 or
# newer, and put all else into the folder .venv.

BIN := .venv/bin
WORKERS ?= 2
PYTHON ?= $(firstword $(foreach name,python3.11 python3 python3.12 python3.13 python3.14,$(shell \
    $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))

.DEFAULT_GOAL := help
.PHONY: help env demo test test-drill test-science test-server drill lint format docs drawing bench bench-fit clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: env ## Go the whole way, from simulated spectra to a published release; ARGS="--size medium" for more stars.
	$(BIN)/starledger demo $(ARGS)

test: env ## Run all tests but the drill and the science; ARGS="-k embedded" picks some, WORKERS=4 runs four at a time.
	STARLEDGER_DATABASE_URL= OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadscope \
	    -m "not drill and not science" $(ARGS)

test-drill: env ## Run the drill at small size, as a test.
	STARLEDGER_DATABASE_URL= $(BIN)/pytest -m drill tests/compute/work

test-science: env ## Go whole ways from a simulated survey to a release, and compare with the truth; kill the demo.
	STARLEDGER_DATABASE_URL= OMP_NUM_THREADS=1 $(BIN)/pytest -m science tests/test_realistic_arm.py \
	    tests/test_tutorial.py tests/catalog/demo $(ARGS)

test-server: env ## Run the integration tests on the server of STARLEDGER_DATABASE_URL.
	@test -n "$$STARLEDGER_DATABASE_URL" || { echo "Set STARLEDGER_DATABASE_URL to a server \
	whose user may create databases and roles." >&2; exit 2; }
	$(BIN)/pytest -n $(WORKERS) --dist loadscope -m integration --ignore=tests/schema/embedded $(ARGS)

drill: env ## Kill whatever fits, FAULTS=200 times, and count what became of each visit.
	$(BIN)/python -m tests.compute.work.drill --faults $(or $(FAULTS),200)

lint: env ## Check style, format and types.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy docs
	$(BIN)/pyright

format: env ## Bring the code into its format.
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

docs: env ## Build the documentation into docs/_build/html; a warning is an error.
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html
	@echo "The documentation is in docs/_build/html/index.html."

drawing: env ## Draw anew who imports whom, for the page on the architecture.
	$(BIN)/python docs/import_drawing.py

bench: env ## Run the benchmarks.
	@for file in benchmarks/*.py; do \
	    test -e "$$file" || { echo "There are no benchmarks yet."; break; }; \
	    echo "== $$file"; $(BIN)/python "$$file" || exit; \
	done

bench-fit: env ## Compare the speed and the depth of fits with curve_fit.
	$(BIN)/python benchmarks/fit.py

clean: ## Remove all that make made: environment, caches, the built documentation.
	rm -rf .venv build dist src/*.egg-info docs/_build docs/reference/generated
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

env: .venv/complete ## Make the environment, or renew it when its requirements have changed.

.venv/complete: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "There is no Python 3.11 or newer. Install it, or name it: \
	make PYTHON=/path/to/python3." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make \
	environments. Install its venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2; \
	exit 2; }
	@echo "Making the environment .venv; this takes a minute or more."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt \
	    --build-constraint constraints.txt \
	    --group test --group lint --group docs --group build --editable .
	@touch $@
