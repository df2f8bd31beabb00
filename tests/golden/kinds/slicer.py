"""The public slicer: a described sound in, places of cuts out, which must be equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from golden.comparison import Comparison
from voxcommons.prepare.public_slice import SlicerOptions, public_chunks

RATE, TONE_HZ, NOISE, SEED = 32000, 200, 0.05, 3


def recognises(folder: Path) -> bool:
    file = folder / "expected.json"
    return file.is_file() and "pieces" in json.loads(file.read_text())


def comparisons(folder: Path) -> Iterator[Comparison]:
    stored = json.loads((folder / "expected.json").read_text())
    samples = described(stored["pieces"])
    yield Comparison("total_samples", len(samples), stored["total_samples"], tolerance=0)
    for index, case in enumerate(stored["cases"]):
        given = case["params"]
        options = SlicerOptions(
            given["threshold"], given["min_length"], given["min_interval"], given["hop_size"], given["max_sil_kept"]
        )
        chunks = public_chunks(samples, RATE, options)
        ours = [[chunk.start, chunk.stop, len(chunk.of(samples))] for chunk in chunks]
        yield Comparison(f"case{index}.chunks", ours, case["chunks"], tolerance=0)


def described(pieces: list[list[float]]) -> np.ndarray:
    """The sound of the fixture: tones of several levels with a little noise, one after the other."""
    draw = np.random.RandomState(SEED)
    parts = []
    for duration_s, amplitude in pieces:
        count = int(duration_s * RATE)
        tone = np.sin(2 * np.pi * TONE_HZ * np.arange(count) / RATE)
        parts.append(amplitude * tone + NOISE * amplitude * draw.standard_normal(count))
    return np.concatenate(parts).astype(np.float32)
