"""Mel frames, pitch and statistics of every clip of a packed corpus, computed once and memory-mapped beside it.

They are apart from the loops because four stages read them millions of times, in pieces, and every process maps the same file. The
folder is named after what its numbers depend on, so it is never used for anything else. What is heard here equals what
`MelAcoustic.hear` hears when a voice is cloned, but for the half precision of the mel frames.

Shapes: F frames of 20 ms of a clip, always two per semantic code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from voxcommons.base.files import atomic_folder
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.configs import BANDS
from voxcommons.models.harmonic_source import HIGHEST_HZ, LOWEST_HZ, track_pitch
from voxcommons.models.istft_generator import PITCH_CENTRE_HZ
from voxcommons.models.mel_frames import CHANNELS, HOP, N_FFT, STEP, WINDOW, MelFrames
from voxcommons.models.mel_predictor import FRAMES_PER_CODE, voice_statistics
from voxcommons.prepare.corpus import Corpus

STATISTICS = 2 * BANDS + 2
MIDDLE = 2 * BANDS  # where the middle of the pitch stands in them
TRACKER = 2  # which way of hearing pitch: raised with every change of `track_pitch`, so that nothing heard before is taken for it
_MEL, _PITCH, _CLIPS = "mel.f16", "pitch.f32", "clips.npz"


@dataclass(frozen=True)
class Features:
    """What was heard in the clips of a corpus, by clip number.

    Attributes:
        offsets: [clips + 1] first frame of each clip in the two files.
        mel: [frames, CHANNELS] float16 mel frames.
        pitch_hz: [frames] float32, 0 where unvoiced.
        statistics: [clips, STATISTICS] float32, see `voice_statistics`.
    """

    offsets: np.ndarray
    mel: np.ndarray
    pitch_hz: np.ndarray
    statistics: np.ndarray

    def frames(self, number: int) -> int:
        """How many frames a clip has, an even number."""
        return int(self.offsets[number + 1] - self.offsets[number])

    def mel_of(self, number: int) -> np.ndarray:
        """The mel frames of a clip, [F, CHANNELS] float16."""
        return self.mel[self.offsets[number] : self.offsets[number + 1]]

    def pitch_of(self, number: int) -> np.ndarray:
        """The pitch of a clip in Hz, [F] float32."""
        return self.pitch_hz[self.offsets[number] : self.offsets[number + 1]]


def octaves(pitch_hz: np.ndarray) -> np.ndarray:
    """Octaves above the centre of all pitches; what is unvoiced stands for 1 Hz."""
    return np.log2(np.maximum(pitch_hz, 1.0) / PITCH_CENTRE_HZ)


def corpus_features(corpus: Corpus, folder: Path, progress: Progress | None = None) -> Features:
    """Hear every clip, or open what was heard before.

    Args:
        corpus: packed clips.
        folder: where the features lie in a folder of their own.
        progress: told once per clip.
    """
    mel, pitch_range = f"mel{BANDS}-fft{N_FFT}-win{WINDOW}-step{STEP}", f"pitch{LOWEST_HZ:g}to{HIGHEST_HZ:g}"
    target = folder / f"features-{corpus.rate}hz-{mel}-{pitch_range}-tracker{TRACKER}"
    if not (target / _CLIPS).is_file():
        bar = progress or NullProgress()
        bar.start(len(corpus.clips), "mel frames and pitch")
        with atomic_folder(target) as temporary:
            _write(corpus, temporary, bar)
        bar.finish()
    with np.load(target / _CLIPS) as stored:
        offsets, statistics = stored["offsets"], stored["statistics"]
    frames = np.memmap(target / _MEL, "<f2", "r", shape=(int(offsets[-1]), CHANNELS))
    pitch_hz = np.memmap(target / _PITCH, "<f4", "r", shape=(int(offsets[-1]),))
    return Features(offsets, frames, pitch_hz, statistics)


@torch.inference_mode()
def _write(corpus: Corpus, folder: Path, bar: Progress) -> None:
    listen = MelFrames(corpus.rate)
    offsets, statistics = [0], np.zeros((len(corpus.clips), STATISTICS), np.float32)
    with (folder / _MEL).open("wb") as mel_file, (folder / _PITCH).open("wb") as pitch_file:
        for number, clip in enumerate(corpus.clips):
            frames = FRAMES_PER_CODE * (clip.length_samples // (FRAMES_PER_CODE * HOP))
            if frames:
                wave = torch.from_numpy(corpus.wave(clip)[: frames * HOP])[None]
                mel, pitch = listen(wave)[0].T, track_pitch(wave, frames, HOP, corpus.rate)[0]  # [F, CHANNELS], [F]
                voiced = torch.log2(pitch[pitch > 0] / PITCH_CENTRE_HZ)
                statistics[number] = voice_statistics(mel.reshape(-1, BANDS), voiced).numpy()
                mel_file.write(mel.contiguous().numpy().astype("<f2").tobytes())
                pitch_file.write(pitch.numpy().astype("<f4").tobytes())
            offsets.append(offsets[-1] + frames)
            bar.advance()
    np.savez(folder / _CLIPS, offsets=np.array(offsets, np.int64), statistics=statistics)
