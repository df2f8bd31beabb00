"""What is said about a broken sentence."""

import pytest

from voxcommons.evaluate.breaks import breaks
from voxcommons.text.reader import read

ENGLISH = "The old clock struck twelve, and nobody came."
CHINESE = "今天天气很好我们去公园"


def phones_of(text: str, language: str) -> list[str]:
    return [phone for phone in read(text, language).phones if phone[0].isalpha()]


def test_a_whole_sentence_has_nothing():
    assert breaks(ENGLISH, "en", phones_of(ENGLISH, "en"), 1.0) == []


def test_dropped_words_are_named():
    heard = phones_of("The old clock and nobody came", "en")
    (found,) = breaks(ENGLISH, "en", heard, 0.8)
    assert found.kind == "dropped"
    assert "struck twelve" in found.words
    assert str(found).startswith("dropped '")


def test_dropped_characters_are_named():
    (found,) = breaks(CHINESE, "zh", phones_of("今天天气公园", "zh"), 0.8)
    assert (found.kind, found.words) == ("dropped", "很好我们去")


def test_words_said_twice_are_repeated_and_foreign_ones_added():
    (again,) = breaks(ENGLISH, "en", phones_of("The old clock struck twelve struck twelve and nobody came", "en"), 1.2)
    assert "T W EH1 L V" in str(again)
    (foreign,) = breaks(ENGLISH, "en", phones_of("The old clock struck twelve giggling oysters and nobody came", "en"), 1.2)
    assert (again.kind, again.words) == ("repeated", "clock")
    assert (foreign.kind, foreign.words) == ("added", "twelve")


@pytest.mark.parametrize(("ratio", "kind"), [(0.4, "too short"), (2.5, "endless")])
def test_without_a_recogniser_length_alone_is_judged(ratio, kind):
    assert [found.kind for found in breaks(ENGLISH, "en", None, ratio)] == [kind]


def test_slips_of_a_recogniser_are_no_breaks():
    heard = phones_of(ENGLISH, "en")
    assert breaks(ENGLISH, "en", heard[:4] + heard[8:], 1.0) == []
