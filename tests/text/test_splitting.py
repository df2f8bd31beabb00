"""A text is cut where the public program cuts it (compat), or where a speaker would breathe (our engine)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcommons.base.errors import InputError
from voxcommons.text.public_splitting import public_cut, public_segments
from voxcommons.text.segment import sentences

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "text" / "splitting.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['method']}-{row['text'][:8]}" for row in ROWS])
def test_the_public_cuts_agree(row: dict):
    assert public_cut(row["text"], row["method"]) == row["raw"]
    for language in ("zh", "en"):
        if f"pre_seg_{language}" in row:
            assert public_segments(row["text"], language, row["method"]) == row[f"pre_seg_{language}"]
        else:
            with pytest.raises(InputError, match="nothing to read"):
                public_segments(row["text"], language, row["method"])


def test_the_public_cut_into_lines_of_fifty_characters():
    clause = "一二三四五六七八九十一二三四五六七八九，"  # 20 characters
    assert public_cut(clause * 6, "cut2") == clause * 3 + "\n" + clause * 3
    assert public_cut(clause * 4, "cut2") == clause * 4


def test_the_public_cut_at_every_mark_keeps_decimals():
    assert public_cut("价格3.5元，贵；不买。", "cut5") == "价格3.5元，\n贵；不买。"


def test_an_unknown_cut_is_refused_with_the_list():
    with pytest.raises(InputError, match="cut0, cut1"):
        public_cut("a", "cut9")


def cut(text: str, **options: int) -> list[str]:
    return [sentence.text for sentence in sentences(text, **options)]


def test_sentences_end_at_full_stops_of_both_scripts():
    assert cut("One. Two! 三。四？Five...") == ["One.", "Two!", "三。", "四？", "Five..."]


def test_abbreviations_numbers_and_initials_do_not_end_a_sentence():
    text = "Mr. J. Smith paid $3.50, e.g. for tea, at 5 p.m. on Main St. in No. 5."
    assert cut(text) == [text]


def test_a_long_sentence_is_cut_at_pauses_then_at_spaces():
    text = "alpha beta gamma, delta epsilon zeta eta theta iota kappa"
    assert cut(text, max_chars=24) == ["alpha beta gamma,", "delta epsilon zeta eta", "theta iota kappa"]


def test_numbers_and_overrides_are_never_cut():
    text = "这个号码是1,234,567.89元整而且后面还有很多很多字没有标点校长{zhang3}来了"
    pieces = cut(text, max_chars=16)
    assert any("1,234,567.89" in piece for piece in pieces)
    assert any("长{zhang3}" in piece for piece in pieces)
    assert any("live{L AY1 V}" in piece for piece in cut("we are live{L AY1 V} on air now", max_chars=16))


def test_short_sentences_can_be_joined():
    assert cut("Yes. No. Perhaps it is so.", min_chars=6) == ["Yes. No.", "Perhaps it is so."]


@given(st.text(st.sampled_from("ab .,!?。，\n{}5'中長é😀"), max_size=200), st.integers(16, 60))
def test_only_white_space_is_lost_and_every_piece_knows_its_place(text: str, max_chars: int):
    pieces = sentences(text, max_chars=max_chars)
    assert [text[piece.start : piece.end] for piece in pieces] == [piece.text for piece in pieces]
    assert all(0 < len(piece.text) <= max_chars for piece in pieces)
    covered = {place for piece in pieces for place in range(piece.start, piece.end)}
    assert all(char.isspace() for place, char in enumerate(text) if place not in covered)
    assert all(first.end <= second.start for first, second in zip(pieces, pieces[1:], strict=False))
