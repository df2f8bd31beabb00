"""How many seconds of speech per second each training stage gets through, at the starter's sizes.

    python benchmarks/train_throughput.py
    python benchmarks/train_throughput.py --stage content --steps 12 --compile --json

The clips are noise with the lengths of read sentences, so nothing needs to be there; what a step costs does not depend on
what is said. The stage runs as `vox train base` runs it, first as its recipe is, then with one thing changed at a time.
Seconds are those of the clips, without padding; the first steps are not counted. For stage B's warm start they are those
of its crops. On a processor that has other work to do, compare by processor time.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from voxcommons.base.progress import NullProgress
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.acoustic import AcousticModels, train_acoustic
from voxcommons.train.acoustic_batch import utterances
from voxcommons.train.autoencoder import train_autoencoder
from voxcommons.train.base_model import STAGES, BaseSizes
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.content import train_content, usable
from voxcommons.train.loader import BatchPlan
from voxcommons.train.recipes import StageRecipe
from voxcommons.train.semantic import lines_of, train_semantic
from voxcommons.train.workplace import Workplace

RATE = 16000
CLIPS = 400
PHONES_PER_S = 11


def made_up(seed: int = 0) -> tuple[Corpus, dict[int, tuple[int, ...]], list[np.ndarray]]:
    """A corpus in memory with its phonemes and codes; lengths are log-normal, 1.2 to 13 s, about 5 on average."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(rng.lognormal(np.log(4.3), 0.55, CLIPS), 1.25, 13.0)
    clips, labels, codes, offset = [], {}, [], 0
    for number, seconds in enumerate(lengths):
        size = int(seconds * RATE)
        clips.append(Clip(offset, size, "train", "noise", f"speaker-{number % 20}", "en", "F", "", str(number)))
        labels[number] = tuple(rng.integers(1, 300, int(seconds * PHONES_PER_S)).tolist())
        codes.append(rng.integers(0, 1024, int(seconds * 25)).astype(np.int16))
        offset += size
    return Corpus(RATE, rng.integers(-3000, 3000, offset).astype(np.int16), tuple(clips)), labels, codes


class Clock(NullProgress):
    """Remembers when each step was done."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.times = device, []

    def advance(self, n: int = 1) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self.times.append((time.perf_counter(), time.process_time()))


def seconds_of_steps(stage: str, recipe: StageRecipe, corpus: Corpus, items: Sequence[Any]) -> list[float]:
    """Seconds of speech in each step of the recipe."""
    if stage == "autoencoder":
        return [recipe.accumulate * recipe.items * recipe.crop_frames * recipe.hop_samples / RATE] * recipe.steps
    if stage == "semantic":
        lengths = tuple(len(item.codes) / 25 for item in items)
    else:
        lengths = tuple(item.clip.length_samples / RATE for item in items)
    most = {"max_items": 40 * recipe.accumulate} if stage == "acoustic" else {}
    plan = BatchPlan(lengths, recipe.batch_seconds * recipe.accumulate, recipe.seed, by_length=recipe.by_length, **most)
    return [sum(lengths[index] for index in plan.batch(step)) for step in range(recipe.steps)]


def measure(stage: str, recipe: StageRecipe, device: str, threads: int, steps: int) -> tuple[float, float]:
    """Seconds of speech of one stage per second, and per second of processor time."""
    torch.set_num_threads(threads)
    corpus, labels, codes = made_up()
    changes = {"steps": steps + 3, "save_every": 10**9, "test_every": 10**9, "warmup_steps": 0}
    if stage in ("content", "semantic"):
        changes["easy_steps"] = 0
    if stage == "semantic":
        changes["joined_share"] = 0.0
    recipe = dataclasses.replace(recipe, **changes)
    sizes, torch_device = BaseSizes(), Workplace.of(device).device
    clock = Clock(torch_device)
    place = Workplace(torch_device, progress=clock)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        run, items = Path(folder) / stage, []
        if stage == "content":
            items = usable(corpus, labels, "train", recipe)
            train_content(PhoneticContentEncoder(**dataclasses.asdict(sizes.content)), corpus, labels, run, recipe, place)
        elif stage == "autoencoder":
            train_autoencoder(SemanticToWave(**dataclasses.asdict(sizes.semantic_to_wave)), corpus, run, recipe, place)
        elif stage == "acoustic":
            items = utterances(corpus, labels, codes, "train", recipe)
            model = SemanticToWave(**dataclasses.asdict(sizes.semantic_to_wave))
            models = AcousticModels(model, Discriminators(**dataclasses.asdict(sizes.critics)))
            train_acoustic(models, corpus, items, [], run, recipe, place)
        else:
            items = lines_of(corpus, labels, codes, "train", recipe)
            train_semantic(TextToSemantic(**dataclasses.asdict(sizes.text_to_semantic)), items, [], run, recipe, place)
        seconds = seconds_of_steps(stage, recipe, corpus, items)
    # The first two steps warm up, the last one ends with a checkpoint.
    wall, busy = (end - begin for begin, end in zip(clock.times[1], clock.times[-2], strict=True))
    return sum(seconds[2:-1]) / wall, sum(seconds[2:-1]) / busy


def variants(recipe: StageRecipe, threads: int, compiled: bool) -> dict[str, tuple[StageRecipe, int]]:
    """What is compared: names to (recipe, threads); the first is the recipe as it is."""
    found = {"as it is": (recipe, threads)}
    if threads > 1:
        found["one thread"] = (recipe, 1)
    if hasattr(recipe, "by_length"):
        found["batches of mixed lengths"] = (dataclasses.replace(recipe, by_length=False), threads)
    found["fp32"] = (dataclasses.replace(recipe, precision="fp32"), threads)
    found["in two parts"] = (dataclasses.replace(recipe, accumulate=2, **_halved(recipe)), threads)
    if compiled:
        found["compiled"] = (dataclasses.replace(recipe, compile=True), threads)
    return found


def _halved(recipe: StageRecipe) -> dict[str, Any]:
    """Half of whatever the recipe counts per part, so that two parts make the same batch."""
    names = ("items", "batch_seconds", "rendered_items", "spoken_items")
    return {name: type(value)(value / 2) for name in names if (value := getattr(recipe, name, None))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", action="append", choices=STAGES)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for stage in given.stage or STAGES:
        found: dict[str, tuple[float, float]] = {}
        for name, (recipe, threads) in variants(getattr(BaseRecipe(), stage), given.threads, given.compile).items():
            found[name] = measure(stage, recipe, given.device, threads, given.steps)
            by_clock, by_processor = found[name]
            ratios = [now / first for now, first in zip(found[name], found["as it is"], strict=True)]
            facts = {"per_second": round(by_clock, 2), "per_processor_second": round(by_processor, 2)}
            rows.append({"stage": stage, "variant": name, "threads": threads} | facts)
            if not given.json:
                said = f"{by_clock:8.2f} per second ({ratios[0]:.2f})  {by_processor:8.2f} per second of the processor ({ratios[1]:.2f})"
                print(f"{stage:12} {name:24} {said}", flush=True)
    if given.json:
        print(json.dumps({"device": str(Workplace.of(given.device).device), "load": os.getloadavg()[0], "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
