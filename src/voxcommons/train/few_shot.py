"""Few-shot fine-tuning: a minute or some hours of one person, a base model, and an end before the person is learnt by heart.

The loop is `tune`, the same for whatever is tuned: a pupil has parameters that may move, a loss to learn by and an error on phrases
it never learnt from. What is kept is the best step by that error, and of it the difference to the base model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import BaseModel
from voxcommons.models.mel_acoustic import MelAcoustic
from voxcommons.train.adapters import RANK, Adjustment, Way, stored
from voxcommons.train.dice import seed_of
from voxcommons.train.few_shot_codes import CodesPupil
from voxcommons.train.few_shot_sound import MelPupil
from voxcommons.train.few_shot_wave import WavePupil
from voxcommons.train.phrases import CODES_PER_S, Phrase, Split
from voxcommons.train.watching import MOST_LOST, PATIENCE, Course, Watch

SOUND, WORDS = "sound", "words"
PARTS: Final = (SOUND, WORDS)
RATES: Final[Mapping[Way, float]] = {"adapters": 2e-3, "last": 5e-4, "full": 2e-4}
LONGEST_MINUTES: Final = 30.0
_WARMUP_STEPS: Final = 10
_CLIP: Final = 1.0
_GUARD: Final = "old phrases"


@dataclass(frozen=True)
class FewShotRecipe:
    """How a voice is tuned.

    Attributes:
        way: what may move.
        rank: of adapters.
        parts: what is tuned, of `PARTS`, in this order.
        steps: most steps of each part; None lets the amount of speech decide.
        minutes: most minutes of each part.
        batch_seconds: speech in a step; memory grows with it.
        rate: learning rate; None takes what suits the way.
        patience: tests without a better one before a part ends.
        seed: of every draw.
    """

    way: Way = "adapters"
    rank: int = RANK
    parts: tuple[str, ...] = PARTS
    steps: int | None = None
    minutes: float = LONGEST_MINUTES
    batch_seconds: float = 30.0
    rate: float | None = None
    patience: int = PATIENCE
    seed: int = 0

    def steps_for(self, seconds: float) -> int:
        """Most steps for so much speech: each phrase at most about 100 times, 60 steps at least."""
        return self.steps if self.steps is not None else max(60, min(4000, round(100 * seconds / self.batch_seconds)))

    def test_every(self, seconds: float) -> int:
        """Steps between tests: half a pass over the speech, 5 to 50."""
        return int(min(50, max(5, round(0.5 * seconds / self.batch_seconds))))


class Pupil(Protocol):
    """What is tuned."""

    name: str
    adjustment: Adjustment
    at_once: int  # phrases whose loss is computed together; memory grows with it

    def loss(self, batch: Sequence[Phrase], seed: int) -> Tensor:
        """What is to become small, differentiable; whatever is by chance depends on the seed."""

    def error(self, phrases: Sequence[Phrase]) -> tuple[float, dict[str, float]]:
        """How far it is off on phrases, and figures to note besides."""


@dataclass(frozen=True)
class Tuned:
    """What came of a tuning.

    Attributes:
        tensors: the difference to the base model, by names that begin with the part; nothing when no step was better.
        courses: how each part went.
    """

    tensors: Mapping[str, Tensor]
    courses: tuple[Course, ...] = field(default_factory=tuple)


def few_shot(  # noqa: PLR0913 - a model, a person, and how
    base: BaseModel, style: np.ndarray, phrases: Split, recipe: FewShotRecipe, *, start: Mapping[str, Tensor] | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Tune a base model to a person.

    Args:
        base: the plain model, loaded for training; it is changed and of no use afterwards.
        style: [gin] of the voice.
        phrases: of the person, some kept back.
        recipe: how.
        start: tensors of an earlier tuning to go on from.
        progress: told about every step.

    Raises:
        InputError: the earlier tuning was of another kind.
    """
    progress, start = progress or NullProgress(), start or {}
    kept: dict[str, Tensor] = {name: tensor for name, tensor in start.items() if not name.startswith(_prefixes(recipe.parts))}
    courses = []
    for part in recipe.parts:
        usable = phrases if part == SOUND else phrases.where(lambda phrase: phrase.from_text)
        if not usable.train or not usable.held_out:
            progress.note("no phrase has words that were given: how words are said is left as it is")
            continue
        pupil = _pupil(part, base, style, usable, recipe)
        plain = pupil.adjustment.tensors()
        pupil.adjustment.load(start)
        course = tune(pupil, usable, recipe, progress)
        courses.append(course)
        kept |= pupil.adjustment.moved(pupil.adjustment.tensors(), plain)
    return Tuned(stored(kept), tuple(courses))


