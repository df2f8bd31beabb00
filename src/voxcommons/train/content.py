"""Stage A: teach the content encoder to hear phonemes through its quantiser.

One loop, in running order. Reads a packed corpus and phoneme labels, writes checkpoints and curves. Figures are the
phoneme error rate on speakers the training never hears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.augment import add_noise, change_speed, mask_patches, tilt, warp_frequencies
from voxcommons.train.loader import BatchPlan
from voxcommons.train.state import Checkpoints, MovingAverage


@dataclass(frozen=True)
class ContentRecipe:
    """How stage A is run; every field is recorded with the weights."""

    steps: int = 6000
    batch_seconds: float = 110.0
    peak_rate: float = 1.5e-3
    early_weight: float = 0.5
    warmup_steps: int = 300
    weight_decay: float = 0.02
    seed: int = 1
    save_every: int = 200
    test_every: int = 400
    shortest_s: float = 0.6
    longest_s: float = 14.0


@dataclass(frozen=True)
class Labelled:
    """A clip and its phoneme ids."""

    clip: Clip
    phones: tuple[int, ...]


def usable(corpus: Corpus, labels: dict[int, tuple[int, ...]], split: str, recipe: ContentRecipe) -> list[Labelled]:
    """Return the clips of ``split`` whose length and label fit a CTC loss at 25 steps per second."""
    chosen = []
    for number, phones in labels.items():
        clip = corpus.clips[number]
        seconds = clip.length_samples / corpus.rate
        if clip.split == split and recipe.shortest_s <= seconds <= recipe.longest_s and len(phones) < seconds * 20:
            chosen.append(Labelled(clip, phones))
    return chosen


def collate(corpus: Corpus, items: Sequence[Labelled]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return (wave [B, T], samples [B], phones [B, P], phone counts [B]), zero padded on the right."""
    lengths = torch.tensor([item.clip.length_samples for item in items])
    counts = torch.tensor([len(item.phones) for item in items])
    wave = torch.zeros(len(items), int(lengths.max()))
    phones = torch.zeros(len(items), int(counts.max()), dtype=torch.long)
    for row, item in enumerate(items):
        wave[row, : item.clip.length_samples] = torch.from_numpy(corpus.wave(item.clip))
        phones[row, : len(item.phones)] = torch.tensor(item.phones)
    return wave, lengths, phones, counts


def rate_at(step: int, steps: int, peak: float, warmup: int) -> float:
    """Learning rate with linear warm-up and cosine decay to 2 % of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.02 + 0.98 * 0.5 * (1 + cos(pi * min(1.0, (step - warmup) / max(1, steps - warmup)))))


def ctc(
    model: PhoneticContentEncoder, mel: Tensor, frames: Tensor, phones: Tensor, counts: Tensor
) -> tuple[Tensor, Tensor]:
    """CTC loss per phoneme through the quantiser and before it (Graves et al. 2006)."""
    late, early, steps = model(mel, frames)
    losses = [
        F.ctc_loss(
            log_probs.transpose(0, 1), phones, steps, counts, blank=model.blank_id, reduction="none", zero_infinity=True
        ).sum()
        for log_probs in (late, early)
    ]
    return losses[0] / counts.sum(), losses[1] / counts.sum()


def train_content(
    model: PhoneticContentEncoder, corpus: Corpus, labels: dict[int, tuple[int, ...]], folder: Path,
    recipe: ContentRecipe, progress: Progress | None = None,
) -> MovingAverage:
    """Run or resume stage A and return the averaged weights."""
    torch.manual_seed(recipe.seed)
    items = usable(corpus, labels, "train", recipe)
    held_out = usable(corpus, labels, "dev_unseen", recipe)
    plan = BatchPlan(
        tuple(item.clip.length_samples / corpus.rate for item in items), recipe.batch_seconds, recipe.seed
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.peak_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    average, checkpoints, bar = MovingAverage(model), Checkpoints(folder), progress or NullProgress()
    modules, optimizers, averages = {"content": model}, {"content": optimizer}, {"content": average}
    first = checkpoints.resume(modules, optimizers, averages)
    bar.start(recipe.steps - first, "content encoder")
    totals = np.zeros(3)
    for step in range(first, recipe.steps):
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
        wave, lengths, phones, counts = collate(corpus, [items[index] for index in plan.batch(step)])
        factor = float(0.86 + 0.32 * torch.rand(1, generator=generator))
        wave, lengths = change_speed(add_noise(wave, generator), lengths, factor)
        mel, frames = model.log_mel(wave, lengths)
        mel = mask_patches(tilt(warp_frequencies(mel, generator), generator), frames, generator)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, recipe.steps, recipe.peak_rate, recipe.warmup_steps)
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            late, early = ctc(model, mel, frames, phones, counts)
        loss = late + recipe.early_weight * early
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update(model)
        totals += [late.item(), early.item(), float(norm)]
        bar.advance()
        done = step + 1
        if done % 50 == 0:
            checkpoints.record(done, loss=totals[0] / 50, early_loss=totals[1] / 50, gradient=totals[2] / 50)
            totals[:] = 0
        if done % recipe.save_every == 0 or done == recipe.steps:
            checkpoints.save(done, modules, optimizers, averages)
        if done % recipe.test_every == 0 or done == recipe.steps:
            checkpoints.record(done, **phoneme_error(model, corpus, held_out[::4]))
    bar.finish()
    return average


@torch.inference_mode()
def phoneme_error(model: PhoneticContentEncoder, corpus: Corpus, items: Sequence[Labelled]) -> dict[str, float]:
    """Phoneme error rate per language, plus the number of codes in use."""
    model.eval()
    wrong: dict[str, int] = {}
    wanted: dict[str, int] = {}
    used: set[int] = set()
    for item in items:
        wave = torch.from_numpy(corpus.wave(item.clip))
        heard = model.phones(wave)
        used.update(model.tokens(wave[None])[0].tolist())
        language = item.clip.language
        wrong[language] = wrong.get(language, 0) + distance(heard, item.phones)
        wanted[language] = wanted.get(language, 0) + len(item.phones)
    return {f"phoneme_error_{name}": wrong[name] / wanted[name] for name in wanted} | {"codes_used": len(used)}


def distance(heard: Sequence[int], wanted: Sequence[int]) -> int:
    """Levenshtein distance between two id sequences."""
    row = list(range(len(wanted) + 1))
    for i, left in enumerate(heard, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(wanted, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]
