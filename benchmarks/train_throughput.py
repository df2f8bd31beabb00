"""How many seconds of speech per second each training stage gets through, at the starter's sizes.

    python benchmarks/train_throughput.py
    python benchmarks/train_throughput.py --stage content --steps 12 --compile --json

The clips are noise with the lengths of read sentences, so nothing needs to be there; what a step costs does not depend on
what is said. The stage runs as `vox train base` runs it, first as its recipe is, then with one thing changed at a time.
Seconds are those of the clips, without padding; the first steps are not counted. For the stages that learn from pieces of
clips (timbre, vocoder, finish) they are those of the pieces. On a processor that has other work to do, compare by processor time.
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
from voxcommons.models.build import build_module
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.mel_frames import CHANNELS, HOP
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.acoustic import train_acoustic
from voxcommons.train.acoustic_batch import utterances
from voxcommons.train.base_model import STAGES, BaseSizes
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.content import train_content, usable
from voxcommons.train.features import STATISTICS, Features
from voxcommons.train.finish import FinishModels, train_finish
from voxcommons.train.loader import BatchPlan
from voxcommons.train.recipes import StageRecipe
from voxcommons.train.semantic import lines_of, train_semantic
from voxcommons.train.timbre import train_timbre
from voxcommons.train.vocoder import train_vocoder
from voxcommons.train.voices import Voices
from voxcommons.train.workplace import Workplace

RATE = 16000
FRAMES_PER_S = RATE / HOP
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


@dataclasses.dataclass(frozen=True)
class Material:
    """Everything that stages read, made up."""

    corpus: Corpus
    labels: dict[int, tuple[int, ...]]
    codes: list[np.ndarray]

    def features(self) -> Features:
        """Mel frames, pitch and statistics of the clips."""
        rng = np.random.default_rng(1)
        offsets = np.cumsum([0, *(2 * (clip.length_samples // (2 * HOP)) for clip in self.corpus.clips)])
        mel = rng.normal(size=(offsets[-1], CHANNELS)).astype(np.float16)
        pitch = np.where(rng.random(offsets[-1]) < 0.6, rng.uniform(80, 300, offsets[-1]), 0).astype(np.float32)
        return Features(offsets, mel, pitch, rng.normal(size=(len(self.codes), STATISTICS)).astype(np.float32))

    def vectors(self) -> np.ndarray:
        """One unit vector [256] per clip."""
        found = np.abs(np.random.default_rng(2).normal(size=(len(self.codes), 256))).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def alignments(self) -> dict[int, np.ndarray]:
        """The phoneme that each code speaks: all take equally long."""
        return {number: np.linspace(0, len(said) - 1, len(self.codes[number])).astype(np.int16) for number, said in self.labels.items()}


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
    if stage == "timbre":
        drawn = [np.random.default_rng((recipe.seed, step)) for step in range(recipe.steps)]  # as `Pieces.part` draws
        lengths = [int(rng.integers(recipe.shortest_frames, recipe.longest_frames + 1)) for rng in drawn]
        return [recipe.accumulate * recipe.items * frames / FRAMES_PER_S for frames in lengths]
    if stage in ("vocoder", "finish"):
        return [recipe.accumulate * recipe.items * recipe.segment_frames / FRAMES_PER_S] * recipe.steps
    if stage == "semantic":
        lengths = tuple(len(item.codes) / 25 for item in items)
    elif stage == "acoustic":
        lengths = tuple(item.clip.length_samples // (2 * HOP) / 25 for item in items)
    else:
        lengths = tuple(item.clip.length_samples / RATE for item in items)
    most = {"max_items": 40 * recipe.accumulate} if stage == "acoustic" else {}
    plan = BatchPlan(lengths, recipe.batch_seconds * recipe.accumulate, recipe.seed, by_length=recipe.by_length, **most)
    return [sum(lengths[index] for index in plan.batch(step)) for step in range(recipe.steps)]


def learn(stage: str, recipe: StageRecipe, material: Material, run: Path, place: Workplace) -> Sequence[Any]:
    """Run a stage at the starter's sizes and return the clips it learned from, where it takes them whole."""
    sizes, corpus, labels, codes = BaseSizes(), material.corpus, material.labels, material.codes
    if stage == "content":
        items: Sequence[Any] = usable(corpus, labels, "train", recipe)
        train_content(build_module("content", sizes.content), corpus, labels, run, recipe, place)
        return items
    if stage == "semantic":
        items = lines_of(corpus, labels, codes, "train", recipe)
        train_semantic(build_module("text_to_semantic", sizes.text_to_semantic), items, [], run, recipe, place)
        return items
    sound, features = build_module("semantic_to_wave", sizes.semantic_to_wave), material.features()
    if stage == "acoustic":
        items = utterances(corpus, labels, material.alignments(), "train", recipe)
        voices = Voices.of(corpus, "train", features, codes, material.vectors(), sizes.semantic_to_wave.remembered_codes)
        train_acoustic(sound.predictor, (voices, items), (voices, []), run, recipe, place)
        return items
    if stage == "timbre":
        train_timbre(sound.timbre, corpus, features, material.vectors(), run, recipe, place)
    elif stage == "vocoder":
        train_vocoder(sound.dec, corpus, features, run, recipe, place)
    else:
        models = FinishModels(sound.dec, Discriminators(**dataclasses.asdict(sizes.critics)))
        predicted = {number: features.mel_of(number) for number in labels}
        train_finish(models, corpus, features, predicted, run, recipe, place)
    return []


def measure(stage: str, recipe: StageRecipe, device: str, threads: int, steps: int) -> tuple[float, float]:
    """Seconds of speech of one stage per second, and per second of processor time."""
    torch.set_num_threads(threads)
    changes = {"steps": steps + 3, "save_every": 10**9, "test_every": 10**9, "warmup_steps": 0}
    if stage in ("content", "semantic"):
        changes["easy_steps"] = 0
    if stage == "semantic":
        changes["joined_share"] = 0.0
    if hasattr(recipe, "pictures"):
        changes["pictures"] = 0
    recipe, material = dataclasses.replace(recipe, **changes), Material(*made_up())
    clock = Clock(Workplace.of(device).device)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        items = learn(stage, recipe, material, Path(folder) / stage, Workplace(clock.device, progress=clock))
        seconds = seconds_of_steps(stage, recipe, material.corpus, items)
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
    names = ("items", "batch_seconds")
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
