"""Watching a tuning: the course it takes, the best step so far, and when to stop.

A person's minute is learnt by heart in seconds, so nothing here trusts the loss of what is learnt from: only phrases that were
kept back decide. Apart from the loops because the rule is one, whatever network it watches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from torch import Tensor

from voxcommons.base.files import atomic_path

Ended = Literal["no better", "steps", "time", "you", ""]

PATIENCE: Final = 10  # tests without a better one; after four, the likeness of two people still rose
LEAST_GAIN: Final = 0.001  # of the error, so that a flat stretch ends too
MOST_LOST: Final = 0.01  # of the error on guarded phrases


@dataclass(frozen=True)
class Point:
    """One test.

    Attributes:
        step: how many steps were done.
        learnt: mean error on what was learnt from since the last test; not a number before the first step.
        held_out: error on what was kept back.
        figures: further figures of the test.
    """

    step: int
    learnt: float
    held_out: float
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Course:
    """How one network was tuned.

    Attributes:
        name: of what was tuned.
        points: all tests, in order.
        best_step: the step that is kept.
        ended: why it ended.
        seconds: how long it took.
    """

    name: str
    points: list[Point] = field(default_factory=list)
    best_step: int = 0
    ended: Ended = ""
    seconds: float = 0.0

    def at(self, step: int) -> Point:
        """The test after so many steps."""
        return next(point for point in self.points if point.step == step)

    def facts(self) -> dict[str, object]:
        """What a voice keeps of it, as JSON."""
        first, best = self.points[0], self.at(self.best_step)
        return {
            "what": self.name, "best_step": self.best_step, "steps": self.points[-1].step, "ended": self.ended,
            "seconds": round(self.seconds, 1), "held_out_before": round(first.held_out, 5), "held_out_after": round(best.held_out, 5),
            "points": [{"step": p.step, "learnt": None if math.isnan(p.learnt) else round(p.learnt, 5), "held_out": round(p.held_out, 5),
                        **{name: round(value, 5) for name, value in p.figures.items()}} for p in self.points],
        }  # fmt: skip


class Watch:
    """Decides what is kept and when it is enough.

    Args:
        course: filled as the tuning goes.
        patience: tests without a better one before it ends.
        seconds: after which it ends; None for no such bound.
        clock: seconds that only grow.
    """

    def __init__(
        self, course: Course, *, patience: int = PATIENCE, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.course, self._patience, self._most_s, self._clock = course, patience, seconds, clock
        self._begun, self._sum, self._count, self._since = clock(), 0.0, 0, 0
        self._lowest, self.best = math.inf, dict[str, Tensor]()

    def learnt(self, error: float) -> None:
        """Note the error of a step."""
        self._sum, self._count = self._sum + error, self._count + 1

    def tested(
        self, step: int, held_out: float, figures: Mapping[str, float], tensors: Callable[[], dict[str, Tensor]], *, allowed: bool = True
    ) -> bool:
        """Note a test, keep the tensors when it is the best so far and may be kept, and tell whether to go on."""
        learnt = self._sum / self._count if self._count else math.nan
        self._sum, self._count = 0.0, 0
        self.course.points.append(Point(step, learnt, held_out, dict(figures)))
        if not self.best or (allowed and held_out < self._lowest * (1 - LEAST_GAIN)):
            self._lowest, self.best, self.course.best_step, self._since = held_out, tensors(), step, 0
        else:
            self._since += 1
        self.course.seconds = self._clock() - self._begun
        if self._since >= self._patience:
            self.course.ended = "no better"
        return not self.course.ended

    def in_time(self) -> bool:
        """Whether there is time for another step."""
        self.course.seconds = self._clock() - self._begun
        if self._most_s is not None and self.course.seconds >= self._most_s:
            self.course.ended = "time"
        return not self.course.ended

    def left_s(self, step: int, steps: int) -> float:
        """Seconds left at most, at the pace so far."""
        spent = self._clock() - self._begun
        left = spent / max(1, step) * (steps - step)
        return left if self._most_s is None else min(left, self._most_s - spent)


def draw(courses: list[Course], title: str, path: Path) -> None:
    """Draw the curves of a tuning into a PNG: what was learnt from, what was kept back, and the step that is kept."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = 5.0 * len(courses), 3.4
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(0.75 / width, 0.5 / height, 1 - 0.15 / width, 1 - 0.65 / height, wspace=0.25)
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(1, len(courses), squeeze=False)[0]
    for axis, course in zip(axes, courses, strict=True):
        steps = [point.step for point in course.points]
        axis.plot(steps, [point.learnt for point in course.points], label="learnt from", linewidth=1, color="tab:gray")
        axis.plot(steps, [point.held_out for point in course.points], label="kept back", linewidth=1.5, color="tab:blue")
        axis.axvline(course.best_step, color="tab:green", linewidth=1, linestyle="--", label=f"kept: step {course.best_step}")
        axis.set_title(course.name, fontsize=9)
        axis.set_xlabel("steps", fontsize=8)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
