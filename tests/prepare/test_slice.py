"""Cuts go through pauses, prompts are whole phrases, and the same recording is always cut alike."""

import numpy as np
import pytest
import soundfile

from sounds import speech_like
from voxcommons.audio.activity import speech_frames
from voxcommons.prepare.slice import choose_prompts, slices

RATE = 16000


def cut(samples):
    speech = speech_frames(samples, RATE)
    return slices(samples, RATE, speech), choose_prompts(samples, RATE, speech)[0], speech


def test_slices_are_two_to_twelve_seconds_between_pauses():
    samples = speech_like((2.5, 3.0, 4.0, 2.0, 6.0, 1.0, 9.0, 3.0), pause_s=0.5)
    found, _, speech = cut(samples)
    assert all(2 <= piece.duration_s <= 12.3 for piece in found)
    assert all(one.end_s <= other.start_s for one, other in zip(found, found[1:], strict=False))
    assert sum(piece.speech_s for piece in found) == pytest.approx(speech.sum() / 100, abs=0.5)
    for piece in found:
        assert piece.whole
        edges = [round(piece.start_s * 100), round(piece.end_s * 100) - 1]
        assert not speech[edges].any()


def test_speech_without_pauses_is_cut_at_its_quietest_moment():
    samples = speech_like((30.0,))
    samples[17 * RATE : 17 * RATE + 800] *= 0.2
    found, prompt, _ = cut(samples)
    assert len(found) >= 3
    assert all(piece.duration_s <= 12.3 for piece in found)
    assert any(abs(piece.end_s - 17.02) < 0.1 for piece in found)
    assert not prompt.whole
    assert 3 <= prompt.duration_s <= 10


def test_the_prompt_is_the_clean_phrase_of_good_length():
    samples = speech_like((5.0, 6.0, 5.5), pause_s=0.8)
    rng = np.random.default_rng(0)
    first, last = slice(0, round(6.0 * RATE)), slice(round(13.2 * RATE), None)
    samples[first] += rng.standard_normal(len(samples[first])).astype(np.float32) * 0.02
    samples[last] = np.clip(samples[last] * 8, -1, 1)
    _, prompt, _ = cut(samples)
    assert (prompt.start_s, prompt.end_s) == pytest.approx((6.6, 12.6), abs=0.3)
    assert prompt.whole


def test_a_clipped_phrase_is_passed_over_for_one_that_is_not():
    samples = speech_like((5.0, 6.0), pause_s=0.8) * np.float32(1.9)
    ideal = slice(round(6.6 * RATE), None)
    samples[ideal] = np.clip(samples[ideal] * 1.3, -1, 1)
    _, prompt, _ = cut(samples)
    assert prompt.end_s < 6.6


def test_a_phrase_that_is_cut_by_the_end_of_the_recording_is_not_taken_even_if_it_is_better():
    samples = speech_like((3.0, 9.0), pause_s=0.6)[: round(10.2 * RATE)]
    samples[: round(3.9 * RATE)] *= np.float32(0.12)
    _, prompt, _ = cut(samples)
    assert prompt.end_s < 4.2
    assert prompt.whole


def test_further_prompts_are_whole_phrases_that_do_not_overlap():
    samples = speech_like((5.0, 6.0, 5.5, 4.0, 7.0, 3.5), pause_s=0.8)
    found = choose_prompts(samples, RATE, speech_frames(samples, RATE), 4)
    assert len(found) == 4
    assert all(piece.whole for piece in found)
    in_time = sorted(found, key=lambda piece: piece.start_s)
    assert all(one.end_s <= other.start_s for one, other in zip(in_time, in_time[1:], strict=False))
    assert found[:1] == choose_prompts(samples, RATE, speech_frames(samples, RATE))


@pytest.mark.parametrize("phrases", [(2.6,), (1.0, 1.0, 1.0), (11.5,), (0.5,) * 8])
def test_there_is_always_a_prompt_of_three_to_ten_seconds(phrases):
    samples = speech_like(phrases, pause_s=1.3)
    found, prompt, _ = cut(samples)
    assert found
    assert 2.99 <= prompt.duration_s <= 10
    assert 0 <= prompt.start_s < prompt.end_s <= len(samples) / RATE


@pytest.mark.parametrize("name", ["en_libri_27", "en-GB_vctk_p225", "zh-CN_cv-zh-061da964212e", "yue-HK_cv-zh-HK-ab808aab9c8e"])
def test_real_recordings_give_whole_prompts_and_enough_slices(shared, name):
    samples, rate = soundfile.read(shared / "speech" / "references" / f"{name}.flac", dtype="float32")
    speech = speech_frames(samples, rate)
    found, prompt = slices(samples, rate, speech), choose_prompts(samples, rate, speech)[0]
    assert prompt.whole
    assert 3 <= prompt.duration_s <= 10
    assert all(2 <= piece.duration_s <= 12.3 for piece in found)
    assert sum(piece.speech_s for piece in found) > 0.9 * speech.sum() / 100
    assert choose_prompts(samples, rate, speech)[0] == prompt
