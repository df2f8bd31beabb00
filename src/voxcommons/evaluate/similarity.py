"""Whose voice it is: the GE2E speaker encoder of the resemblyzer package, and distances between voices.

Source: Wan et al., "Generalized end-to-end loss for speaker verification" (arXiv 1710.10467). Only the weights inside
the package's wheel are used; the three-layer LSTM, its mel front end and the windowing are written here and give the
package's numbers, whose own import needs libraries that no longer load together with a current numpy and scipy.

The figures are cosines of non-negative vectors: two speakers rarely fall under 0.5 and one speaker across devices may
stay under 0.85, so only comparisons with natural speech of the same people mean something.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from voxcommons.audio.activity import activity
from voxcommons.audio.resample import resample
from voxcommons.audio.spectrogram import mel_filterbank
from voxcommons.base.errors import InputError
from voxcommons.evaluate.extras import weights_in_wheel

RATE = 16000
_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_N_FFT, _HOP, _BANDS = 400, 160, 40
_PARTIAL_FRAMES = 160  # 1.6 s, the length the encoder was trained on
_STEP_FRAMES = 77  # 1.3 partials per second
_LEAST_COVERAGE = 0.75
_LOUDNESS_DBFS = -30.0
_LONGEST_PAUSE_S = 0.2


class _Network(nn.Module):
    """Mel frames [B, F, 40] -> unit vectors [B, 256]; parameter names as in the weight file."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_BANDS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mel: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(mel)
        raw = torch.relu(self.linear(hidden[-1]))  # [B, 256]
        return raw / raw.norm(dim=1, keepdim=True)


class SpeakerEncoder:
    """A recording in, a vector of its speaker out."""

    name = "GE2E (resemblyzer 0.1.4)"

    def __init__(self) -> None:
        file = weights_in_wheel("resemblyzer", "pretrained.pt", _SHA256, "measuring speaker similarity")
        # A pickle, but of a known hash and read by the loader that builds tensors only.
        state = torch.load(file, map_location="cpu", weights_only=True)["model_state"]  # noqa: TID251
        self._network = _Network().eval()
        self._network.load_state_dict({k: v for k, v in state.items() if k.split(".")[0] in ("lstm", "linear")})
        self._bank = mel_filterbank(RATE, _N_FFT, _BANDS)  # [40, 201]

    def embed(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return the speaker vector [256] of a recording, of length 1.

        Quiet recordings are raised to -30 dBFS and pauses are cut short first, as the encoder saw them in training.

        Args:
            samples: [T] in [-1, 1].
            rate: samples per second; other rates than 16000 are resampled.

        Raises:
            InputError: when there is no sound in it.
        """
        sound = resample(samples, rate, RATE) if rate != RATE else samples
        level = float(np.sqrt(np.mean(np.square(sound)))) if len(sound) else 0.0
        if level == 0.0:
            raise InputError("cannot tell a speaker from silence", expected="speech", found="no sound")
        gain = max(1.0, 10 ** (_LOUDNESS_DBFS / 20) / level)
        return self.embed_prepared(without_long_pauses(sound * gain, RATE))

    def embed_prepared(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the speaker vector [256] of 16 kHz sound [T] as it is, pauses and level included."""
        starts = partial_starts(len(sound))
        needed = (starts[-1] + _PARTIAL_FRAMES) * _HOP
        padded = np.pad(sound, (0, max(0, needed - len(sound)))).astype(np.float32)
        with torch.inference_mode():
            mel = self._mel(torch.from_numpy(padded))  # [F, 40]
            partials = torch.stack([mel[s : s + _PARTIAL_FRAMES] for s in starts])  # [B, 160, 40]
            mean = self._network(partials).mean(0)
        return (mean / mean.norm()).numpy()

    def _mel(self, wave: Tensor) -> Tensor:
        """Mel powers [F, 40] of a wave [T]; not logarithmic."""
        spectrum = torch.stft(
            wave, _N_FFT, _HOP, window=torch.hann_window(_N_FFT), center=True, pad_mode="constant", return_complex=True
        )
        return (self._bank @ spectrum.abs().square()).T


def partial_starts(samples: int) -> list[int]:
    """Return the first frames of the 1.6 s windows over a recording of so many samples.

    The last window is left out when less than three quarters of it would be sound, unless it is the only one.
    """
    frames = math.ceil((samples + 1) / _HOP)
    starts = list(range(0, max(1, frames - _PARTIAL_FRAMES + _STEP_FRAMES + 1), _STEP_FRAMES))
    covered = (samples / _HOP - starts[-1]) / _PARTIAL_FRAMES
    return starts[:-1] if covered < _LEAST_COVERAGE and len(starts) > 1 else starts


def without_long_pauses(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Shorten every pause to at most 0.2 s; sound without any detected speech comes back whole."""
    half = _LONGEST_PAUSE_S / 2
    keep = np.zeros(len(sound), dtype=bool)
    for start_s, end_s in activity(sound, rate):
        keep[max(0, int((start_s - half) * rate)) : int((end_s + half) * rate)] = True
    return sound[keep] if keep.any() else sound


def centroid(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the unit vector in the middle of several speaker vectors [256]."""
    mean = np.mean(np.stack(vectors), axis=0)
    return mean / np.linalg.norm(mean)


def nearest_speaker(
    vector: NDArray[np.float32], speakers: Mapping[str, NDArray[np.float32]]
) -> tuple[str, dict[str, float]]:
    """Return the name with the highest cosine to a vector, and the cosine to each name."""
    cosines = {name: float(vector @ middle) for name, middle in speakers.items()}
    return max(cosines, key=lambda name: cosines[name]), cosines
