"""The log goes where the program sends it, and nowhere before."""

import io
import logging

import pytest

from voxcommons.base import log


@pytest.fixture(autouse=True)
def _restore():
    root = logging.getLogger("voxcommons")
    before = (list(root.handlers), root.level, root.propagate)
    yield
    root.handlers[:], root.level, root.propagate = before


def test_only_the_chosen_level_and_above_is_written():
    stream = io.StringIO()
    log.configure("warning", stream)
    log.logger("voxcommons.audio.files").info("quiet")
    log.logger("outside").warning("loud")
    assert "quiet" not in stream.getvalue()
    assert "voxcommons.outside: loud" in stream.getvalue()


def test_a_second_configuration_replaces_the_first():
    first, second = io.StringIO(), io.StringIO()
    log.configure("debug", first)
    log.configure("debug", second)
    log.logger(__name__).debug("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1
