"""The door of the text room never refuses a text, and says where everything came from."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voxcommons.base.errors import InputError
from voxcommons.text.lexicon import Lexicon
from voxcommons.text.phonemes import Utterance
from voxcommons.text.reader import read
from voxcommons.text.segment import MODES
from voxcommons.text.symbols import phone_ids, symbols

MIXED = Path(__file__).parents[1] / "golden" / "data" / "text" / "mixed_frontend_v2_nog2pw.jsonl"


def check(utterance: Utterance, table: str = "v2") -> None:
    """What holds for every utterance."""
    text, phones = utterance.text, utterance.phones
    assert len(utterance.ids) == len(phones)
    assert all(0 <= number < len(symbols(table)) for number in utterance.ids)
    assert set(phones) <= set(symbols("v2"))
    for span in utterance.spans:
        assert 0 <= span.phone_start < span.phone_end <= len(phones)
        assert 0 <= span.text_start <= span.text_end <= len(text)
        assert 0 <= span.norm_start <= span.norm_end <= len(utterance.normalized)
    for warning in utterance.warnings:
        assert 0 <= warning.start <= warning.end <= len(text)
    if utterance.word2ph is not None:
        assert sum(utterance.word2ph) == len(phones)
        assert len(utterance.word2ph) == len(utterance.normalized)
    for run in utterance.runs:
        if run.word2ph is not None:
            assert sum(run.word2ph) == run.phone_end - run.phone_start
    json.dumps(utterance.as_json())


ODD = st.text(st.sampled_from("aA1.,$%:/-'\"{}@#& \n中长１，。😀éЖの한\x00\ud800\u200d\U000f0000"), max_size=40)


@settings(max_examples=60, deadline=None)
@given(ODD | st.text(max_size=40), st.sampled_from(MODES), st.booleans())
@example("长{zhang3}live{L AY1 V}{x}", "auto", False)
@example("\U000f0000 5km", "en", False)
@example("it's $5.", "zh", True)
def test_any_text_is_read_or_warned_about(text: str, mode: str, compat: bool):
    check(read(text, mode, compat=compat))


@settings(max_examples=60, deadline=None)
@given(ODD | st.text(max_size=30), st.sampled_from(["en", "auto", "zh", "ja", "ko", "yue"]))
def test_every_letter_and_digit_is_heard_or_named(text: str, mode: str):
    utterance = read(text, mode)
    accounted = {place for item in (*utterance.spans, *utterance.warnings) for place in range(*_range(item))}
    assert not [char for place, char in enumerate(text) if char.isalnum() and place not in accounted]


def _range(item: object) -> tuple[int, int]:
    return (item.text_start, item.text_end) if hasattr(item, "text_start") else (item.start, item.end)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "😀", "\x00", "...", "，。"])
def test_a_text_without_words_gives_no_word_and_no_error(text: str):
    utterance = read(text)
    assert not any(phone[0].isalpha() for phone in utterance.phones)


@pytest.mark.parametrize("language", ["xx", "", "all_en", "JA"])
def test_an_unsupported_language_names_the_supported_ones(language: str):
    with pytest.raises(InputError, match="auto, auto_yue, en, zh, ja, yue, ko, all_zh"):
        read("hello", language)


def test_an_unknown_table_is_refused():
    with pytest.raises(InputError, match="v1 or v2"):
        read("hello", "en", table="v3")


def test_an_override_decides_and_its_braces_are_not_read():
    text = "We live{L AY1 V} here, 长{zhang3}大。"
    utterance = read(text)
    assert not utterance.warnings
    said = {text[s.text_start : s.text_end]: utterance.phones[s.phone_start : s.phone_end] for s in utterance.spans}
    assert said["live"] == ("L", "AY1", "V")
    assert said["长"] == ("zh", "ang3")
    assert "{" not in utterance.normalized


def test_an_override_may_stand_in_a_text_of_the_other_language():
    assert read("长{zhang3}", "en").phones == ("zh", "ang3")
    assert read("我说ABC{EY1}好", "zh").phones[4:5] == ("EY1",)


@pytest.mark.parametrize("text", ["live{}", "live{nonsense}", "{L AY1 V}", "长{zhang3 da4 shi4}", "live{L AY1"])
def test_an_override_that_is_not_understood_is_named(text: str):
    utterance = read(text)
    check(utterance)
    assert utterance.warnings


def test_a_lexicon_is_obeyed_inside_words_with_endings_and_without_regard_to_case():
    words = Lexicon.of([("SQL", "S K W IH1 L"), ("New York", "N UW1"), ("行", "hang2")])
    assert read("sql's", "en", lexicon=words).phones == ("S", "K", "W", "IH1", "L", "Z")
    assert read("new york", "en", lexicon=words).phones == ("N", "UW1")


def test_the_lexicon_of_a_voice_wins_over_the_global_one():
    everyone, voice = Lexicon.of([("a", "EY1"), ("b", "B")]), Lexicon.of([("a", "AA1")])
    assert everyone.merged(voice).english == {"a": ("AA1",), "b": ("B",)}


def test_positions_of_a_mixed_text_point_at_what_was_written():
    text = "价格$5，very nice {x}!"
    utterance = read(text)
    check(utterance)
    assert "very" in {text[span.text_start : span.text_end] for span in utterance.spans}


def test_ids_follow_the_table():
    utterance = read("Hi!", "en", table="v1")
    assert utterance.ids == phone_ids(utterance.phones, "v1")


def test_a_very_short_compatible_text_is_read_with_a_full_stop_in_front():
    assert read("Hi", "en", compat=True).phones == (",", ".", "HH", "AY1")


def test_a_long_text_is_read_in_pieces_and_stays_one_utterance():
    generator = random.Random(1)
    words = ["Dr. Smith", "paid", "$3.50", "for", "tea,", "红茶。", "OK?", "live{L AY1 V}", "长{zhang3}", "x" * 50]
    text = " ".join(generator.choice(words) for _ in range(1500))
    utterance = read(text)
    check(utterance)
    assert not utterance.warnings
    starts = [span.text_start for span in utterance.spans]
    assert starts == sorted(starts)


@pytest.mark.parametrize("unit", ["1", "a", "a.", "'", "-", "$1,", "http://a.", "a@b", "{", "A ", "\n", "😀", "中1", "1/"])
def test_texts_made_to_be_slow_are_read(unit: str):
    check(read(unit * (4000 // len(unit))))


def test_mixed_lines_agree_with_the_public_program_where_only_english_and_mandarin_are_meant():
    rows = [json.loads(line) for line in MIXED.read_text(encoding="utf-8").splitlines()]
    agreeing = sum(list(read(row["text"], row["lang"], compat=True).ids) == row["ids"] for row in rows if row["lang"] == "zh")
    assert sum(row["lang"] == "zh" for row in rows) == 100
    assert agreeing >= 85
