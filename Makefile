# Two commands do everything on a fresh machine with Python 3.11 or later: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types bench wheel requirements clean

# The main job on a simulated sky: four surveys in, matched, questioned, exported, plotted. Results in ./demo.
demo: .venv/ready
	$(BIN)/skyband demo --folder demo

test: lint types
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy
	$(BIN)/mypy tests

# Speed and memory against the peers that are installed (astropy always; STILTS, LSDB and ACID when present;
# DaCHS too where it is run as root, which sets one up for the run).
# Options go into BENCH: make bench BENCH="--large --repeat 3"
bench: .venv/ready
	$(BIN)/python tests/benchmarks/run.py $(BENCH)

wheel: .venv/ready
	rm -rf dist build
	$(BIN)/python -m build --no-isolation --outdir dist .

# One environment, exactly the pinned and hashed packages.
.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Pin anew what pyproject.toml asks for.
requirements: .venv/ready
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
		--custom-compile-command "make requirements" --upgrade pyproject.toml -o requirements.txt

clean:
	rm -rf .venv build dist demo bench *.egg-info
