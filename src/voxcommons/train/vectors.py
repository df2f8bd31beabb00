"""One vector per clip that says who speaks: what a teacher says in stage timbre, and what the trained encoder says afterwards.

They are apart from the loops because both are slower to make than to read; they are kept beside the corpus under the name of whoever
said them. The teacher comes from outside, because it belongs to the meters of the evaluation, which training does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from voxcommons.base.errors import InputError
from voxcommons.base.files import atomic_path
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.timbre_encoder import TimbreEncoder
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.features import Features
from voxcommons.train.labels import digest_of


class Teacher(Protocol):
    """A network that tells speakers apart.

    Attributes:
        name: of the network, in letters, digits and hyphens; it names the file of its vectors.
    """

    name: str

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """The vector [V] of whoever speaks in samples [T]."""


def taught_vectors(teacher: Teacher | None, corpus: Corpus, folder: Path, progress: Progress | None = None) -> np.ndarray:
    """What the teacher says of every clip, [clips, V] of length 1; zeros where there is no sound.

    Raises:
        InputError: there is no teacher.
    """
    if teacher is None:
        raise InputError(
            "stage timbre has nobody to learn from", expected="a network that tells speakers apart", found="none",
            do="pip install --no-deps resemblyzer==0.1.4, then run `vox train base` again",
        )

    def taught(number: int) -> np.ndarray | None:
        wave = corpus.wave(corpus.clips[number])
        return teacher(wave, corpus.rate) if wave.any() else None

    return _kept(folder / f"taught-{teacher.name}.npy", len(corpus.clips), taught, "vectors of the teacher", progress)


def timbre_vectors(encoder: TimbreEncoder, features: Features, folder: Path, progress: Progress | None = None) -> np.ndarray:
    """What a trained encoder says of every clip as a whole, [clips, V] of length 1; zeros where there is no frame."""
    encoder.eval()

    def heard(number: int) -> np.ndarray | None:
        mel = torch.from_numpy(features.mel_of(number).astype(np.float32))
        return encoder(mel.T[None])[0].numpy() if len(mel) else None

    path = folder / f"timbres-{digest_of(encoder)}.npy"
    return _kept(path, len(features.offsets) - 1, heard, "vectors of the speakers", progress)


@torch.inference_mode()
def _kept(path: Path, clips: int, one: Callable[[int], np.ndarray | None], label: str, progress: Progress | None) -> np.ndarray:
    """The vectors [clips, V] that a file keeps, made with ``one`` when it is not there."""
    if not path.is_file():
        bar = progress or NullProgress()
        bar.start(clips, label)
        found: list[np.ndarray | None] = []
        for number in range(clips):
            found.append(one(number))
            bar.advance()
        bar.finish()
        size = next((len(each) for each in found if each is not None), 0)
        nothing = np.zeros(size, np.float32)
        rows = [nothing if each is None else each / max(float(np.linalg.norm(each)), 1e-6) for each in found]
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, np.stack(rows).astype(np.float32))
    return np.load(path)
