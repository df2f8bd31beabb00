"""Stage C: teach the text-to-semantic model to continue a speaker's codes from phonemes.

One loop, in running order. Some items are two clips of one speaker joined, because speaking may start from a
prompt: the model must learn to carry pace and rhythm across the seam and to find its place in a longer text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.attention_guide import UNKNOWN, AttentionGuide
from voxcommons.train.dice import Dice, seed_of
from voxcommons.train.lesson import Part
from voxcommons.train.loader import BatchPlan
from voxcommons.train.recipes import SemanticRecipe
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.workplace import Workplace


@dataclass(frozen=True)
class Line:
    """One clip as the model sees it: phonemes in, codes out."""

    speaker: str
    language: str
    phones: tuple[int, ...]
    codes: np.ndarray  # [S] int16
    aligned: np.ndarray | None = None  # [S] index of the phoneme each code speaks, where that is known


def lines_of(
    corpus: Corpus, labels: dict[int, tuple[int, ...]], codes: list[np.ndarray], split: str, recipe: SemanticRecipe,
    alignments: Mapping[int, np.ndarray] | None = None,
) -> list[Line]:
    """Return the clips of ``split`` that have a label and a length within the recipe's bounds."""
    known = alignments or {}
    return [
        Line(clip.speaker, clip.language, labels[number], codes[number], known.get(number))
        for number, clip in enumerate(corpus.clips)
        if clip.split == split
        and number in labels
        and recipe.shortest_s <= clip.length_samples / corpus.rate <= recipe.longest_s
        and 1.5 * len(codes[number]) > len(labels[number])
    ]


def joined(line: Line, others: Sequence[Line], longest_codes: int, rng: np.random.Generator) -> Line:
    """Put another clip of the speaker in front of ``line`` when both fit ``longest_codes``."""
    other = others[int(rng.integers(len(others)))]
    if other is line or len(other.codes) + len(line.codes) > longest_codes:
        return line
    aligned = None
    if line.aligned is not None and other.aligned is not None:
        aligned = np.concatenate([_fitted(other), _fitted(line) + len(other.phones)])
    codes = np.concatenate([other.codes, line.codes])
    return Line(line.speaker, line.language, other.phones + line.phones, codes, aligned)


def _fitted(line: Line) -> np.ndarray:
    """The alignment with exactly one place per code; a last code beyond it belongs to the last place."""
    assert line.aligned is not None
    return np.pad(line.aligned.astype(np.int64), (0, max(0, len(line.codes) - len(line.aligned))), "edge")[: len(line.codes)]


