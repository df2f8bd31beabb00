"""Agreement of the text-to-semantic model, its training loss and its decoding with the public ones."""

from __future__ import annotations

from pathlib import Path

from golden.check import compare

DATA = Path(__file__).parents[1] / "golden" / "data"


def test_every_stored_number_is_reproduced():
    found = list(compare(DATA / "s1_tiny"))
    assert [(one.name, one.error) for one in found if not one.passed] == []
    assert len(found) == 75
