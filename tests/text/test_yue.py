"""Cantonese is read with its own words and numbers, all nine tones, and nothing is lost in silence."""

from pathlib import Path

import pytest

from voxcommons.text.g2p.yue import to_phones
from voxcommons.text.g2p.yue_syllables import is_jyutping, phones_from_jyutping
from voxcommons.text.lexicon import Lexicon
from voxcommons.text.reader import read
from voxcommons.text.symbols import symbols

HARD = [
    line.split("\t")
    for line in (Path(__file__).parent / "hard_yue.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def said(jyutping: str) -> list[str]:
    return [phone for part in jyutping.split() for phone in (phones_from_jyutping(part) if is_jyutping(part) else (part,))]


def test_there_are_at_least_sixty_hard_cases():
    assert len(HARD) >= 60


@pytest.mark.parametrize(("text", "spoken", "jyutping"), HARD, ids=[row[0][:12] for row in HARD])
def test_hard_cases(text: str, spoken: str, jyutping: str):
    run = to_phones(text)
    assert run.normalized == spoken
    assert list(run.phones) == said(jyutping)
    assert run.warnings == ()


def test_nine_tones_are_six_and_three_that_stop():
    assert [phones_from_jyutping(f"si{tone}")[1] for tone in "123456"] == [f"Yi{tone}" for tone in "123456"]
    assert [phones_from_jyutping(f"sik{tone}")[1] for tone in "789"] == ["Yik1", "Yik3", "Yik6"]
    assert not is_jyutping("si7")
    assert not any(map(is_jyutping, ("si", "si0", "xyz1", "", "zhang3")))


def test_every_syllable_has_phones_of_the_table():
    table = set(symbols("v2"))
    for onset in ("", "b", "gw", "ng", "z"):
        for rime in ("aan", "eu", "em", "ung", "et", "oet", "m", "ng", "aa", "eoi", "yun", "ap"):
            syllable = f"{onset}{rime}2"
            if is_jyutping(syllable):
                assert set(phones_from_jyutping(syllable)) <= table, syllable


def test_every_phone_belongs_to_one_span_and_one_character():
    run = to_phones("佢用咗$1,234.5買3張飛。")
    assert [at for span in run.spans for at in range(span.phone_start, span.phone_end)] == list(range(len(run.phones)))
    assert run.word2ph is not None
    assert sum(run.word2ph) == len(run.phones)
    assert len(run.word2ph) == len(run.normalized)


def test_the_writer_keeps_traditional_characters_and_simplified_ones_are_read_as_well():
    assert to_phones("佢個頭髮好長。").normalized == "佢個頭髮好長."
    assert to_phones("佢个头发好长。").phones == to_phones("佢個頭髮好長。").phones


def test_what_cannot_be_read_is_named_with_its_place():
    text = "佢😀食咗ABC同まい飯。"
    found = [(warning.kind, text[warning.start : warning.end]) for warning in to_phones(text).warnings]
    assert found == [("emoji", "😀"), ("unreadable", "ABC"), ("unreadable", "まい")]


@pytest.mark.parametrize("mode", ["yue", "all_yue", "auto_yue", "auto"])
def test_a_reading_behind_a_word_decides(mode: str):
    utterance = read("我哋行{hong4}街，重{cung4}要。", mode)
    text, phones = utterance.text, utterance.phones
    heard = {text[span.text_start : span.text_end]: phones[span.phone_start : span.phone_end] for span in utterance.spans}
    assert heard["行"] == ("Yh", "Yong4")
    assert heard["重"] == ("Yc", "Yung4")
    assert utterance.warnings == ()


def test_a_reading_may_name_its_language_or_be_phones():
    assert read("行{yue:hong4}", "zh").phones == ("Yh", "Yong4")
    assert read("行{zh:xing2}", "yue").phones == ("x", "ing2")
    assert read("行{yue:Yh Yong4}", "yue").phones == ("Yh", "Yong4")


def test_a_lexicon_decides():
    lexicon = Lexicon.of([("行街", "yue:hong4 gaai1")])
    assert to_phones("我行街", lexicon=lexicon).phones[2:4] == ("Yh", "Yong4")
