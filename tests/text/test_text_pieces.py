"""Symbol tables, text that remembers its origin, lexicons, and the learned guess."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcommons.base.errors import InputError
from voxcommons.text.g2p.en_guess import guess, model, pack, unpack
from voxcommons.text.lexicon import Lexicon, parse_overrides, parse_reading
from voxcommons.text.symbols import phone_ids, symbols
from voxcommons.text.traced import TracedText


def test_the_v2_table_begins_with_the_v1_table():
    assert (len(symbols("v1")), len(symbols("v2"))) == (322, 732)
    assert symbols("v2")[:322] == symbols("v1")


def test_a_phone_that_the_table_lacks_becomes_unk():
    assert phone_ids(["!", "AA", "nonsense", "["], "v1") == (0, 5, 86, 86)


@given(st.text(st.sampled_from("ab12 "), max_size=30))
def test_replaced_characters_remember_what_they_replaced(text: str):
    traced = TracedText.of(text).sub(re.compile(r"\d+"), lambda m: "number").sub(re.compile(" "), "")
    assert len(traced.starts) == len(traced.ends) == len(traced.text)
    for char, start, end in zip(traced.text, traced.starts, traced.ends, strict=True):
        assert text[start:end] == char or text[start:end].isdigit()


def test_shared_ends_of_a_replacement_keep_their_own_place():
    traced = TracedText.of("5km").sub(re.compile("5km"), "five km")
    assert traced.origin(traced.text.index("km"), len(traced.text)) == (1, 3)


@pytest.mark.parametrize(
    ("written", "read"),
    [("L AY1 V", (("L", "AY1", "V"), "en")), ("zhang3", (("zhang3",), "zh")), ("lü4", (("lv4",), "zh")), ("?", ((), "")), ("", ((), ""))],
)
def test_readings_tell_their_language(written: str, read: tuple):
    assert parse_reading(written) == read


def test_an_override_covers_the_word_or_as_many_characters_as_syllables():
    parsed = parse_overrides("say read{R EH1 D} 校长{xiao4 zhang3}")
    assert [(parsed.text[o.start : o.end], o.language) for o in parsed.overrides] == [("read", "en"), ("校长", "zh")]
    assert parsed.text == "say read 校长"


def test_a_lexicon_names_every_entry_it_cannot_use():
    with pytest.raises(InputError, match="entry 2.*entry 3"):
        Lexicon.of([("ok", "OW1 K EY1"), ("bad", "xyz"), ("长长", "chang2")])


def test_lexicon_files_are_read_as_tsv_or_json(tmp_path):
    (tmp_path / "a.json").write_text('{"行长": "hang2 zhang3"}', encoding="utf-8")
    assert Lexicon.from_file(tmp_path / "a.json").mandarin == {"行长": ("hang2", "zhang3")}
    (tmp_path / "b.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(InputError, match="wrong form"):
        Lexicon.from_file(tmp_path / "b.json")


def test_the_guess_survives_packing():
    graphones = [("<", ""), (">", ""), ("a", "AA1"), ("b", "B"), ("ab", "AE1 B")]
    chars = [chr(0x100 + n) for n in range(5)]
    logp = {char: -1.0 for char in chars} | {chars[0] + chars[4]: -0.1}
    again = unpack(pack(2, graphones, logp, {chars[0]: -2.0}))
    assert again.phones("ab") == ("AE1", "B")
    assert again.logp.keys() == logp.keys()
    assert again.follow(chars[0], chars[2]) == pytest.approx(-3.0, abs=0.1)


@pytest.mark.parametrize(
    ("word", "sounds"),
    [("blick", "B L IH1 K"), ("stroffing", "S T R AO1 F IH0 NG"), ("nade", "N EY1 D"), ("zelensky", "Z IH0 L EH1 N S K IY0")],
)
def test_the_guess_knows_the_spelling_of_english(word: str, sounds: str):
    assert guess(word) == tuple(sounds.split())


def test_the_guess_is_small():
    assert len(model().logp) < 400_000
