"""The same tests on SQLite and on PostgreSQL: a fixture `database` that is both, and a clock that tests turn by hand.

A room's conftest.py imports the fixtures it wants.
"""

import dataclasses
import importlib.util

import pytest

import postgres_server
from voxcommons.base.database import Database


@dataclasses.dataclass
class Clock:
    """Seconds since 1970, moved by the test."""

    time: float = 1_800_000_000.0

    def __call__(self, session: object) -> float:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += seconds


def new_postgres() -> str:
    """The URL of an empty PostgreSQL database; skips the test where there is no PostgreSQL."""
    if importlib.util.find_spec("pg8000") is None:
        pytest.skip("pg8000, the PostgreSQL driver, is not installed (extra postgres)")
    try:
        return postgres_server.server().new_database()
    except postgres_server.NoPostgres as cause:
        pytest.skip(f"no PostgreSQL could be started: {cause}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path) -> str:
    """An empty database, once of each kind."""
    return new_postgres() if request.param == "postgresql" else f"sqlite:///{tmp_path / 'a.db'}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url, clock):
    opened = Database(database_url, clock=clock)
    yield opened
    opened.close()
