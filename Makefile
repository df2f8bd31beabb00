# Two commands for a newcomer, from a fresh checkout:
#
#   make demo [REC=my.wav] [OUT=folder]   clone a voice from a recording and speak three sentences with it
#   make test [PYTEST_ARGS="-k text"]     run the tests
#
# Each first makes a virtual environment in .venv, with the versions of constraints.txt. Needed: Python 3.11 or newer, make,
# and the package registry pip is set up for. No root. `make lint` runs ruff and mypy, `make clean` removes what these made.

PYTHON ?= python3
OUT ?= demo-output
PIP_ARGS ?=
PYTEST_ARGS ?=

# Without REC: a real recording, if the shared data folder lies beside this checkout; else the demo brings its own.
# A file name given by the user reaches the shell through the environment, so that blanks, quotes and dollars stay what they are.
ifeq "$(origin REC)" "undefined"
REC := $(firstword $(wildcard ../shared/speech/references/en_libri_5652.flac))
else
override REC := $(value REC)
endif
override OUT := $(value OUT)
export REC OUT

# A checkout that was moved or renamed must be installed again: the environment remembers where it was made.
ifneq "$(shell cat .venv/made-in 2>/dev/null)" "$(CURDIR)"
STALE := stale
endif

.PHONY: demo test lint clean help stale

help:
	@sed -n 's/^# \{0,1\}//;2,8p' Makefile

demo: .venv/ready-to-run
	@set -- --out "$$OUT"; if [ -n "$$REC" ]; then set -- --rec "$$REC" "$$@"; fi; .venv/bin/python -m voxcommons demo "$$@"

test: .venv/ready-to-test
	.venv/bin/python -m pytest $(PYTEST_ARGS)

lint: .venv/ready-to-test
	.venv/bin/python -m ruff check .
	.venv/bin/python -m mypy

clean:
	rm -rf .venv build dist demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info

stale:

.venv/made: $(STALE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Setting up .venv (once; some minutes, about 1 GB)"
	$(PYTHON) -m venv .venv
	@pwd > .venv/made-in
	@touch .venv/made

.venv/ready-to-run: .venv/made pyproject.toml constraints.txt
	.venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt $(PIP_ARGS) -e .
	@touch $@

.venv/ready-to-test: .venv/made pyproject.toml constraints.txt
	.venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt $(PIP_ARGS) -e '.[dev,evaluate,g2pw,ja,ko,postgres,public,ray,serve,sherpa,train,yue]'
	.venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt $(PIP_ARGS) --no-deps resemblyzer speechmos
	@touch .venv/ready-to-run $@
