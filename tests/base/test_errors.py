"""An error is one line that says what was expected, what was found and what to do."""

import copy

import pytest

from voxcommons.base.errors import (
    Cancelled,
    ConfigError,
    CorruptFileError,
    InputError,
    MissingExtraError,
    StorageError,
    UnknownVoiceError,
    VoxError,
    one_line,
)
from voxcommons.base.messages import error_line, fields_of, keys, say


def test_an_error_says_expected_found_and_what_to_do():
    error = VoxError("the recording is too short", expected="at least 5 s", found="1.0 s", do="record more")
    assert str(error) == "the recording is too short: expected at least 5 s; found 1.0 s; record more"


def test_empty_parts_leave_no_marks():
    assert str(VoxError("nothing to say")) == "nothing to say"
    assert str(VoxError("no such file", found="a.wav")) == "no such file: found a.wav"


def test_an_error_stays_one_line_whatever_it_quotes():
    error = VoxError("bad\nname", found="a\r\nb\x1b[31m\udc80\u2028c")
    line = str(error)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    line.encode("utf-8")


def test_a_megabyte_in_an_error_is_clipped_in_the_middle():
    line = one_line("a" * 1_000_000 + "z")
    assert len(line) < 500
    assert line.startswith("aaa")
    assert line.endswith("z")


def test_an_error_keeps_its_fields_for_callers_that_answer_otherwise():
    error = StorageError("the disk is full", found="/x", path="/x")
    assert error.fields == {"path": "/x"}


def test_a_missing_extra_names_the_command_that_brings_it():
    error = MissingExtraError("cannot measure", extra="evaluate")
    assert 'pip install "voxcommons[evaluate]"' in str(error)


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("wrong", faults=("a", "b"), do="mend"),
        MissingExtraError("missing", extra="evaluate", found="no library x"),
        UnknownVoiceError("no such voice", found="ann", do="vox voices"),
    ],
)
def test_an_error_survives_the_way_back_from_a_worker(error):
    twin = copy.copy(error)  # the protocol pickle uses
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.__dict__ == error.__dict__


def test_every_error_is_a_vox_error_with_an_exit_code_and_a_heading():
    for kind in (InputError, CorruptFileError, UnknownVoiceError, StorageError, ConfigError):
        assert issubclass(kind, VoxError)
        assert kind.exit_code == 2
    assert Cancelled.exit_code == 130


def test_an_error_line_in_chinese_translates_frame_and_known_problem():
    error = StorageError("the disk is full", found="no space at /x", do="free some space", key="disk_full")
    assert error_line(error, "zh") == "存储出错：磁盘已满；实为：no space at /x；办法：free some space"
    assert error_line(error, "en") == "error: the disk is full: found no space at /x; free some space"


def test_an_error_line_in_chinese_keeps_words_it_does_not_know():
    assert error_line(VoxError("odd thing happened"), "zh") == "出错：odd thing happened"


@pytest.mark.parametrize("key", keys())
def test_a_message_exists_in_both_languages_with_the_same_fields(key):
    fields = dict.fromkeys(fields_of(key), 1.5)
    english, chinese = say(key, "en", **fields), say(key, "zh", **fields)
    assert english.isascii()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_every_error_has_a_heading():
    pending = [VoxError]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        assert f"heading.{kind.heading}" in keys()