def tune(
    pupil: Pupil, phrases: Split, recipe: FewShotRecipe, progress: Progress | None = None, *, watch: Callable[[Course], Watch] | None = None
) -> Course:
    """Teach a pupil and leave it at its best step.

    It ends when the phrases kept back were not told better for a while, at the bound of steps or time, or when the person presses
    Ctrl-C; in every case the best step so far is what stays.
    """
    progress, course = progress or NullProgress(), Course(pupil.name)
    watching = watch(course) if watch is not None else Watch(course, patience=recipe.patience, seconds=60.0 * recipe.minutes)
    seconds = sum(phrase.seconds for phrase in phrases.train)
    steps, every = recipe.steps_for(seconds), recipe.test_every(seconds)
    parameters, rate = pupil.adjustment.parameters(), recipe.rate or RATES[recipe.way]
    optimizer = torch.optim.AdamW(parameters, rate, betas=(0.9, 0.98), weight_decay=0.01)
    progress.start(steps, f"tuning {pupil.name}")
    try:
        _test(pupil, phrases, watching, 0)
        for step in range(1, steps + 1):
            if not watching.in_time():
                break
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, step / _WARMUP_STEPS)
            optimizer.zero_grad(set_to_none=True)
            watching.learnt(_learn(pupil, _batch(phrases.train, recipe, step), step, recipe.seed))
            torch.nn.utils.clip_grad_norm_(parameters, _CLIP)
            optimizer.step()
            progress.advance()
            if step % every == 0 or step == steps:
                going = _test(pupil, phrases, watching, step)
                progress.note(_told(course, step, watching.left_s(step, steps) if going and step < steps else 0.0))
                if not going:
                    break
        course.ended = course.ended or "steps"
    except KeyboardInterrupt:
        course.ended = "you"
    if watching.best:
        pupil.adjustment.load(watching.best)
    progress.finish()
    return course


def _learn(pupil: Pupil, batch: Sequence[Phrase], step: int, seed: int) -> float:
    """Gather the gradients of a batch, so much of it at once as the pupil bears; its loss."""
    total = 0.0
    for start in range(0, len(batch), pupil.at_once):
        some = batch[start : start + pupil.at_once]
        torch.manual_seed(seed_of(seed, step, start))  # so dropout depends on the step alone
        loss = pupil.loss(some, seed_of(seed, step, start)) * (len(some) / len(batch))
        loss.backward()
        total += float(loss.detach())
    return total


def _test(pupil: Pupil, phrases: Split, watching: Watch, step: int) -> bool:
    """Judge a pupil by what was kept back; whether to go on."""
    error, figures = pupil.error(phrases.held_out)
    allowed = True
    if phrases.guard:
        guarded = pupil.error(phrases.guard)[0]
        figures, points = figures | {_GUARD: guarded}, watching.course.points
        allowed = not points or guarded <= points[0].figures[_GUARD] * (1 + MOST_LOST)
    return watching.tested(step, error, figures, pupil.adjustment.tensors, allowed=allowed)


def _told(course: Course, step: int, left_s: float) -> str:
    """A line on how it goes."""
    now, before, best = course.at(step).held_out, course.points[0].held_out, course.at(course.best_step).held_out
    line = f"step {step}: error on what was kept back {now:.4f}, before {before:.4f}, best {best:.4f} at step {course.best_step}"
    return f"{line}; at most {left_s:.0f} s left" if left_s else line


def _pupil(part: str, base: BaseModel, style: np.ndarray, phrases: Split, recipe: FewShotRecipe) -> Pupil:
    model = base.semantic_to_wave
    if part == WORDS:
        return CodesPupil(base.text_to_semantic, recipe.way, recipe.rank)
    if isinstance(model, MelAcoustic):
        return MelPupil(model, style, phrases, recipe.way, recipe.rank)
    return WavePupil(model, style, base.sample_rate, (base.n_fft, base.win), recipe.way, recipe.rank)


def _prefixes(parts: Sequence[str]) -> tuple[str, ...]:
    names = {SOUND: "semantic_to_wave.", WORDS: "text_to_semantic."}
    unknown = [part for part in parts if part not in names]
    if unknown or not parts:
        raise InputError("no such part of a voice", expected=f"one of {', '.join(PARTS)}", found=", ".join(unknown) or "none")
    return tuple(names[part] for part in parts)


def _batch(phrases: Sequence[Phrase], recipe: FewShotRecipe, step: int) -> list[Phrase]:
    """Phrases for one step, drawn by its number: as many as fit, padding counted."""
    rng = np.random.default_rng((recipe.seed, step))
    chosen: list[Phrase] = []
    longest = 0
    for place in rng.permutation(len(phrases)):
        phrase = phrases[place]
        longest = max(longest, len(phrase.codes))
        if chosen and longest * (len(chosen) + 1) > recipe.batch_seconds * CODES_PER_S:
            break
        chosen.append(phrase)
    return chosen
