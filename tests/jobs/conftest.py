"""Queues on both databases."""

import pytest

from databases import clock, database, database_url
from voxcommons.jobs.durable import DurableQueue

__all__ = ["clock", "database", "database_url"]


@pytest.fixture
def queue(database):
    return DurableQueue(database)
