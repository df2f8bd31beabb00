"""Which clips the public GPT-SoVITS trainers put into one batch, and in which order.

Apart from our own loader because these orders are theirs, faults included: a clip of more than 38 s is never drawn for
semantic-to-wave, and a bucket that does not fill its last batch repeats its first clips. They are kept so that a
training of theirs can be repeated step by step and compared. Nothing here reads a file.
"""

from __future__ import annotations

import itertools
import math
import random
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import torch

BOUNDARIES_FRAMES: Final = (32, *range(300, 2000, 100))
BUCKET_S: Final = 2.0


def sound_batches(
    lengths_frames: Sequence[int],
    batch: int,
    *,
    epoch: int,
    replicas: int = 1,
    rank: int = 0,
    boundaries_frames: Sequence[int] = BOUNDARIES_FRAMES,
) -> list[list[int]]:
    """Batches of one epoch of the public semantic-to-wave training.

    Clips of similar length share a bucket (a boundary belongs to the bucket below it); clips outside all boundaries are
    left out without a word, as the public program does. Each bucket is completed to whole batches on all processes by
    repeating its own shuffled order from the start.

    Args:
        lengths_frames: one per clip, in spectrogram frames of 20 ms.
        batch: clips of one batch on one process.
        epoch: seeds the order; the public trainer counts from 1.
        replicas: training processes.
        rank: which of them this is, from 0.
        boundaries_frames: rising; n + 1 boundaries make n buckets.

    Returns:
        Clip numbers per batch, in the order of training.
    """
    buckets: list[list[int]] = [[] for _ in boundaries_frames[1:]]
    for clip, length in enumerate(lengths_frames):
        bucket = bisect_left(boundaries_frames, length) - 1
        if 0 <= bucket < len(buckets):
            buckets[bucket].append(clip)
    filled = [clips for clips in buckets if clips]
    generator = torch.Generator().manual_seed(epoch)
    # All buckets are shuffled before any batch is made: the order of the draws is part of the result.
    orders = [torch.randperm(len(clips), generator=generator).tolist() for clips in filled]
    batches: list[list[int]] = []
    for clips, order in zip(filled, orders, strict=True):
        whole = math.ceil(len(clips) / (batch * replicas)) * batch * replicas
        drawn = [clips[place] for place in itertools.islice(itertools.cycle(order), whole)][rank::replicas]
        batches += [drawn[start : start + batch] for start in range(0, len(drawn), batch)]
    return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]


def text_order(
    durations_s: Sequence[float], batch: int, *, epoch: int, seed: int = 0, replicas: int = 1, rank: int = 0
) -> list[int]:
    """Order of the clips in one epoch of the public text-to-semantic training.

    Clips are sorted by length and shuffled inside stretches of about two seconds; what then stands together makes a group
    of `batch * replicas` (which may straddle two stretches), and the groups are shuffled.

    Args:
        durations_s: one per clip, in seconds.
        batch: clips of one batch on one process.
        epoch: counts from 0.
        seed: added to the epoch.
        replicas: training processes.
        rank: which of them this is, from 0.

    Returns:
        Clip numbers; consecutive runs of `batch` are the batches, except where a shorter last group came earlier.
    """
    draw = random.Random(seed + epoch)  # noqa: S311 - an order, no secret
    by_length = sorted(range(len(durations_s)), key=lambda clip: durations_s[clip])
    shuffled: list[int] = []
    for stretch in _stretches(by_length, durations_s):
        draw.shuffle(stretch)
        shuffled += stretch
    group = batch * replicas
    groups = [shuffled[start : start + group] for start in range(0, len(shuffled), group)]
    draw.shuffle(groups)
    order = list(itertools.chain.from_iterable(groups))
    missing = -len(order) % replicas
    return (order + order[:missing])[rank::replicas]


def _stretches(by_length: Sequence[int], durations_s: Sequence[float]) -> list[list[int]]:
    """Clips of rising length, cut where the limit is passed.

    The limit rises by one step per cut, not to the clip that passed it: behind a gap in the lengths it lags, and clips
    stand alone until it has caught up.
    """
    stretches: list[list[int]] = [[]]
    limit_s = BUCKET_S
    for clip in by_length:
        if durations_s[clip] >= limit_s:
            stretches.append([])
            limit_s += BUCKET_S
        stretches[-1].append(clip)
    return stretches
