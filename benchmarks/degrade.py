"""Spoiling clean recordings on purpose, by a known amount.

Apart from the benchmark that uses it, because each way is a definition somebody may want to check: what noise, of which
power against which speech, which room, which telephone. Everything is drawn from a seed.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

Samples = npt.NDArray[np.float32]

LOWEST_HZ = 60.0  # below it there is no speech, and every estimator leaves it out
MARGIN_DB = 15.9  # of ITU-T P.56: speech is what stays within this of its own active level
BABBLE_SPEAKERS = 12


def heard(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """The part above 60 Hz, by a high-pass of the fourth order."""
    return np.asarray(sosfilt(butter(4, LOWEST_HZ, "highpass", fs=rate, output="sos"), samples.astype(np.float64)))


def speech_power(samples: Samples, rate: int) -> tuple[float, npt.NDArray[np.bool_]]:
    """Active speech level of ITU-T P.56 (method B) as a mean square, and the samples it counts as active.

    The envelope (two smoothings of 30 ms) is held for 200 ms; the level is the one whose own threshold, 15.9 dB below it, selects
    the samples it is the mean of. It knows nothing of the detector that is being judged.
    """
    sound = heard(samples, rate)
    keep = np.exp(-1.0 / (0.03 * rate))
    envelope = np.abs(sound)
    for _ in range(2):
        envelope = lfilter([1.0 - keep], [1.0, -keep], envelope)
    energy, active = float((sound**2).sum()), np.ones(len(sound), bool)
    for threshold_db in np.arange(-90.0, -5.0, 0.25):
        louder = _held(envelope > 10.0 ** (threshold_db / 20.0), round(0.2 * rate))
        if not louder.any():
            break
        active = louder
        if 10.0 * np.log10(energy / active.sum() + 1e-30) - threshold_db <= MARGIN_DB:
            break
    return energy / float(active.sum()), active


def _held(above: npt.NDArray[np.bool_], samples: int) -> npt.NDArray[np.bool_]:
    """True for so many samples after each True."""
    at = np.arange(len(above))
    last = np.maximum.accumulate(np.where(above, at, -samples - 1))
    return at - last <= samples


def own_noise_power(samples: Samples, rate: int, active: npt.NDArray[np.bool_]) -> float:
    """Mean square of the noise a recording had before anything was added.

    The quieter half of the 50 ms pieces of its pauses; where it has less than a second of pauses, the quietest twentieth of all
    pieces. Pieces with exact zeros are left out: they are the joints of clips.
    """
    sound, size = heard(samples, rate), round(0.05 * rate)
    count = len(sound) // size
    pieces = (sound[: count * size].reshape(count, size) ** 2).mean(1)
    zeros = (np.abs(samples[: count * size].reshape(count, size)) < 1e-7).mean(1) > 0.1
    spoken = active[: count * size].reshape(count, size).any(1)
    spoken |= np.roll(spoken, -1) | np.roll(spoken, -2)  # the slow envelope comes late
    pauses = np.sort(pieces[~zeros & ~spoken])
    if len(pauses) >= 20:
        return float(pauses[: len(pauses) // 2].mean())
    kept = np.sort(pieces[~zeros])
    return float(kept[: max(1, len(kept) // 20)].mean()) if len(kept) else 0.0


def white(count: int, rng: np.random.Generator) -> Samples:
    """Noise of equal power per hertz."""
    return rng.standard_normal(count).astype(np.float32)


def pink(count: int, rate: int, rng: np.random.Generator) -> Samples:
    """Noise of equal power per octave, above 60 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1.0 / rate)
    shape = np.where(hertz >= LOWEST_HZ, 1.0 / np.sqrt(np.maximum(hertz, 1.0)), 0.0)
    return np.fft.irfft(spectrum * shape, count).astype(np.float32)