def collate(items: Sequence[Line], batch: Sequence[Line] | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return (phones [B, P], counts [B], codes [B, S], counts [B]), zero padded on the right as ``batch`` needs it."""
    phone_counts = torch.tensor([len(item.phones) for item in items])
    code_counts = torch.tensor([len(item.codes) for item in items])
    phones = torch.zeros(len(items), max(len(item.phones) for item in batch or items), dtype=torch.long)
    codes = torch.zeros(len(items), max(len(item.codes) for item in batch or items), dtype=torch.long)
    for row, item in enumerate(items):
        phones[row, : len(item.phones)] = torch.tensor(item.phones)
        codes[row, : len(item.codes)] = torch.from_numpy(item.codes.astype(np.int64))
    return phones, phone_counts, codes, code_counts


def alignments_of(items: Sequence[Line], columns: int) -> Tensor:
    """Index of the phoneme of every code [B, columns], `UNKNOWN` where it is not known."""
    aligned = torch.full((len(items), columns), UNKNOWN)
    for row, item in enumerate(items):
        if item.aligned is not None:
            aligned[row, : len(item.codes)] = torch.from_numpy(_fitted(item))
    return aligned


@contextmanager
def misheard(model: TextToSemantic, share: float, seeds: Sequence[int]) -> Iterator[None]:
    """Let the model hear a random code in place of a ``share`` of the true ones during the block; what it must predict stays.

    Args:
        model: whose hearing is disturbed.
        share: of the codes, 0 to 1.
        seeds: one per item of the batch.
    """
    dice = Dice(seeds)

    def replace(_module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (ids,) = arguments
        others = dice.below(model.end, ids.shape[1], device=ids.device)
        wrong = (dice.uniform(ids.shape[1], device=ids.device) < share) & (ids != model.end)
        return (torch.where(wrong, others, ids),)

    hook = model.ar_audio_embedding.register_forward_pre_hook(replace)
    try:
        yield
    finally:
        hook.remove()


@dataclass(frozen=True)
class ReadPart(Part):
    """Some lines of a batch, zero padded on the right to the longest of the whole batch.

    Attributes:
        phones: [B, P].
        phone_counts: [B].
        codes: [B, S].
        code_counts: [B].
        aligned: [B, S] index of the phoneme of every code, `UNKNOWN` where it is not known.
        seeds: of what each line mishears.
    """

    phones: Tensor
    phone_counts: Tensor
    codes: Tensor
    code_counts: Tensor
    aligned: Tensor
    seeds: tuple[int, ...]


def part_of(batch: Sequence[Line], seed: tuple[int, int], places: Sequence[int]) -> ReadPart:
    """The lines at some places of a batch; ``seed`` is the recipe's and the step."""
    items = [batch[place] for place in places]
    phones, phone_counts, codes, code_counts = collate(items, batch)
    aligned = alignments_of(items, codes.shape[1])
    spoken = float(code_counts.sum())
    # Every code and the end is predicted; the end is not judged; the first code has no column to look from.
    counts = {"predicted": spoken + len(items), "judged": spoken, "aligned": float((aligned[:, 1:] != UNKNOWN).sum())}
    return ReadPart(counts, phones, phone_counts, codes, code_counts, aligned, tuple(seed_of(*seed, place) for place in places))


class SemanticLesson(nn.Module):
    """Predict every code from the phonemes and the codes before it, with some heads guided along the text."""

    def __init__(self, model: TextToSemantic, recipe: SemanticRecipe, place: Workplace) -> None:
        super().__init__()
        self.model, self.recipe, self.place = model, recipe, place
        self.guide = AttentionGuide(model, range(1, len(model.h.layers)))

    def forward(self, part: ReadPart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per predicted code of the batch."""
        hearing = misheard(self.model, self.recipe.misheard_share, part.seeds)
        with self.guide.listening(), hearing, self.place.autocast(self.recipe.precision):
            output = self.model(part.phones, part.phone_counts, part.codes, part.code_counts)
        loss = part.share("predicted", totals) * output.loss
        figures = {"loss": loss, "top3": part.share("judged", totals) * output.accuracy}
        if part.counts["aligned"]:
            surprise = self.guide.loss(part.phone_counts, part.phones.shape[1], part.aligned)
            figures["surprise"] = part.share("aligned", totals) * surprise
            loss = loss + self.recipe.guide_weight * figures["surprise"]
        return loss, figures


def train_semantic(
    model: TextToSemantic, train: Sequence[Line], held_out: Sequence[Line], folder: Path, recipe: SemanticRecipe,
    place: Workplace | None = None,
) -> MovingAverage:
    """Run or resume stage C and return the averaged weights."""
    place = place or Workplace()
    model.to(place.device)
    easy = [item for item in train if len(item.codes) <= 25 * recipe.easy_longest_s] or train
    plan, easy_plan = (
        BatchPlan(
            tuple(len(item.codes) / 25 for item in chosen), size * recipe.accumulate, recipe.seed,
            by_length=recipe.by_length,
        )
        for chosen, size in ((train, recipe.batch_seconds), (easy, recipe.easy_batch_seconds))
    )
    by_speaker: dict[str, list[Line]] = {}
    for item in train:
        by_speaker.setdefault(item.speaker, []).append(item)
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.peak_rate, betas=(0.9, 0.95), weight_decay=recipe.weight_decay
    )
    lesson, layers = SemanticLesson(model, recipe, place), list(model.h.layers)
    stage = Stage(folder, {"semantic": model}, {"semantic": optimizer}, lesson, recipe, place, clip=1.0, compiled=layers)
    for step in stage.steps():
        rng = np.random.default_rng((recipe.seed, step))
        if step < recipe.easy_steps:
            items = [easy[index] for index in easy_plan.batch(step)]
        else:
            items = [train[index] for index in plan.batch(step - recipe.easy_steps)]
            if rng.random() < recipe.joined_share:
                longest = int(25 * recipe.longest_s)
                items = [joined(item, by_speaker[item.speaker], longest, rng) for item in items]
                items = items[: len(items) // 2 + 1]  # joined items are about twice as long
        stage.learn(step, len(items), partial(part_of, items, (recipe.seed, step)))
        stage.finish(step, lambda: held_out_loss(model, held_out))
    return stage.average


@torch.inference_mode()
def held_out_loss(model: TextToSemantic, lines: Sequence[Line]) -> dict[str, float]:
    """Cross entropy and top-3 accuracy per language on clips of unseen speakers."""
    model.eval()
    device = next(model.parameters()).device
    figures: dict[str, float] = {}
    for language in sorted({line.language for line in lines}):
        chosen = [line for line in lines if line.language == language]
        sums = np.zeros(4)
        for start in range(0, len(chosen), 16):
            output = model(*(tensor.to(device) for tensor in collate(chosen[start : start + 16])))
            sums += [float(output.loss_sum), float(output.count), float(output.correct), float(output.judged)]
        figures |= {f"unseen_loss_{language}": sums[0] / sums[1], f"unseen_top3_{language}": sums[2] / sums[3]}
    return figures
