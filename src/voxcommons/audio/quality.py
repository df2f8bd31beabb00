"""How good a recording is for cloning a voice: figures, one verdict, plain advice.

It judges and changes nothing. The signal-to-noise ratio is the power of the speech against the level that the pauses
usually have 150 ms away from any speech; docs/quality-gate.md shows how near that comes to the truth in white, pink and
babble noise. The limits are the gate's own and can be replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voxcommons.audio.activity import FRAME_S, Mask, runs, speech_frames
from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.reverberation import RINGING_S, decay_s

Samples = npt.NDArray[np.float32]
Verdict = Literal["excellent", "good", "usable", "poor"]

SNR_CEILING_DB: Final = 75.0  # what a silent 16-bit room yields; more is a device that writes zeros
CLIP_LEVEL: Final = 0.985
_CLIP_RUN: Final = 3  # so many samples in a row at full scale are a flat top, fewer are a peak
_FLAT: Final = 3.5e-5  # one step of 16 bits: a clipped and then scaled top is as flat as rounding lets it be
_AWAY_FRAMES: Final = 15
_LEAST_NOISE_FRAMES: Final = 20
_SMOOTH_FRAMES: Final = 9  # noise that flutters has its median below its mean; smoothing halves that bias
_FLUTTER_DB: Final = 6.0  # babble spreads by 3 dB between its quietest sixth and its median; what spreads further is speech
_HOLD_FRAMES: Final = 20  # a pause shorter than this is part of speech (ITU-T P.56), which noise would otherwise make a pause
_ZERO_RUN_S: Final = 0.02
_ZERO_LEVEL: Final = 1e-7
_ZERO_OF_PEAK: Final = 3e-5  # codecs and resampling turn an exact zero into a very small number, half a step of 16 bits at most
_SPECTRUM: Final = 2048
_BAND_DROP_DB: Final = 62.0


@dataclass(frozen=True)
class Gate:
    """Limits between the verdicts.

    Attributes:
        excellent_snr_db, good_snr_db, usable_snr_db: speech over noise, in dB.
        usable_clipping, poor_clipping: share of clipped samples that spoils "good", and "usable".
        quiet_dbfs, loud_dbfs: level of the speech frames outside of which advice is given.
        narrow_hz: bandwidth below which a recording counts as telephone quality.
        enough_speech_s: seconds of speech below which more is advised.
        ringing_s: seconds of decay above which a room is said to ring.
    """

    excellent_snr_db: float = 35.0
    good_snr_db: float = 20.0
    usable_snr_db: float = 15.0
    usable_clipping: float = 0.0002
    poor_clipping: float = 0.01
    quiet_dbfs: float = -38.0
    loud_dbfs: float = -12.0
    narrow_hz: float = 4600.0
    enough_speech_s: float = 15.0
    ringing_s: float = RINGING_S


@dataclass(frozen=True)
class QualityReport:
    """What was measured, and what follows from it.

    Attributes:
        snr_db: speech over background noise, in dB, at most 75.
        noise_dbfs: level of the background noise; ``-inf`` where the pauses are zeros.
        clipping_ratio: share of samples in flat tops, 0 to 1.
        level_dbfs: root-mean-square level of the speech frames (a full-scale sine is -3).
        peak_dbfs: highest sample.
        bandwidth_hz: the highest frequency that the speech holds.
        zero_run_s: seconds of exact zeros, which only a noise-suppressing device writes.
        speech_s: seconds of speech.
        duration_s: seconds in all.
        decay_s: how long the room rings, a hint (see :mod:`voxcommons.audio.reverberation`); None where it cannot be told.
        verdict: ``excellent``, ``good``, ``usable`` or ``poor`` (better record again).
        advice: what a person can do about it, most important first.
    """

    snr_db: float
    noise_dbfs: float
    clipping_ratio: float
    level_dbfs: float
    peak_dbfs: float
    bandwidth_hz: float
    zero_run_s: float
    speech_s: float
    duration_s: float
    decay_s: float | None
    verdict: Verdict
    advice: tuple[Advice, ...]


def judge(
    samples: Samples,
    rate: int,
    *,
    speech: Mask | None = None,
    clipped_ratio: float = 0.0,
    gate: Gate | None = None,
) -> QualityReport:
    """Measure a recording and give a verdict.

    Args:
        samples: mono [T], float32.
        rate: in Hz.
        speech: which 10 ms frames hold speech [F]; found here when not given.
        clipped_ratio: clipping seen before mixing or resampling, which hide flat tops.
        gate: the limits; the defaults suit cloning.

    Returns:
        The report; a recording without speech has snr 0, level -inf and the verdict ``poor``.
    """
    gate = gate or Gate()
    speech = speech_frames(samples, rate) if speech is None else speech
    power = frame_power(samples, rate)[: len(speech)]
    mask = speech[: len(power)]
    zeros_s = zero_run_seconds(samples, rate)
    figures = _Figures(
        snr_db=signal_to_noise(power, mask),
        clipping_ratio=max(clipped_ratio, clipping_ratio(samples)),
        level_dbfs=_decibels(float(power[mask].mean())) if mask.any() else float("-inf"),
        bandwidth_hz=bandwidth_hz(samples, rate, mask),
        zero_run_s=zeros_s,
        suppressed=zeros_s > 0.3 and zeros_s > 0.05 * len(samples) / rate,
        speech_s=float(mask.sum()) * FRAME_S,
        decay_s=decay_s(samples, rate),
    )
    return QualityReport(
        snr_db=figures.snr_db,
        noise_dbfs=_decibels(_noise_power(power, mask)) if len(power) else float("-inf"),
        clipping_ratio=figures.clipping_ratio,
        level_dbfs=figures.level_dbfs,
        peak_dbfs=_decibels(float(np.max(np.abs(samples), initial=0.0)) ** 2),
        bandwidth_hz=figures.bandwidth_hz,
        zero_run_s=zeros_s,
        speech_s=figures.speech_s,
        duration_s=len(samples) / rate,
        decay_s=figures.decay_s,
        verdict=_verdict(gate, figures),
        advice=tuple(_notes(gate, figures)),
    )


@dataclass(frozen=True)
class _Figures:
    """What verdict and advice are made from."""

    snr_db: float
    clipping_ratio: float
    level_dbfs: float
    bandwidth_hz: float
    zero_run_s: float
    suppressed: bool
    speech_s: float
    decay_s: float | None


def _notes(gate: Gate, found: _Figures) -> list[Advice]:
    """Advice, most important first; what spoils the recording says so."""
    notes: list[Advice] = []
    percent = 100.0 * found.clipping_ratio
    if found.speech_s and found.snr_db < gate.usable_snr_db:
        notes.append(advice("too_noisy", snr_db=found.snr_db, needed_db=gate.good_snr_db))
    elif found.snr_db < gate.good_snr_db:
        notes.append(advice("noisy", snr_db=found.snr_db, needed_db=gate.good_snr_db))
    if found.clipping_ratio > gate.poor_clipping:
        notes.append(advice("too_clipped", percent=percent))
    elif found.clipping_ratio > gate.usable_clipping:
        notes.append(advice("clipped", percent=percent))
    if found.bandwidth_hz < gate.narrow_hz:
        notes.append(advice("narrow_band", bandwidth_hz=found.bandwidth_hz))
    if found.suppressed:
        notes.append(advice("noise_suppression", seconds=found.zero_run_s))
    if found.decay_s is not None and found.decay_s > gate.ringing_s:
        notes.append(advice("ringing", decay_s=found.decay_s))
    if np.isfinite(found.level_dbfs) and not gate.quiet_dbfs <= found.level_dbfs <= gate.loud_dbfs:
        notes.append(advice("quiet" if found.level_dbfs < gate.quiet_dbfs else "loud", level_dbfs=found.level_dbfs))
    if found.speech_s < gate.enough_speech_s:
        notes.append(advice("little_speech", seconds=found.speech_s))
    return notes


def _verdict(gate: Gate, found: _Figures) -> Verdict:
    if found.snr_db < gate.usable_snr_db or found.clipping_ratio > gate.poor_clipping:
        return "poor"
    if found.snr_db < gate.good_snr_db or found.clipping_ratio > gate.usable_clipping or found.bandwidth_hz < gate.narrow_hz:
        return "usable"
    # Zeros between words hide the noise, so the ratio proves nothing above "good".
    return "excellent" if found.snr_db >= gate.excellent_snr_db and not found.suppressed else "good"


def frame_power(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Mean square of each 10 ms frame [F], after a first difference high-pass against hum and rumble below 60 Hz."""
    hop = round(rate * FRAME_S)
    count = len(samples) // hop
    clean = _without_rumble(samples, rate)[: count * hop].astype(np.float64)
    power: npt.NDArray[np.float64] = (clean.reshape(count, hop) ** 2).mean(1)
    return power


