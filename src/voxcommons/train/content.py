"""Stage A: teach the content encoder to hear phonemes through its quantiser.

One loop, in running order. Reads a packed corpus and phoneme labels, writes checkpoints and curves. Figures are the
phoneme error rate on speakers the training never hears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from voxcommons.base.progress import Progress
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.augment import add_noise, change_speed, mask_patches, tilt, warp_frequencies
from voxcommons.train.loader import BatchPlan
from voxcommons.train.stage import Pace, Stage
from voxcommons.train.state import MovingAverage


@dataclass(frozen=True)
class ContentRecipe:
    """How stage A is run; every field is recorded with the weights.

    Attributes:
        early_weight: weight of the loss before the quantiser.
        easy_steps: steps at the start that see few short, undisturbed clips; with large batches of long ones CTC stays
            on its first plateau (blank everywhere) for many hundred steps.
        easy_longest_s: longest clip of those steps in seconds.
        easy_batch_seconds: padded seconds of one of those steps.
        clean_share: share of the later steps whose clips stay undisturbed, as they are when a voice is cloned.
    """

    steps: int = 5200
    batch_seconds: float = 40.0
    peak_rate: float = 1e-3
    early_weight: float = 0.5
    warmup_steps: int = 150
    weight_decay: float = 0.02
    seed: int = 1
    record_every: int = 50
    save_every: int = 200
    test_every: int = 400
    shortest_s: float = 0.6
    longest_s: float = 14.0
    easy_steps: int = 1000
    easy_longest_s: float = 4.0
    easy_batch_seconds: float = 24.0
    clean_share: float = 0.3


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
    easy = [item for item in items if item.clip.length_samples <= recipe.easy_longest_s * corpus.rate] or items
    plan, easy_plan = (
        BatchPlan(tuple(item.clip.length_samples / corpus.rate for item in chosen), size, recipe.seed)
        for chosen, size in ((items, recipe.batch_seconds), (easy, recipe.easy_batch_seconds))
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.peak_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    pace = Pace(recipe.steps, recipe.peak_rate, recipe.warmup_steps, recipe.save_every, recipe.test_every, recipe.record_every)
    stage = Stage(folder, {"content": model}, {"content": optimizer}, pace, clip=1.0, progress=progress)
    for step in stage.steps():
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
        if step < recipe.easy_steps:
            wave, lengths, phones, counts = collate(corpus, [easy[index] for index in easy_plan.batch(step)])
            mel, frames = model.log_mel(wave, lengths)
        else:
            chosen = [items[index] for index in plan.batch(step - recipe.easy_steps)]
            wave, lengths, phones, counts = collate(corpus, chosen)
            clean = float(torch.rand(1, generator=generator)) < recipe.clean_share
            mel, frames = model.log_mel(wave, lengths) if clean else disturbed(model, wave, lengths, generator)
        with torch.autocast("cpu", torch.bfloat16):
            late, early = ctc(model, mel, frames, phones, counts)
        norm = stage.learn(late + recipe.early_weight * early)
        figures = {"loss": late, "early_loss": early, "gradient": norm}
        stage.finish(step, figures, lambda: phoneme_error(model, corpus, held_out[::4]))
    return stage.average


def disturbed(
    model: PhoneticContentEncoder, wave: Tensor, lengths: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Log-mel frames and their counts after every disturbance of ``augment``."""
    factor = float(0.86 + 0.32 * torch.rand(1, generator=generator))
    wave, lengths = change_speed(add_noise(wave, generator), lengths, factor)
    mel, frames = model.log_mel(wave, lengths)
    return mask_patches(tilt(warp_frequencies(mel, generator), generator), frames, generator), frames


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
