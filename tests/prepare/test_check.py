"""What cannot be cloned is refused in words; what can is measured."""

import numpy as np
import pytest

from sounds import speech_like, write_wav
from voxcommons.audio.files import load
from voxcommons.base.errors import InputError
from voxcommons.prepare.check import check
from voxcommons.prepare.recording import prepare_recording

RATE = 16000


def checked(tmp_path, samples, rate=RATE):
    return check(load(write_wav(tmp_path / "a.wav", samples, rate)))


@pytest.mark.parametrize(("samples", "words"), [
    (speech_like((3.0,), pause_s=0.5), ("at least 5 s", "4.0 s")),
    (np.zeros(10 * RATE, np.float32), ("silent", "zeros")),
    (np.full(10 * RATE, 1e-4, np.float32), ("silent", "dBFS")),
    (np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32) * 0.05, ("speech", "0.0 s in 10.0 s")),
    (speech_like((1.0,), pause_s=3.0), ("speech", "2.5 s")),
])  # fmt: skip
def test_what_nobody_can_clone_is_an_error_with_figures(tmp_path, samples, words):
    with pytest.raises(InputError) as caught:
        checked(tmp_path, samples)
    assert all(word in str(caught.value) for word in words)


def test_exactly_five_seconds_will_do(tmp_path):
    assert checked(tmp_path, speech_like((4.0,), pause_s=0.5)).report.speech_s > 3.5


def test_advice_of_reading_and_of_measuring_comes_together(tmp_path):
    stereo = np.stack([np.clip(speech_like((4.0, 4.0), rate=8000) * 6, -1, 1), np.zeros(8000 * 10, np.float32)[: 8000 * 10]][:1] * 1, 1)
    stereo = np.concatenate([stereo, np.zeros_like(stereo)], 1)
    kinds = [note.kind for note in checked(tmp_path, stereo, 8000).advice]
    assert {"dead_channel", "too_clipped", "narrow_band", "little_speech"} <= set(kinds)


def test_a_recording_is_prepared_from_a_path(tmp_path):
    prepared = prepare_recording(write_wav(tmp_path / "录音.wav", speech_like((4.0, 6.0, 5.0, 3.0))))
    assert all(prompt.whole for prompt in prepared.prompts)
    assert len(prepared.prompts) >= 2
    assert len(prepared.references) >= 2
    assert prepared.advice == ()


def test_a_recording_without_pauses_is_prepared_with_a_note(tmp_path):
    prepared = prepare_recording(write_wav(tmp_path / "a.wav", speech_like((20.0,))))
    assert [note.kind for note in prepared.advice] == ["no_pause"]
