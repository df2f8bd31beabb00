"""A recogniser of English and Mandarin follows texts in other languages by classes of sound."""

from __future__ import annotations

import numpy as np
import pytest

from voxcommons.audio.files import load
from voxcommons.models.build import load_base
from voxcommons.prepare.align import find_spoken, stands_out
from voxcommons.prepare.features import phones_of
from voxcommons.prepare.sound_classes import CLASSES, class_of_symbols, pooled, sound_class
from voxcommons.text.reader import read
from voxcommons.text.symbols import symbols

BLANK = len(CLASSES)


@pytest.mark.parametrize(("language", "word"), [
    ("en", "papa"), ("zh", "爸爸"), ("ja", "パパ"), ("ko", "빠빠"), ("yue", "爸爸"),
])  # fmt: skip
def test_the_same_sounds_have_the_same_classes_in_every_language(language: str, word: str):
    heard = [found for phone in read(word, language).phones if (found := sound_class(phone))]
    assert heard == ["p", "a", "p", "a"]


def test_only_marks_and_what_is_not_heard_by_itself_have_no_class():
    without = {name for name, place in zip(symbols("v2"), class_of_symbols("v2"), strict=False) if place < 0}
    letters = {name for name in without if name.strip("0123456789").isalpha()}
    closing = {f"Y{sound}{tone}" for sound in "gkptn" for tone in range(1, 7)}  # rows of the table that no text is read as
    assert letters - closing == {"SP", "SP2", "SP3", "UNK", "EE", "OO", "cl", "停", "空", "ㅇ"}


def test_probabilities_of_like_symbols_add_up():
    classes = class_of_symbols("v2")
    log_probs = np.full((1, len(classes)), -30, np.float32)
    for name in ("b", "P"):
        log_probs[0, symbols("v2").index(name)] = np.log(0.4)
    log_probs[0, -1] = np.log(0.2)
    found = np.exp(pooled(log_probs, classes))[0]
    assert found[CLASSES.index("p")] == pytest.approx(0.8, abs=1e-3)
    assert found[BLANK] == pytest.approx(0.2, abs=1e-3)


def test_a_text_stands_out_where_it_was_said_and_others_do_not():
    rng = np.random.default_rng(5)
    said, other = rng.integers(0, BLANK, 40), rng.integers(0, BLANK, 40)
    log_probs = np.full((80, BLANK + 1), np.log(0.02), np.float32)
    log_probs[np.arange(0, 80, 2), np.where(rng.random(40) < 0.7, said, rng.integers(0, BLANK, 40))] = np.log(0.5)  # a third is misheard
    log_probs[np.arange(1, 80, 2), BLANK] = np.log(0.9)
    assert stands_out(log_probs, list(said), BLANK) > 5
    assert stands_out(log_probs, list(other), BLANK) < 2.4
    text = [*other, *said, *other]
    match = find_spoken(log_probs, text, BLANK)
    assert match is not None
    assert abs(match.first - 40) <= 2
    assert abs(match.last - 80) <= 2


def test_the_part_of_a_cantonese_text_is_found_in_a_recording(shared):
    folder = shared / "speech" / "references"
    path = next(folder.glob("yue-HK_*.flac"))
    audio, text = load(path, rate=16000), path.with_suffix(".txt").read_text(encoding="utf-8")
    base = load_base(parts=("content", "semantic_to_wave"))
    prompt = audio.samples[: 8 * audio.rate]
    utterance = read(text, "yue")
    found = phones_of(base, prompt, audio.rate, utterance)
    assert found.from_text
    assert 0 <= utterance.text.index(found.text) < len(text) // 6  # the recording starts with the text's start
    other = read("".join(reversed(text)), "yue")
    assert not phones_of(base, prompt, audio.rate, other).from_text
