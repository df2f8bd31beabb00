"""Sounds and recordings for tests, made from arithmetic: speech-like phrases with pauses, in any container."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

Samples = npt.NDArray[np.float32]


def speech_like(
    phrases_s: Sequence[float] = (3.0, 4.0, 3.5), pause_s: float = 0.6, rate: int = 16000, *, seed: int = 0, floor_db: float = -75.0
) -> Samples:
    """Phrases of voiced syllables with pauses before, between and after, over a faint noise; peaks near 0.5.

    A buzz at 120 Hz through two moving resonances, opening and closing four times a second: close enough to speech for a
    detector, and the true places of speech are known.
    """
    return _speech_like(tuple(phrases_s), pause_s, rate, seed, floor_db).copy()


@cache
def _speech_like(phrases_s: tuple[float, ...], pause_s: float, rate: int, seed: int, floor_db: float) -> Samples:
    rng = np.random.default_rng(seed)
    sound = _voiced(phrases_s, pause_s, min(rate, _HIGHEST_RATE), rng)
    sound = soxr.resample(sound, min(rate, _HIGHEST_RATE), rate) if rate > _HIGHEST_RATE else sound
    sound *= 0.5 / np.abs(sound).max()
    return (sound + rng.standard_normal(len(sound)) * 10 ** (floor_db / 20)).astype(np.float32)


_HIGHEST_RATE = 16000  # the voiced part ends at 7 kHz, and is computed fifty times over


def _voiced(phrases_s: tuple[float, ...], pause_s: float, rate: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    parts = [np.zeros(round(pause_s * rate))]
    for length_s in phrases_s:
        time = np.arange(round(length_s * rate)) / rate
        pitch = 2 * np.pi * np.cumsum(120 + 15 * np.sin(2 * np.pi * 0.7 * time + rng.uniform(0, 6))) / rate
        first, second = 500 + 200 * np.sin(2 * np.pi * 1.3 * time), 1500 + 500 * np.sin(2 * np.pi * 0.9 * time + 1)
        wave = np.zeros(len(time))
        for harmonic in range(1, int(min(rate / 2, 7000) / 140)):
            frequency = 120.0 * harmonic
            gain = np.exp(-(((frequency - first) / 250) ** 2)) + 0.5 * np.exp(-(((frequency - second) / 400) ** 2)) + 0.003
            wave += gain * np.sin(harmonic * pitch)
        syllables = 0.35 + 0.65 * np.sin(np.pi * 4.0 * time) ** 2
        edge = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.03)
        parts += [wave * syllables * edge, np.zeros(round(pause_s * rate))]
    return np.concatenate(parts)


def write_wav(path: Path, samples: Samples, rate: int = 16000, subtype: str = "PCM_16") -> Path:
    """Write [T] or [T, channels] as WAV."""
    soundfile.write(path, samples, rate, subtype=subtype, format="WAV")
    return path


def encode(path: Path, samples: Samples, codec: str, rate: int) -> Path:
    """Write mono [T] with FFmpeg; the suffix chooses the container."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        converter = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate, frame_size=stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        for piece in [*converter.resample(frame), *converter.resample(None)]:
            for packet in stream.encode(piece):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path
