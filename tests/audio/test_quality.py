"""Figures agree with what was done to the sound, verdicts with the figures."""

import numpy as np
import pytest
import soundfile
from scipy.signal import fftconvolve

from sounds import encode, speech_like
from voxcommons.audio.activity import speech_frames
from voxcommons.audio.advice import KINDS, advice
from voxcommons.audio.files import load
from voxcommons.audio.quality import Gate, bandwidth_hz, clipping_ratio, frame_power, judge, zero_run_seconds
from voxcommons.audio.resample import resample

RATE = 16000
LONG = (4.0, 5.0, 4.0, 5.0)


def with_noise(samples, snr_db, rate=RATE, seed=0):
    noise = np.random.default_rng(seed).standard_normal(len(samples)).astype(np.float32)
    power = frame_power(samples, rate)[speech_frames(samples, rate)[: len(samples) // (rate // 100)]].mean()
    return samples + noise * np.float32(np.sqrt(power / 10 ** (snr_db / 10) / frame_power(noise, rate).mean()))


def kinds(report):
    return [note.kind for note in report.advice]


@pytest.mark.parametrize("snr_db", [5, 10, 15, 20, 30])
def test_the_snr_is_the_one_that_was_mixed(snr_db):
    assert judge(with_noise(speech_like(LONG), snr_db), RATE).snr_db == pytest.approx(snr_db, abs=1.5)


@pytest.mark.parametrize("name", ["en_libri_5652", "zh-CN_cv-zh-7a39dd1ad05f"])
@pytest.mark.parametrize("snr_db", [10, 20])
def test_the_snr_of_real_speech_is_the_one_that_was_mixed(shared, name, snr_db):
    samples, rate = soundfile.read(shared / "speech" / "references" / f"{name}.flac", dtype="float32")
    assert judge(with_noise(samples, snr_db, rate), rate).snr_db == pytest.approx(snr_db, abs=1.5)


def babble(folder, count, rate, but):
    """The other reference speakers at once, each at the same level."""
    others = [soundfile.read(path, dtype="float32") for path in sorted(folder.glob("*.flac")) if path.stem != but]
    sounds = [np.resize(sound, count) for sound, rate_of in others if rate_of == rate]
    return np.sum([np.roll(sound, 7919 * turn) / sound.std() for turn, sound in enumerate(sounds)], 0)


@pytest.mark.parametrize("snr_db", [8, 15, 22])
def test_the_snr_in_a_crowd_is_the_one_that_was_mixed(shared, snr_db):
    folder, name = shared / "speech" / "references", "zh-CN_cv-zh-5d66e9ec552b"
    samples, rate = soundfile.read(folder / f"{name}.flac", dtype="float32")
    noise = babble(folder, len(samples), rate, name)
    speech = speech_frames(samples, rate)
    ratio = frame_power(samples, rate)[speech[: len(samples) // (rate // 100)]].mean() / frame_power(noise, rate).mean()
    mixed = samples + noise * np.sqrt(ratio / 10 ** (snr_db / 10))
    assert judge(mixed.astype(np.float32), rate).snr_db == pytest.approx(snr_db, abs=1.5)


def test_verdicts_follow_the_noise():
    speech = speech_like(LONG)
    assert [judge(with_noise(speech, snr), RATE).verdict for snr in (40, 25, 17.5, 10)] == ["excellent", "good", "usable", "poor"]


def test_the_limits_can_be_chosen():
    assert judge(with_noise(speech_like(LONG), 25), RATE, gate=Gate(usable_snr_db=28)).verdict == "poor"


def test_clipping_is_seen_at_any_level_and_peaks_are_not_clipping():
    speech = speech_like(LONG)
    clipped = np.clip(speech, -0.2, 0.2)
    assert clipping_ratio(clipped * np.float32(0.7)) > 0.01
    assert judge(clipped, RATE).verdict == "poor"
    assert clipping_ratio(speech) == 0
    assert clipping_ratio((0.9 * np.sin(np.arange(48000) * 2 * np.pi * 100 / 48000)).astype(np.float32)) < 1e-3


def test_telephone_speech_is_called_narrow():
    speech = speech_like(LONG)
    assert 6000 < bandwidth_hz(speech, RATE) <= 8000
    report = judge(resample(speech, RATE, 8000), 8000)
    assert report.bandwidth_hz <= 4000
    assert "narrow_band" in kinds(report)
    assert report.verdict == "usable"
    again = judge(resample(resample(speech, RATE, 8000), 8000, RATE), RATE)
    assert again.bandwidth_hz == pytest.approx(4000, abs=200)


def test_zeros_between_words_are_noise_suppression_and_never_excellent():
    speech = speech_like(LONG)
    speech[~np.repeat(speech_frames(speech, RATE), 160)[: len(speech)]] = 0
    report = judge(speech, RATE)
    assert report.zero_run_s == pytest.approx(zero_run_seconds(speech, RATE))
    assert report.zero_run_s > 2
    assert "noise_suppression" in kinds(report)
    assert report.verdict == "good"


def test_quiet_loud_and_scarce_speech_is_advised_on():
    speech = speech_like(LONG)
    assert kinds(judge(speech * np.float32(0.01), RATE)) == ["quiet"]
    assert kinds(judge(np.tanh(speech * 8), RATE)) == ["loud"]
    assert kinds(judge(speech_like((4.0,)), RATE)) == ["little_speech"]


def test_nothing_has_figures_too():
    for samples in (np.zeros(16000, np.float32), np.zeros(0, np.float32)):
        report = judge(samples, RATE)
        assert (report.verdict, report.snr_db, report.level_dbfs) == ("poor", 0.0, float("-inf"))


def test_every_advice_has_a_sentence_in_both_languages():
    values = dict(read_s=1.0, total_s=1.0, used_s=1.0, start_s=1.0, count=1, channels=3, bandwidth_hz=1.0, percent=1.0, snr_db=1.0)
    values |= dict(level_dbfs=1.0, seconds=1.0, needed_db=1.0, decay_s=1.0, gain_db=1.0, engine="E")
    for kind in KINDS:
        note = advice(kind, **values)
        assert note.text("en").isascii()
        assert not note.text("zh").isascii()
        assert "{" not in note.text("en") + note.text("zh")


def in_a_room(samples, ringing_s, rate=RATE):
    time = np.arange(int(1.2 * ringing_s * rate)) / rate
    tail = np.random.default_rng(3).standard_normal(len(time)) * 10 ** (-3 * time / ringing_s)
    tail /= np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return fftconvolve(samples, tail)[: len(samples)].astype(np.float32) * np.float32(0.3)


def test_a_ringing_room_is_noticed_and_a_dry_one_is_not(shared):
    dry, rate = soundfile.read(shared / "speech" / "references" / "en_libri_5652.flac", dtype="float32", stop=30 * 16000)
    assert "ringing" not in kinds(judge(dry, rate))
    report = judge(in_a_room(dry, 0.8), rate)
    assert "ringing" in kinds(report)
    assert report.decay_s == pytest.approx(0.8, abs=0.3)


def test_where_nothing_dies_away_nobody_guesses_at_the_room():
    assert judge(speech_like((4.0,)), RATE).decay_s is None
    assert judge(np.zeros(100, np.float32), RATE).decay_s is None


def test_zeros_are_still_zeros_after_a_codec(tmp_path):
    speech = speech_like(LONG, rate=48000)
    speech[~np.repeat(speech_frames(speech, 48000), 480)[: len(speech)]] = 0
    heard = load(encode(tmp_path / "a.webm", speech, "libopus", 48000))
    assert "noise_suppression" in kinds(judge(heard.samples, heard.rate))


def test_what_spoils_a_recording_says_what_it_needs():
    note = judge(with_noise(speech_like(LONG), 12), RATE).advice[0]
    assert note.kind == "too_noisy"
    assert "record again" in note.text("en") and "20 dB" in note.text("en")
    assert "请重新录音" in note.text("zh")
