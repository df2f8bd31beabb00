"""Orders of training and batches of sentences: stored lengths in, clip numbers out, which must be equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from golden.comparison import Comparison
from voxcommons.synth.public_batches import sentence_batches
from voxcommons.train.public_samplers import sound_batches, text_order

FRAMES_PER_S = 50
BATCH = 4  # the fixture does not say it; its batches show it


def recognises(folder: Path) -> bool:
    return (folder / "expected.json").is_file() and (folder / "inference_buckets.json").is_file()


def comparisons(folder: Path) -> Iterator[Comparison]:
    stored = json.loads((folder / "expected.json").read_text())
    lengths = stored["lengths_frames"]
    for name, wanted in stored.items():
        if match := re.fullmatch(r"s2_rep(\d+)_rank(\d+)_epoch(\d+)", name):
            replicas, rank, epoch = map(int, match.groups())
            yield Comparison(name, sound_batches(lengths, BATCH, epoch=epoch, replicas=replicas, rank=rank), wanted, tolerance=0)
        elif match := re.fullmatch(r"s1_epoch(\d+)_indices", name):
            durations_s = [length / FRAMES_PER_S for length in lengths]
            yield Comparison(name, text_order(durations_s, BATCH, epoch=int(match[1])), wanted, tolerance=0)
    sentences = json.loads((folder / "inference_buckets.json").read_text())
    for name, wanted in sentences["batches"].items():
        batch, sort = re.fullmatch(r"bs(\d+)_split(True|False)", name).groups()
        ours = sentence_batches(
            sentences["norm_text_lengths"], int(batch), threshold=sentences["threshold"], by_length=sort == "True"
        )
        yield Comparison(f"inference.{name}", ours, wanted, tolerance=0)
