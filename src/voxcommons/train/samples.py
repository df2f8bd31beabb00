"""Pictures of what stage B can do so far: natural spectra above, what was made below.

A curve says that a figure fell; a picture shows whether harmonics stand, whether breath is where it belongs, and whether a
run has broken. matplotlib is loaded when a picture is drawn, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from voxcommons.base.files import atomic_path
from voxcommons.models.configs import BANDS

LONGEST_SPECTRA = 400  # four seconds: more is too small to see
SPECTRA_PER_S = 100


@dataclass(frozen=True)
class Sample:
    """One clip, natural and made.

    Attributes:
        title: who says it, in which language.
        natural: [BANDS, N] log-mel spectra, a hundred per second.
        made: likewise.
    """

    title: str
    natural: np.ndarray
    made: np.ndarray


def spectra(mel: Tensor) -> np.ndarray:
    """Mel frames [CHANNELS, F] as spectra in their order, [BANDS, 2 F], for an eye."""
    return mel.detach().float().cpu().T.reshape(-1, BANDS).T.numpy()[:, :LONGEST_SPECTRA]


def draw_samples(samples: Sequence[Sample], path: Path, said: str) -> None:
    """Write a PNG with one column per sample; nothing when there are none.

    Args:
        samples: what to draw.
        path: of the file; its name is the title.
        said: what stands above and what below.
    """
    if not samples:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = 3.6 * len(samples), 4.6
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(0.15 / width, 0.5 / height, 1 - 0.15 / width, 1 - 0.7 / height, wspace=0.12, hspace=0.15)
    FigureCanvasAgg(figure)
    figure.suptitle(f"{path.stem}: {said}")
    axes = figure.subplots(2, len(samples), squeeze=False)
    for column, sample in enumerate(samples):
        for row, picture in enumerate((sample.natural, sample.made)):
            axis, seconds = axes[row][column], picture.shape[1] / SPECTRA_PER_S
            axis.imshow(picture, origin="lower", aspect="auto", extent=(0, seconds, 0, BANDS))
            axis.set_yticks([])
            axis.set_xticks([0, seconds], ["0", f"{seconds:.1f} s"] if row else ["", ""], fontsize=8)
        axes[0][column].set_title(sample.title, fontsize=9)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90)
