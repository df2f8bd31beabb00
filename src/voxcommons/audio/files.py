"""Recordings in files: any format in, mono float32 out; and writing a recording back as FLAC or WAV.

What is read here is always somebody's recording. Sound the program makes leaves only through the release door, so the
writers below are for recordings alone. The file knows nothing of speech; it keeps the signal's own rate (up to 48 kHz,
above which there is no voice) and reports what it had to do to the sound.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.decoders import Block, Damaged, Decoder, open_decoder
from voxcommons.audio.quality import clipping_ratio
from voxcommons.audio.resample import resample, resample_blocks
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.files import atomic_path
from voxcommons.base.progress import NullProgress, Progress

Samples = npt.NDArray[np.float32]

HIGHEST_KEPT_RATE: Final = 48_000
_STEP_S: Final = 10.0  # a long recording is weighed in steps of this length
_MARGIN_DB: Final = 1.0  # a later window must be better by this, so that ties keep the beginning
_DEAD_CHANNEL_DB: Final = 26.0
_OPPOSITE: Final = -0.6
_DIFFERENT: Final = 0.5
_OPUS_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)


@dataclass(frozen=True)
class Audio:
    """A recording in memory.

    Attributes:
        samples: mono [T], float32.
        rate: of ``samples``, in Hz.
        source_rate: of the file, in Hz.
        channels: of the file.
        codec: of the file.
        seconds: length of the whole recording, which is longer than ``samples`` when only its best part was kept.
        start_s: where in the recording ``samples`` begin.
        clipped_ratio: share of clipped samples in the file, measured before mixing and resampling.
        warnings: what a person should know about how it was read.
    """

    samples: Samples
    rate: int
    source_rate: int
    channels: int
    codec: str
    seconds: float
    start_s: float = 0.0
    clipped_ratio: float = 0.0
    warnings: tuple[Advice, ...] = ()


def load(
    path: Path | str,
    *,
    rate: int | None = None,
    max_seconds: float | None = None,
    progress: Progress | None = None,
) -> Audio:
    """Read a recording as mono.

    Args:
        path: a file of any common audio or video format.
        rate: the rate wanted in Hz; None keeps the file's own, at most 48 kHz.
        max_seconds: of a longer recording, keep only the best stretch of this length (cleanest, most speech); memory
            then stays bounded whatever the length.
        progress: told about the seconds read.

    Returns:
        The recording; what was done to it is in ``warnings``.

    Raises:
        InputError: the path is not a readable recording (see :func:`voxcommons.audio.decoders.open_decoder`).
        CorruptFileError: nothing at all could be decoded.
    """
    path = Path(path)
    decoder = open_decoder(path)
    try:
        return _read(decoder, path, rate, max_seconds, progress or NullProgress())
    finally:
        decoder.close()


def save_flac(path: Path | str, samples: Samples, rate: int) -> None:
    """Write a recording as 16-bit FLAC, whole or not at all.

    Args:
        path: the file to make or replace.
        samples: mono [T]; scaled down when a peak would clip.
        rate: in Hz.

    Raises:
        StorageError: the disk is full or the place cannot be written.
    """
    _save(Path(path), samples, rate, "FLAC")


def save_wav(path: Path | str, samples: Samples | npt.NDArray[np.int16], rate: int) -> None:
    """Write a recording as 16-bit WAV, whole or not at all; like :func:`save_flac`, and 16-bit samples stay what they are."""
    _save(Path(path), samples, rate, "WAV")


def encode_opus(samples: Samples, rate: int) -> bytes:
    """A recording as Ogg Opus in memory, to be put into a page.

    Args:
        samples: mono [T].
        rate: in Hz; Opus itself knows 8, 12, 16, 24 and 48 kHz, others are resampled to the next.
    """
    coded = next((known for known in _OPUS_RATES if known >= rate), _OPUS_RATES[-1])
    sound = samples if coded == rate else resample(samples, rate, coded)
    encoded = io.BytesIO()
    soundfile.write(encoded, np.clip(sound, -1.0, 1.0), coded, format="OGG", subtype="OPUS")
    return encoded.getvalue()


def _save(path: Path, samples: Samples | npt.NDArray[np.int16], rate: int, container: str) -> None:
    if samples.dtype != np.int16:
        peak = float(np.max(np.abs(samples), initial=0.0))
        if peak > 0.999:
            samples = samples * np.float32(0.999 / peak)
    # Encoded in memory and written by Python: libsndfile would swallow the reason when the disk is full.
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, rate, format=container, subtype="PCM_16")
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded.getbuffer())


@dataclass
class _Tally:
    """What is counted while blocks pass by."""

    frames: int = 0
    clipped: float = 0.0
    not_finite: int = 0
    damaged: bool = False


def _read(decoder: Decoder, path: Path, rate: int | None, max_seconds: float | None, progress: Progress) -> Audio:
    source = decoder.source
    tally = _Tally()
    kept_rate = rate or min(source.rate, HIGHEST_KEPT_RATE)
    width = min(source.channels, 2)
    progress.start(round(source.declared_s) if source.declared_s else None, f"reading {path.name}")
    clean = _cleaned(decoder, tally, progress)
    steps = _steps(resample_blocks(clean, source.rate, kept_rate, width), round(_STEP_S * kept_rate))
    if max_seconds is None:
        pieces, start_s = list(steps), 0.0
    else:
        pieces, start_s = _best_window(steps, kept_rate, max_seconds)
    progress.finish()
    if not tally.frames and not tally.damaged and not source.declared_s:
        raise InputError(
            "the recording is empty",
            expected="an audio file",
            found=f"{path.name} with 0 seconds",
            do="record again",
            key="recording_empty",
        )
    if not tally.frames:
        raise CorruptFileError(
            "the recording is damaged",
            expected="a whole audio file",
            found=f"{path.name}, of which nothing can be decoded",
            do="copy or record it again",
            key="not_a_recording",
        )
    samples, notes = _mono(np.concatenate(pieces), source.channels)
    seconds = tally.frames / source.rate
    used_s = len(samples) / kept_rate
    cut_off = source.declared_s is not None and seconds < 0.97 * source.declared_s - 0.5
    if tally.damaged or cut_off:
        notes.insert(0, advice("damaged", read_s=seconds))
    if tally.not_finite:
        notes.append(advice("not_finite", count=tally.not_finite))
    if used_s < seconds - _STEP_S:
        notes.append(advice("long", total_s=seconds, used_s=used_s, start_s=start_s))
    return Audio(
        samples=samples,
        rate=kept_rate,
        source_rate=source.rate,
        channels=source.channels,
        codec=source.codec,
        seconds=seconds,
        start_s=start_s,
        clipped_ratio=tally.clipped / tally.frames,
        warnings=tuple(notes),
    )


def _cleaned(decoder: Decoder, tally: _Tally, progress: Progress) -> Iterator[Block]:
    """Pass the blocks on with numbers only, two channels at most, while counting."""
    try:
        for block in decoder.blocks():
            finite = np.isfinite(block)
            if not finite.all():
                tally.not_finite += int((~finite).sum())
                block = np.where(finite, block, np.float32(0.0))
            tally.frames += len(block)
            tally.clipped += clipping_ratio(block, ceiling=1.0) * len(block)
            progress.advance(round(len(block) / decoder.source.rate))
            yield block if block.shape[1] <= 2 else np.repeat(block.mean(1, keepdims=True, dtype=np.float32), 2, axis=1)
    except Damaged:
        tally.damaged = True


def _steps(blocks: Iterator[Block], size: int) -> Iterator[Block]:
    """Regroup blocks to ``size`` frames each; the last may be shorter."""
    waiting: list[Block] = []
    held = 0
    for block in blocks:
        waiting.append(block)
        held += len(block)
        while held >= size:
            joined = np.concatenate(waiting)
            yield joined[:size].copy()
            waiting, held = [joined[size:]], held - size
    if held:
        yield np.concatenate(waiting)


def _best_window(steps: Iterator[Block], rate: int, max_seconds: float) -> tuple[list[Block], float]:
    """The stretch of at most ``max_seconds`` with the highest mean score, and where it starts.

    Two windows of blocks are held at most: the one passing by and the best so far.
    """
    count = max(1, int(max_seconds // _STEP_S))
    window: deque[tuple[float, Block]] = deque(maxlen=count)
    best: list[Block] = []
    best_score, best_start = float("-inf"), 0
    for index, step in enumerate(steps):
        window.append((_score(step, rate), step))
        score = sum(value for value, _ in window) / count
        # While the window still fills, every step joins: a short recording is kept whole.
        if index < count or score > best_score + _MARGIN_DB:
            best, best_score = [block for _, block in window], score
            best_start = index - len(window) + 1
    return best, best_start * _STEP_S


def _score(step: Block, rate: int) -> float:
    """How promising ten seconds are: the contrast of loud to quiet frames in dB, less for silence and clipping."""
    mono = step.mean(1)
    hop = rate // 50
    frames = mono[: len(mono) // hop * hop].reshape(-1, hop)
    if not len(frames):
        return 0.0
    level = 10.0 * np.log10((frames.astype(np.float64) ** 2).mean(1) + 1e-9)
    quiet, loud = np.percentile(level, (10, 85))
    if loud < -50.0:
        return 0.0
    return float(min(loud - quiet, 45.0) - min(2000.0 * clipping_ratio(step, ceiling=1.0), 30.0))


def _mono(samples: Block, channels: int) -> tuple[Samples, list[Advice]]:
    """Mix [T, 1 or 2] down to [T], unless mixing would spoil it."""
    if samples.shape[1] == 1:
        return np.ascontiguousarray(samples[:, 0]), []
    left, right = samples[:, 0], samples[:, 1]
    mean = (left + right) * np.float32(0.5)
    if channels > 2:
        return mean, [advice("many_channels", channels=channels)]
    powers = [float(np.mean(np.square(side, dtype=np.float64))) + 1e-12 for side in (left, right)]
    if abs(10.0 * np.log10(powers[0] / powers[1])) > _DEAD_CHANNEL_DB:
        return np.ascontiguousarray(left if powers[0] > powers[1] else right), [advice("dead_channel")]
    alike = float(np.mean(left * right, dtype=np.float64)) / (powers[0] * powers[1]) ** 0.5
    if alike < _OPPOSITE:
        return np.ascontiguousarray(left), [advice("opposite_channels")]
    return mean, [advice("different_channels")] if alike < _DIFFERENT else []
