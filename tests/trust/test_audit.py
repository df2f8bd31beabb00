"""The release log: appended only, and whoever changes it is seen."""

import json
import threading
from pathlib import Path

import pytest

from voxcommons.trust.audit import GENESIS, ReleaseLog, verify


@pytest.fixture
def log(home: Path) -> ReleaseLog:
    filled = ReleaseLog(home)
    for number in range(4):
        filled.append({"event": "release", "number": number, "name": "声音" * 900})
    return filled


def test_an_untouched_log_verifies(log):
    check = verify(log.path)
    assert (check.records, check.faults) == (4, ())
    first = json.loads(log.path.read_text().splitlines()[0])
    assert (first["seq"], first["prev"]) == (1, GENESIS)


def test_a_missing_log_is_an_empty_one(home):
    assert verify(ReleaseLog(home).path).records == 0


def test_an_edited_line_is_named(log):
    log.path.write_text(log.path.read_text().replace('"number":2', '"number":9'))
    assert verify(log.path).faults == ("line 3 was changed",)


def test_an_edit_with_a_recomputed_hash_breaks_the_next_line(log):
    lines = log.path.read_text().splitlines()
    other = ReleaseLog(log.home / "other")
    other.append({"event": "release", "number": 7})
    lines[0] = other.path.read_text().strip()
    log.path.write_text("\n".join(lines) + "\n")
    assert "line 2 does not follow the line before it" in verify(log.path).faults


def test_a_removed_line_is_seen(log):
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text("".join(lines[:1] + lines[2:]))
    assert any("line 2" in fault for fault in verify(log.path).faults)


def test_swapped_lines_are_seen(log):
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text("".join([lines[1], lines[0], *lines[2:]]))
    assert verify(log.path).faults


@pytest.mark.parametrize("left", [1, 200, 5000])
def test_a_line_cut_by_a_crash_gives_way_to_the_next_record(log, left):
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + whole.splitlines(keepends=True)[-1][:left])
    assert verify(log.path).faults == ("line 5 is not a whole record",)
    log.append({"event": "release", "number": 4})
    assert verify(log.path) .faults == ()
    assert log.path.read_bytes().startswith(whole)


def test_many_writers_make_one_chain(home):
    log = ReleaseLog(home)
    writers = [threading.Thread(target=lambda: [log.append({"event": "release"}) for _ in range(5)]) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (verify(log.path).records, verify(log.path).faults) == (30, ())
