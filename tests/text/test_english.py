"""English is read as a careful speaker would, in figures, names and words of two readings."""

from pathlib import Path

import pytest

from voxcommons.text.g2p.en_dictionary import dictionary, pronunciations
from voxcommons.text.lexicon import ARPABET
from voxcommons.text.normalise.en_numbers import cardinal, ordinal, roman, year
from voxcommons.text.phonemes import Utterance
from voxcommons.text.reader import read

HARD = [
    line.split("\t")
    for line in (Path(__file__).parent / "hard_en.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def readings(utterance: Utterance) -> list[tuple[str, str]]:
    """(written word in lower case, its phones) in order."""
    return [
        (utterance.text[span.text_start : span.text_end].lower(), " ".join(utterance.phones[span.phone_start : span.phone_end]))
        for span in utterance.spans
    ]


@pytest.mark.parametrize(("text", "spoken", "checks"), HARD, ids=[row[0][:40] for row in HARD])
def test_hard_english_is_read_right(text: str, spoken: str, checks: str):
    utterance = read(text, "en")
    assert utterance.normalized == spoken
    assert not utterance.warnings
    said = iter(readings(utterance))
    for check in filter(None, checks.split(";")):
        word, _, phones = check.partition("=")
        assert any(pair == (word, phones) for pair in said), f"{word} is not read {phones} (or not in this order)"


def test_there_are_enough_hard_cases():
    assert len(HARD) >= 60


def test_every_phone_is_an_arpabet_symbol_or_a_mark():
    for text, _, _ in HARD:
        assert set(read(text, "en").phones) <= ARPABET | set("!?…,.-")


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "zero"), (21, "twenty-one"), (100, "one hundred"), (1001, "one thousand one"), (10**36, "one" + " zero" * 36), (-5, "minus five")],
)
def test_cardinals(value: int, words: str):
    assert cardinal(value) == words


@pytest.mark.parametrize(("value", "words"), [(1, "first"), (12, "twelfth"), (20, "twentieth"), (101, "one hundred first")])
def test_ordinals(value: int, words: str):
    assert ordinal(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(1999, "nineteen ninety-nine"), (1905, "nineteen oh five"), (2005, "two thousand five"), (2100, "twenty-one hundred")],
)
def test_years(value: int, words: str):
    assert year(value) == words


def test_roman_numerals():
    assert [roman(numeral) for numeral in ("IV", "IX", "XIV", "MCMXCIV")] == [4, 9, 14, 1994]


def test_what_is_not_heard_is_named_with_its_place():
    text = "Nice 😀 day \x07 in 北京 ~"
    found = {(warning.kind, text[warning.start : warning.end]) for warning in read(text, "en").warnings}
    assert found == {("emoji", "😀"), ("control", "\x07"), ("script", "北京"), ("sign", "~")}


def test_quotes_and_brackets_are_layout_and_need_no_warning():
    assert not read('He said ("well") [sic]: \u201chi\u201d', "en").warnings


def test_an_unknown_word_gets_a_guess_and_not_its_letters():
    phones = read("Oluwaseun", "en").phones
    assert 5 <= len(phones) <= 12
    assert "D" not in phones  # as in the letter name "double-u"


def test_letters_without_vowel_are_spelled():
    assert read("Zxq", "en").phones == tuple("Z IY1 EH1 K S K Y UW1".split())


def test_a_figure_and_its_unit_point_at_what_was_written():
    text = "It is 5km away."
    spans = [span for span in read(text, "en").spans if text[span.text_start : span.text_end] == "5km"]
    assert len(spans) == 2  # "five" and "kilometers"


def test_looking_one_word_up_finds_what_the_whole_dictionary_says():
    words = dictionary()
    assert len(words) > 125_000
    for word in [*list(words)[::97], "a", "the", "'bout", "zywicki", "stilton", "stilted"]:
        assert pronunciations(word) == words[word]
    for unknown in ("", "a b", "xyzzyx", "é", "(", "a(2)", "\n", "\ud800"):
        assert pronunciations(unknown) == ()
