"""Mel frames as the trained predictor says them, of every utterance at the pitch that was heard, kept beside the corpus.

They are apart from stage finish because saying them all once costs less than saying some in every step, and every process maps the same
file. The folder is named after the networks they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from voxcommons.base.files import atomic_folder
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.mel_frames import CHANNELS
from voxcommons.models.mel_predictor import FRAMES_PER_CODE, MelPredictor
from voxcommons.train.acoustic import spoken
from voxcommons.train.acoustic_batch import Loader, Utterance

BATCH = 8
_MEL, _CLIPS = "mel.f16", "clips.npz"


def predicted_frames(
    model: MelPredictor, spoken_by: Sequence[tuple[Loader, Sequence[Utterance]]], name: str, folder: Path, progress: Progress | None = None
) -> dict[int, np.ndarray]:
    """Return the predicted mel frames [F, CHANNELS] of utterances by clip number, float16 and memory-mapped.

    Args:
        model: the trained predictor.
        spoken_by: per split a loader and its utterances. Each one's person is told by other clips, as in training.
        name: says what the frames are made from.
        folder: where they are kept.
        progress: told once per utterance.
    """
    target = folder / f"predicted-{name}"
    if not (target / _CLIPS).is_file():
        bar = progress or NullProgress()
        bar.start(sum(len(items) for _, items in spoken_by), "predicted mel frames")
        with atomic_folder(target) as temporary:
            _write(model, spoken_by, temporary, bar)
        bar.finish()
    with np.load(target / _CLIPS) as stored:
        numbers, offsets = stored["numbers"].tolist(), stored["offsets"].tolist()
    if not numbers:
        return {}
    mel = np.memmap(target / _MEL, "<f2", "r", shape=(offsets[-1], CHANNELS))
    return {number: mel[start:end] for number, start, end in zip(numbers, offsets[:-1], offsets[1:], strict=True)}


@torch.inference_mode()
def _write(model: MelPredictor, spoken_by: Sequence[tuple[Loader, Sequence[Utterance]]], folder: Path, bar: Progress) -> None:
    model.eval()
    numbers: list[int] = []
    offsets = [0]
    with (folder / _MEL).open("wb") as file:
        for loader, items in spoken_by:
            in_order = sorted(items, key=lambda item: (item.clip.length_samples, item.number))  # little padding
            for start in range(0, len(in_order), BATCH):
                group = in_order[start : start + BATCH]
                mel, _ = spoken(model, loader.part(group, (0, start), range(len(group))))
                for item, frames in zip(group, mel, strict=True):
                    bar.advance()
                    count = loader.voices.features.frames(item.number)
                    if count > FRAMES_PER_CODE * loader.voices.code_count(item.number):
                        continue  # it has codes for a part of its sound only
                    file.write(frames[:, :count].T.contiguous().numpy().astype("<f2").tobytes())
                    numbers.append(item.number)
                    offsets.append(offsets[-1] + count)
    np.savez(folder / _CLIPS, numbers=np.array(numbers, np.int64), offsets=np.array(offsets, np.int64))
