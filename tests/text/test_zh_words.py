"""Words and tags are jieba's, found without jieba."""

from pathlib import Path

import pytest

from voxcommons.text.g2p.zh_tables import SortedWords, reading_table, word_table
from voxcommons.text.g2p.zh_words import segmenter

ROWS = [line.split("\t") for line in (Path(__file__).parent / "zh_words.tsv").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("text", "tagged", "search"), ROWS, ids=[row[0][:10] for row in ROWS])
def test_words_tags_and_subwords_are_those_of_jieba(text: str, tagged: str, search: str):
    def shown(piece: str) -> str:
        return piece.replace(" ", "_")

    assert " ".join(f"{shown(word)}/{tag}" for word, tag in segmenter().words(text)) == tagged
    assert " ".join(shown(word) for word in segmenter().subwords(text)) == search


def test_words_joined_are_the_text():
    text = "我有3个iPhone，还有１台电脑（旧的）。\n再说 吧~"
    assert "".join(word.text for word in segmenter().words(text)) == text


def test_a_prefix_that_is_no_word_is_told_from_a_word():
    words = SortedWords("一丁不识\n一丁点\n上\n上海\n".encode())
    assert [(end, row) for end, row in words.prefixes("一丁点儿", 0)] == [(1, -1), (2, -1), (3, 1)]
    assert words.row("上海") == 3
    assert words.row("海") == -1
    assert words.row("") == -1


def test_words_outside_the_dictionary_have_no_tag():
    assert word_table().tag("银行") == "n"
    assert word_table().tag("银行银行") == "x"


def test_a_phrase_decides_between_readings():
    assert reading_table().of("银行") == [("yin2",), ("hang2",)]
    assert reading_table().of("行")[0][0] == "xing2"
    assert reading_table().char("A") == ()