def signal_to_noise(power: npt.NDArray[np.float64], speech: Mask) -> float:
    """Speech over noise in dB, 0 where there is no speech.

    Args:
        power: mean square per 10 ms frame [F].
        speech: True at speech frames [F].
    """
    if not speech.any():
        return 0.0
    noise = _noise_power(power, speech)
    signal = max(float(power[_held(speech)].mean()) - noise, 1e-12)
    return float(np.clip(10.0 * np.log10(signal / max(noise, 1e-12)), -20.0, SNR_CEILING_DB))


def _held(speech: Mask) -> Mask:
    """Speech with its shortest pauses: noise covers soft beginnings and endings, and would leave only the loud parts."""
    held = speech.copy()
    for start, end in runs(~speech):
        if end - start < _HOLD_FRAMES and start > 0 and end < len(speech):
            held[start:end] = True
    return held


def _noise_power(power: npt.NDArray[np.float64], speech: Mask) -> float:
    """Median power of the frames away from speech, as far away as the recording allows.

    The mean would count every breath and every word that was taken for a pause; the quietest half reads babble 2 dB too low.
    """
    smooth = np.convolve(power, np.full(_SMOOTH_FRAMES, 1.0 / _SMOOTH_FRAMES), mode="same")
    for away in (_AWAY_FRAMES, 5, 0):
        near = np.convolve(speech, np.ones(2 * away + 1), mode="same") > 0
        # Exact zeros are a device's doing, not the room's noise.
        frames = (smooth if away else power)[~near & (power > _ZERO_LEVEL**2)]
        if len(frames) >= _LEAST_NOISE_FRAMES:
            low, middle = np.percentile(frames, (16, 50))
            return float(min(middle, low * 10.0 ** (_FLUTTER_DB / 10.0)))
        if away and (~near).sum() >= 2 * _LEAST_NOISE_FRAMES:
            return 0.0  # nearly all of the pauses are zeros: what noise there was, nobody can tell
    heard = power[power > _ZERO_LEVEL**2]
    return float(np.percentile(heard, 3)) if len(heard) else 0.0


