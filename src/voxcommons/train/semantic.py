"""Stage C: teach the text-to-semantic model to continue a speaker's codes from phonemes.

One loop, in running order. Some items are two clips of one speaker joined, because speaking may start from a
prompt: the model must learn to carry pace and rhythm across the seam and to find its place in a longer text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from voxcommons.base.progress import Progress
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.attention_guide import UNKNOWN, AttentionGuide
from voxcommons.train.loader import BatchPlan
from voxcommons.train.stage import Pace, Stage
from voxcommons.train.state import MovingAverage


@dataclass(frozen=True)
class SemanticRecipe:
    """How stage C is run.

    Attributes:
        easy_steps: steps at the start that see short clips in small batches, never joined; without them the model learns
            how codes follow one another but not to read the text.
        easy_longest_s: longest clip of those steps in seconds.
        easy_batch_seconds: padded seconds of one of those steps.
        guide_weight: weight of the guided attention.
        joined_share: share of the later steps whose clips have another clip of the speaker in front.
        misheard_share: share of the codes that the model hears wrong while it predicts the true ones, so that one bad
            choice while speaking does not lose it its place.
    """

    steps: int = 14000
    batch_seconds: float = 40.0
    peak_rate: float = 1.2e-3
    warmup_steps: int = 150
    easy_steps: int = 6000
    easy_longest_s: float = 5.0
    easy_batch_seconds: float = 28.0
    guide_weight: float = 1.0
    weight_decay: float = 0.05
    joined_share: float = 0.3
    misheard_share: float = 0.08
    longest_s: float = 14.0
    shortest_s: float = 0.8
    seed: int = 3
    record_every: int = 50
    save_every: int = 200
    test_every: int = 400


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


def collate(items: Sequence[Line]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return (phones [B, P], counts [B], codes [B, S], counts [B]), padded with zeros on the right."""
    phone_counts = torch.tensor([len(item.phones) for item in items])
    code_counts = torch.tensor([len(item.codes) for item in items])
    phones = torch.zeros(len(items), int(phone_counts.max()), dtype=torch.long)
    codes = torch.zeros(len(items), int(code_counts.max()), dtype=torch.long)
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
def misheard(model: TextToSemantic, share: float, seed: int) -> Iterator[None]:
    """Let the model hear a random code in place of a ``share`` of the true ones during the block; what it must predict stays."""
    generator = torch.Generator().manual_seed(seed)

    def replace(_module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (ids,) = arguments
        others = torch.randint(0, model.end, ids.shape, generator=generator)
        wrong = (torch.rand(ids.shape, generator=generator) < share) & (ids != model.end)
        return (torch.where(wrong, others, ids),)

    hook = model.ar_audio_embedding.register_forward_pre_hook(replace)
    try:
        yield
    finally:
        hook.remove()


def train_semantic(
    model: TextToSemantic, train: Sequence[Line], held_out: Sequence[Line], folder: Path, recipe: SemanticRecipe,
    progress: Progress | None = None,
) -> MovingAverage:
    """Run or resume stage C and return the averaged weights."""
    torch.manual_seed(recipe.seed)
    easy = [item for item in train if len(item.codes) <= 25 * recipe.easy_longest_s] or train
    plan, easy_plan = (
        BatchPlan(tuple(len(item.codes) / 25 for item in chosen), size, recipe.seed)
        for chosen, size in ((train, recipe.batch_seconds), (easy, recipe.easy_batch_seconds))
    )
    guide = AttentionGuide(model, range(1, len(model.h.layers)))
    by_speaker: dict[str, list[Line]] = {}
    for item in train:
        by_speaker.setdefault(item.speaker, []).append(item)
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.peak_rate, betas=(0.9, 0.95), weight_decay=recipe.weight_decay
    )
    pace = Pace(recipe.steps, recipe.peak_rate, recipe.warmup_steps, recipe.save_every, recipe.test_every, recipe.record_every)
    stage = Stage(folder, {"semantic": model}, {"semantic": optimizer}, pace, clip=1.0, progress=progress)
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
        phones, phone_counts, codes, code_counts = collate(items)
        hearing = misheard(model, recipe.misheard_share, recipe.seed * 1_000_003 + step)
        with guide.listening(), hearing, torch.autocast("cpu", torch.bfloat16):
            output = model(phones, phone_counts, codes, code_counts)
        loss, figures = output.loss, {"loss": output.loss, "top3": output.accuracy}
        aligned = alignments_of(items, codes.shape[1])
        if bool((aligned != UNKNOWN).any()):
            figures["surprise"] = guide.loss(phone_counts, phones.shape[1], aligned)
            loss = loss + recipe.guide_weight * figures["surprise"]
        figures["gradient"] = stage.learn(loss)
        stage.finish(step, figures, lambda: held_out_loss(model, held_out))
    return stage.average


@torch.inference_mode()
def held_out_loss(model: TextToSemantic, lines: Sequence[Line]) -> dict[str, float]:
    """Cross entropy and top-3 accuracy per language on clips of unseen speakers."""
    model.eval()
    figures: dict[str, float] = {}
    for language in sorted({line.language for line in lines}):
        chosen = [line for line in lines if line.language == language]
        sums = np.zeros(4)
        for start in range(0, len(chosen), 16):
            output = model(*collate(chosen[start : start + 16]))
            sums += [float(output.loss_sum), float(output.count), float(output.correct), float(output.judged)]
        figures |= {f"unseen_loss_{language}": sums[0] / sums[1], f"unseen_top3_{language}": sums[2] / sums[3]}
    return figures
