"""Prosody measured on the starter: what is asked for is what a meter hears, and the timbre stays."""

import numpy as np
import pytest
import torch

from voxcommons.evaluate.pitch import median_pitch_hz, pitch_track
from voxcommons.models.build import STARTER, load_base
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.text.ssml import ssml_script
from voxcommons.voices.base_models import find_base
from voxcommons.voices.library import Library

TEXT = "We were away a year ago, and nobody knew."


@pytest.fixture(scope="module")
def speak(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    engine, voice = Engine(load_base(find_base(STARTER, home)), threads=1), Library(home).get("kathleen")

    def spoken(text=TEXT, **options) -> np.ndarray:
        script = ssml_script(text) if text.startswith("<speak") else text
        return np.concatenate([chunk.samples for chunk in engine.speak(script, voice, SpeakOptions(**{"takes": 1} | options))])

    return spoken


@pytest.fixture(scope="module")
def usual(speak) -> np.ndarray:
    return speak()


def envelope_db(samples: np.ndarray) -> np.ndarray:
    """Mean spectral envelope [513] in dB of the louder half, harmonics smoothed away (cepstrum below 1.5 ms)."""
    window = torch.hann_window(1024)
    spectra = torch.stft(torch.from_numpy(samples), 1024, 160, window=window, return_complex=True).abs().double().numpy()
    level = spectra.sum(0)
    cepstra = np.fft.irfft(np.log(spectra[:, level > np.median(level)] + 1e-5), axis=0)
    cepstra[24:-23] = 0
    return 8.686 * np.fft.rfft(cepstra, axis=0).real.mean(1)


def envelope_change_db(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference of two envelopes between 150 and 5000 Hz, loudness aside."""
    difference = (envelope_db(one) - envelope_db(other))[10:320]
    return float((difference - difference.mean()).std())


def semitones(one: np.ndarray, other: np.ndarray) -> float:
    return 12 * float(np.log2(median_pitch_hz(pitch_track(other, 16000)) / median_pitch_hz(pitch_track(one, 16000))))


def resampled(samples: np.ndarray, asked_st: float) -> np.ndarray:
    """The cheap way to another pitch, which moves the mouth along."""
    at = np.arange(0, len(samples) - 1, 2 ** (asked_st / 12))
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


@pytest.mark.parametrize("asked_st", [-4, 5])
def test_pitch_moves_by_the_asked_semitones_and_the_timbre_stays(speak, usual, asked_st):
    moved = speak(pitch=asked_st)
    assert semitones(usual, moved) == pytest.approx(asked_st, abs=0.25)
    assert len(moved) == pytest.approx(len(usual), rel=0.02)
    change = envelope_change_db(usual, moved)
    assert change < 2.2
    assert change < 0.6 * envelope_change_db(usual, resampled(usual, asked_st))


def spread_st(samples: np.ndarray) -> float:
    track = pitch_track(samples, 16000)
    return float(np.std(12 * np.log2(track[track > 0])))


def test_the_range_of_the_intonation_widens_and_flattens(speak, usual):
    assert spread_st(speak(pitch_range=0.0)) < 0.25 * spread_st(usual)
    assert spread_st(speak(pitch_range=1.6)) > 1.3 * spread_st(usual)


@pytest.mark.parametrize("asked", [0.7, 1.5])
def test_the_tempo_has_the_asked_ratio(speak, usual, asked):
    assert len(usual) / len(speak(speed=asked)) == pytest.approx(asked, rel=0.04)


def test_one_word_is_slower_and_higher_and_softer_and_the_others_stay(speak):
    usual = speak("<speak>We were away a year ago.</speak>", pitch_range=0.0)  # flat: wherever one listens, the pitch is the same
    manner = 'pitch="+6st" rate="50%" volume="-10dB"'
    changed = speak(f"<speak>We were away <prosody {manner}>a year ago.</prosody></speak>", pitch_range=0.0)
    half = len(usual) * 4 // 10
    np.testing.assert_allclose(changed[: half // 2], usual[: half // 2], atol=1e-4)
    assert 1.3 < len(changed) / len(usual) < 1.8
    tail = int(0.6 * len(changed))
    assert semitones(usual[half + 3200 :], changed[tail:]) == pytest.approx(6, abs=0.25)
    assert np.abs(changed[tail:]).max() < 0.5 * np.abs(usual[half:]).max()


def test_words_said_in_another_manner_are_the_same_streamed(speak):
    text = '<speak>We were <emphasis level="strong">away</emphasis> a year <prosody rate="slow">ago</prosody>.</speak>'
    np.testing.assert_array_equal(speak(text, streaming="token"), speak(text))
