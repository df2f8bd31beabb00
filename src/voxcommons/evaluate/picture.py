"""Spectrogram pictures: sound to look at, one panel per recording.

matplotlib is loaded when a picture is drawn and not before: it is large, and only pictures need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from voxcommons.audio.spectrogram import linear_spectrogram
from voxcommons.base.files import atomic_path
from voxcommons.evaluate.extras import optional_module

_FLOOR_DB = -80.0
_LONGEST_S = 12.0


@dataclass(frozen=True)
class Panel:
    """One recording in the picture; the title is plain ASCII, since fonts for other scripts may be missing."""

    title: str
    samples: NDArray[np.float32]
    rate: int


def level_db(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return a spectrogram in dB below its own peak, [N, F], 32 ms windows every 8 ms, cut off at -80 dB."""
    n_fft, hop = round(0.032 * rate), round(0.008 * rate)
    wave = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    if len(wave) <= n_fft:
        wave = torch.nn.functional.pad(wave, (0, n_fft + 1 - len(wave)))
    magnitude = linear_spectrogram(wave[None], n_fft, hop)[0]  # [N, F]
    decibel = 20 * torch.log10(magnitude / magnitude.max().clamp_min(1e-6))
    return decibel.clamp_min(_FLOOR_DB).numpy()


def draw_spectrograms(panels: Sequence[Panel], path: Path) -> None:
    """Draw recordings one above the other into a PNG, all on the same time scale, at most 12 s of each.

    Raises:
        MissingExtraError: without matplotlib; the message carries the pip command.
        StorageError: when the picture cannot be written.
    """
    optional_module("matplotlib", "drawing a spectrogram")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.0 + 1.9 * len(panels)), layout="constrained")
    FigureCanvasAgg(figure)
    longest = max((min(_LONGEST_S, len(p.samples) / p.rate) for p in panels), default=1.0)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        shown = panel.samples[: int(_LONGEST_S * panel.rate)]
        extent = (0.0, len(shown) / panel.rate, 0.0, panel.rate / 2000)
        axis.imshow(
            level_db(shown, panel.rate), origin="lower", aspect="auto", cmap="magma", extent=extent,
            vmin=_FLOOR_DB, vmax=0.0,
        )
        axis.set_title(panel.title, loc="left", fontsize=10)
        axis.set_ylabel("kHz")
        axis.set_xlim(0.0, longest)
    axes[-1].set_xlabel("seconds")
    with atomic_path(path) as unfinished:
        figure.savefig(unfinished, dpi=110, format="png")