def babble(count: int, rate: int, clips: Sequence[tuple[Samples, int]], rng: np.random.Generator) -> Samples:
    """Many people talking at once: per person their clips end to end, all people at one level, then summed."""
    total = np.zeros(count, np.float64)
    for samples, clip_rate in clips:
        sound = resample_poly(samples, rate, clip_rate) if clip_rate != rate else samples
        turned = np.roll(np.resize(sound, count), int(rng.integers(count)))
        total += turned / (np.sqrt(np.mean(turned**2)) + 1e-9)
    return total.astype(np.float32)


def crowd(corpus: Path, archive: str, speakers: int, seconds: float) -> list[tuple[Samples, int]]:
    """About so many seconds of each of the first speakers of an archive of the training corpus."""
    found: dict[str, list[Samples]] = {}
    rate = 16000
    with tarfile.open(corpus / archive) as tar:
        for member in tar:
            speaker = Path(member.name).parent.name
            held = found.get(speaker)
            if not member.isfile() or (held is None and len(found) >= speakers) or sum(map(len, held or [])) > seconds * rate:
                continue
            stream = tar.extractfile(member)
            assert stream is not None
            samples, rate = soundfile.read(io.BytesIO(stream.read()), dtype="float32")
            found.setdefault(speaker, []).append(samples)
            if len(found) >= speakers and all(sum(map(len, clips)) > seconds * rate for clips in found.values()):
                break
    return [(np.concatenate(clips), rate) for clips in found.values()]


def with_noise(samples: Samples, noise: Samples, rate: int, snr_db: float, power: float) -> tuple[Samples, float]:
    """The sound with noise added so that speech of mean square ``power`` stands so far above it; and the noise's mean square."""
    wanted = power / 10.0 ** (snr_db / 10.0)
    gain = np.sqrt(wanted / float(np.mean(heard(noise, rate) ** 2)))
    return (samples + noise * np.float32(gain)).astype(np.float32), wanted


def clipped(samples: Samples, share: float) -> Samples:
    """Cut flat where the loudest ``share`` of the samples begins, and raised to full scale as a saturated converter does."""
    limit = float(np.quantile(np.abs(samples), 1.0 - share))
    return np.asarray(np.clip(samples / limit, -1.0, 1.0), np.float32)


def in_room(samples: Samples, rate: int, rt60_s: float, rng: np.random.Generator, direct_db: float = 0.0) -> Samples:
    """Heard in a room: the direct sound, and noise that decays by 60 dB in ``rt60_s``, as strong as it (0 dB) or weaker."""
    time = np.arange(round(1.2 * rt60_s * rate)) / rate
    tail = rng.standard_normal(len(time)) * 10.0 ** (-3.0 * time / rt60_s)
    tail[: round(0.003 * rate)] = 0.0
    tail *= 10.0 ** (-direct_db / 20.0) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    wet = fftconvolve(samples, tail)[: len(samples)]
    return (wet * (np.max(np.abs(samples)) / np.max(np.abs(wet)))).astype(np.float32)


def noise_gate(samples: Samples, rate: int, below_dbfs: float) -> Samples:
    """Exact zeros wherever the level stays below a threshold, as device noise suppression leaves them."""
    keep = np.exp(-1.0 / (0.02 * rate))
    envelope = lfilter([1.0 - keep], [1.0, -keep], np.abs(samples))
    return np.where(_held(envelope > 10.0 ** (below_dbfs / 20.0), round(0.15 * rate)), samples, 0.0).astype(np.float32)


def through_codec(samples: Samples, rate: int, codec: str, container: str, bit_rate: int) -> tuple[Samples, int]:
    """Encoded and decoded by FFmpeg, for example as mp3 at 32 kbit/s."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = bit_rate
        frames = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate, frame_size=1152)
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        for piece in [*frames.resample(frame), *frames.resample(None), None]:
            out.mux(stream.encode(piece))
    file.seek(0)
    with av.open(file) as back:
        to_float = av.AudioResampler(format="flt", layout="mono", rate=rate)
        pieces = [piece.to_ndarray()[0] for frame in back.decode(audio=0) for piece in to_float.resample(frame)]
    return np.concatenate(pieces).astype(np.float32), rate