def clipping_ratio(samples: Samples, ceiling: float | None = None) -> float:
    """Share of samples in flat tops: three or more in a row at the ceiling.

    Args:
        samples: [T] or [T, channels].
        ceiling: the level of full scale; when None, the highest peak of the signal, if it is flat there.
    """
    if not samples.size:
        return 0.0
    top = float(np.max(np.abs(samples)))
    if ceiling is None:
        if top < 0.05:
            return 0.0
        at_top = np.abs(samples) >= top - _FLAT
    else:
        at_top = np.abs(samples) >= CLIP_LEVEL * ceiling
    if not at_top.any():
        return 0.0
    columns = at_top.reshape(len(samples), -1).T
    clipped = sum(end - start for column in columns for start, end in runs(column) if end - start >= _CLIP_RUN)
    return clipped / samples.size


def bandwidth_hz(samples: Samples, rate: int, speech: Mask | None = None) -> float:
    """The highest frequency at which the speech still has power (within 62 dB of its strongest band)."""
    hop = round(rate * FRAME_S)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (0, _SPECTRUM)), _SPECTRUM)[::hop]
    if speech is not None and speech.any():
        frames = frames[: len(speech)][speech[: len(frames)]]
    frames = frames[:: max(1, len(frames) // 1500)]  # 1500 frames give the long-term spectrum; more only cost time
    power = (np.abs(np.fft.rfft(frames * np.hanning(_SPECTRUM).astype(np.float32))) ** 2).mean(0)
    width = max(1, round(200.0 * _SPECTRUM / rate))
    smooth = 10.0 * np.log10(np.convolve(power, np.ones(width) / width, mode="same") + 1e-20)
    present = np.flatnonzero(smooth > smooth.max() - _BAND_DROP_DB)
    return float(present[-1] * rate / _SPECTRUM)


def zero_run_seconds(samples: Samples, rate: int) -> float:
    """Seconds in runs of at least 20 ms of zeros, or of what a codec makes of zeros."""
    least = _ZERO_RUN_S * rate
    size = np.abs(samples)
    zero = max(_ZERO_LEVEL, _ZERO_OF_PEAK * min(float(size.max(initial=0.0)), 0.5))
    return sum(end - start for start, end in runs(size < zero) if end - start >= least) / rate


def _without_rumble(samples: Samples, rate: int) -> Samples:
    """Subtract a 12 ms moving average: nothing below about 40 Hz stays, speech does."""
    width = int(0.012 * rate) | 1
    if len(samples) < width:
        return samples
    total = np.cumsum(np.pad(samples.astype(np.float64), (width // 2 + 1, width // 2), mode="edge"))
    return (samples - (total[width:] - total[:-width]) / width).astype(np.float32)


def _decibels(power: float) -> float:
    return float(10.0 * np.log10(power)) if power > 0 else float("-inf")
