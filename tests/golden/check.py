"""Compare our code with a folder of stored inputs and outputs: `python tests/golden/check.py DIR`.

Prints one JSON line per tensor (name, error, tolerance, pass). Exit status: 0 all agree,
1 something differs, 2 the folder is not one we know. Which code to run is decided by the
adapter in `golden/kinds/` that recognises the folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SOURCES = TESTS.parent / "src"


def compare(folder: Path) -> Iterator:
    """Every comparison of the folder, by the first kind that recognises it."""
    for name in importlib.import_module("golden.kinds").NAMES:
        if importlib.util.find_spec(f"golden.kinds.{name}") is None:
            continue
        kind = importlib.import_module(f"golden.kinds.{name}")
        if kind.recognises(folder):
            return kind.comparisons(folder)
    raise LookupError(f"{folder}: no adapter in {TESTS / 'golden' / 'kinds'} recognises this folder")


def main(arguments: list[str]) -> int:
    """Check each folder named; returns the exit status."""
    if not arguments:
        print("usage: check.py DIR...", file=sys.stderr)
        return 2
    failed = 0
    for argument in arguments:
        try:
            found = compare(Path(argument))
        except LookupError as error:
            print(error, file=sys.stderr)
            return 2
        for one in found:
            failed += not one.passed
            # An infinite error is no JSON number.
            error = one.error if one.error < float("inf") else "different shape or not finite"
            print(json.dumps({"name": one.name, "error": error, "tolerance": one.tolerance, "pass": one.passed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.path[:0] = [str(TESTS), str(SOURCES)]
    raise SystemExit(main(sys.argv[1:]))
