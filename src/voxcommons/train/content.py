"""Stage A: teach the content encoder to hear phonemes through its quantiser.

One loop, in running order. Reads a packed corpus and phoneme labels, writes checkpoints and curves. Figures are the
phoneme error rate on speakers the training never hears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.augment import add_noise, change_speed, mask_patches, tilt, warp_frequencies
from voxcommons.train.dice import Dice, seed_of
from voxcommons.train.lesson import Part
from voxcommons.train.loader import BatchPlan
from voxcommons.train.recipes import ContentRecipe
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.workplace import Workplace


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


@dataclass(frozen=True)
class HeardPart(Part):
    """Some clips of a batch, zero padded on the right to the longest of the whole batch.

    Attributes:
        wave: [B, T].
        lengths: [B] samples.
        phones: [B, P].
        phone_counts: [B].
        pace: how much faster the clips are played; None leaves them undisturbed.
        seeds: of each clip's disturbances.
    """

    wave: Tensor
    lengths: Tensor
    phones: Tensor
    phone_counts: Tensor
    pace: float | None
    seeds: tuple[int, ...]


def collate(corpus: Corpus, batch: Sequence[Labelled], seed: tuple[int, int], pace: float | None, places: Sequence[int]) -> HeardPart:
    """Load the clips at some places of a batch; ``seed`` is the recipe's and the step."""
    items = [batch[place] for place in places]
    wave = torch.zeros(len(items), max(item.clip.length_samples for item in batch))
    phones = torch.zeros(len(items), max(len(item.phones) for item in batch), dtype=torch.long)
    for row, item in enumerate(items):
        wave[row, : item.clip.length_samples] = torch.from_numpy(corpus.wave(item.clip))
        phones[row, : len(item.phones)] = torch.tensor(item.phones)
    lengths = torch.tensor([item.clip.length_samples for item in items])
    phone_counts = torch.tensor([len(item.phones) for item in items])
    counts = {"phones": float(phone_counts.sum())}
    return HeardPart(counts, wave, lengths, phones, phone_counts, pace, tuple(seed_of(*seed, place) for place in places))


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


class ContentLesson(nn.Module):
    """Hear phonemes, through the quantiser and before it."""

    def __init__(self, model: PhoneticContentEncoder, recipe: ContentRecipe, place: Workplace) -> None:
        super().__init__()
        self.model, self.recipe, self.place = model, recipe, place

    def forward(self, part: HeardPart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per phoneme of the batch."""
        if part.pace is None:
            mel, frames = self.model.log_mel(part.wave, part.lengths)
        else:
            mel, frames = disturbed(self.model, part.wave, part.lengths, part.pace, Dice(part.seeds))
        with self.place.autocast(self.recipe.precision):
            late, early = ctc(self.model, mel, frames, part.phones, part.phone_counts)
        share = part.share("phones", totals)
        late, early = share * late, share * early
        return late + self.recipe.early_weight * early, {"loss": late, "early_loss": early}


def train_content(
    model: PhoneticContentEncoder, corpus: Corpus, labels: dict[int, tuple[int, ...]], folder: Path,
    recipe: ContentRecipe, place: Workplace | None = None,
) -> MovingAverage:
    """Run or resume stage A and return the averaged weights."""
    place = place or Workplace()
    model.to(place.device)
    items = usable(corpus, labels, "train", recipe)
    held_out = usable(corpus, labels, "dev_unseen", recipe)
    easy = [item for item in items if item.clip.length_samples <= recipe.easy_longest_s * corpus.rate] or items
    plan, easy_plan = (
        BatchPlan(
            tuple(item.clip.length_samples / corpus.rate for item in chosen), size * recipe.accumulate, recipe.seed,
            by_length=recipe.by_length,
        )
        for chosen, size in ((items, recipe.batch_seconds), (easy, recipe.easy_batch_seconds))
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.peak_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    lesson, blocks = ContentLesson(model, recipe, place), [*model.before, *model.after]
    stage = Stage(folder, {"content": model}, {"content": optimizer}, lesson, recipe, place, clip=1.0, compiled=blocks)
    for step in stage.steps():
        if step < recipe.easy_steps:
            batch, pace = [easy[index] for index in easy_plan.batch(step)], None
        else:
            batch = [items[index] for index in plan.batch(step - recipe.easy_steps)]
            clean, faster = torch.rand(2, generator=torch.Generator().manual_seed(seed_of(recipe.seed, step))).tolist()
            pace = None if clean < recipe.clean_share else 0.86 + 0.32 * faster
        stage.learn(step, len(batch), partial(collate, corpus, batch, (recipe.seed, step), pace))
        stage.finish(step, lambda: phoneme_error(model, corpus, held_out[::4]))
    return stage.average


def disturbed(
    model: PhoneticContentEncoder, wave: Tensor, lengths: Tensor, pace: float, dice: Dice
) -> tuple[Tensor, Tensor]:
    """Log-mel frames and their counts after every disturbance of ``augment``."""
    wave, lengths = change_speed(add_noise(wave, dice), lengths, pace)
    mel, frames = model.log_mel(wave, lengths)
    return mask_patches(tilt(warp_frequencies(mel, dice), dice), frames, dice), frames


@torch.inference_mode()
def phoneme_error(model: PhoneticContentEncoder, corpus: Corpus, items: Sequence[Labelled]) -> dict[str, float]:
    """Phoneme error rate per language, plus the number of codes in use."""
    model.eval()
    device = next(model.parameters()).device
    wrong: dict[str, int] = {}
    wanted: dict[str, int] = {}
    used: set[int] = set()
    for item in items:
        wave = torch.from_numpy(corpus.wave(item.clip)).to(device)
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
