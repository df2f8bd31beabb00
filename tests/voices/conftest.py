"""Libraries with a voice of the package, and both databases."""

import pytest

from databases import clock, database, database_url
from small_voices import fill
from voxcommons.voices.library import Library

__all__ = ["clock", "database", "database_url"]


@pytest.fixture
def stocked(home, tmp_path):
    """A library with the bundled voice kathleen."""
    fill(tmp_path / "bundled" / "kathleen", "kathleen", 5, speaker={"gender": "female"})
    return Library(home, bundled=tmp_path / "bundled")
