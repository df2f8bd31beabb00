"""What was spoken is remembered once, found again, and forgotten when that is wanted."""

import json

import pytest

from voxcommons.voices.history import History, row_of
from voxcommons.voices.notes import FILE, FOLDER, Spoken, note


@pytest.fixture
def history(database, home):
    return History(database, home)


def say(home, text, voice="Anna", at=1000.0, **more):
    note(home, Spoken(voice, f"{voice}-id", text, 1.5, at=at, **more))


def texts(history, **query):
    return [entry.text for entry in history.list(**query)]


def test_an_empty_history_is_empty(history, home):
    assert history.list() == []
    assert list(home.iterdir()) == []


def test_everything_spoken_comes_back_the_newest_first(history, home):
    entry = Spoken("小明", "ab" * 16, "你好 🎙\n'; --", 2.25, "calm", "zh", "/tmp/出.wav", "r1", "b1", 5.0)
    note(home, entry)
    say(home, "second", at=7.0)
    assert history.list() == [history.list(voice="Anna")[0], entry]
    say(home, "third", at=6.0)
    assert texts(history) == ["second", "third", entry.text]
    assert texts(history, most=1) == ["second"]


def test_entries_are_found_by_voice_words_and_batch(history, home):
    say(home, "A hundred % sure", batch="b")
    say(home, "Under_score", voice="Bert")
    for name, value in (("voice", "Bert"), ("voice", "Anna-id"), ("words", "HUNDRED"), ("words", "%"), ("words", "_"), ("batch", "b")):
        assert len(texts(history, **{name: value})) == 1, value
    assert texts(history, voice="Carl") == []


def test_a_note_is_taken_once_though_the_taking_was_cut_off(history, home):
    say(home, "once")
    lines = (home / FOLDER / FILE).read_bytes()
    assert history.collect() == 1
    # As if the process had died between the database and the file.
    (home / FOLDER / "taken-0.jsonl").write_bytes(lines)
    say(home, "twice")
    assert history.collect() == 1
    assert sorted(texts(history)) == ["once", "twice"]
    assert list((home / FOLDER).glob("*.jsonl")) == []


def test_a_half_line_costs_only_itself(history, home):
    say(home, "whole")
    with (home / FOLDER / FILE).open("a") as file:
        file.write('{"voice": "An\n[]\n{}\n')
    say(home, "after")
    assert sorted(texts(history)) == ["after", "whole"]


def test_odd_texts_are_kept_as_far_as_a_database_can(history, home):
    say(home, "a\0b\ud800c", voice="x" * 300)
    (entry,) = history.list()
    assert entry.text == "ab?c"
    assert json.dumps(row_of(entry))


def test_entries_are_forgotten_by_voice_and_age(history, home):
    for text, voice, at in (("old", "Anna", 1.0), ("new", "Anna", 9.0), ("other", "Bert", 1.0)):
        say(home, text, voice, at)
    assert history.forget(voice="Anna", before=5.0) == 1
    assert sorted(texts(history)) == ["new", "other"]
    assert history.forget(voice="Bert") == 1
    assert history.forget() == 1
    assert history.list() == []


def test_speaking_goes_on_where_nothing_can_be_noted(tmp_path):
    (tmp_path / "home").write_text("a file")
    note(tmp_path / "home", Spoken("Anna", "id", "hello", 1.0))
    assert (tmp_path / "home").read_text() == "a file"
