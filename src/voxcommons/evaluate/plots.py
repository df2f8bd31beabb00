"""Small pictures for the page: vector graphics as text, in the page's own colours, so that they turn dark with it.

Drawn here and not by matplotlib, because a page that is read on a phone and at night needs pictures that scale and take
its colours. Every picture says in words what it shows. A series is told apart by shape and label, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

from voxcommons.evaluate.bootstrap import Estimate

_WIDTH = 360.0  # of every picture, in its own units; text of 12 stays readable on a phone
_LINE, _HEAD, _FOOT, _SIDE = 30.0, 6.0, 24.0, 10.0
_MOST_SERIES = 4


@dataclass(frozen=True)
class Mark:
    """One dot with its interval.

    Attributes:
        label: written above it.
        found: value and interval, in the unit shown.
        shown: the value as text.
        series: number of its colour and shape.
    """

    label: str
    found: Estimate
    shown: str
    series: int


def interval_plot(title: str, marks: Sequence[Mark]) -> str:
    """Draw values with their intervals below each other on one scale.

    Args:
        title: what is measured, for those who do not see the picture.
        marks: in order.
    """
    low, high = _range([x for mark in marks for x in (mark.found.low, mark.found.value, mark.found.high)])
    scale = (_WIDTH - 2 * _SIDE) / (high - low)
    height = _HEAD + _LINE * len(marks) + _FOOT

    def x(value: float) -> float:
        return round(_SIDE + (value - low) * scale, 1)

    parts = []
    for tick in ticks(low, high):
        parts.append(f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{_HEAD}" y2="{height - _FOOT}"/>')
        parts.append(f'<text class="tick" x="{x(tick)}" y="{height - 8}" text-anchor="middle">{tick:g}</text>')
    for number, mark in enumerate(marks):
        y = _HEAD + _LINE * number + 21
        colour = f"s{mark.series % _MOST_SERIES}"
        parts.append(f'<text class="label" x="{_SIDE}" y="{y - 9}">{escape(mark.label)}: {escape(mark.shown)}</text>')
        parts.append(f'<line class="{colour}" x1="{x(mark.found.low)}" x2="{x(mark.found.high)}" y1="{y}" y2="{y}"/>')
        parts.append(_shape(mark.series, x(mark.found.value), y))
    words = title + ": " + "; ".join(f"{mark.label} {mark.shown}" for mark in marks)
    return _picture(words, height, parts)


def contour_plot(title: str, contours: Mapping[str, NDArray[np.float64]], series: Sequence[int]) -> str:
    """Draw the mean pitch contours of the four tones side by side, one line per series.

    Args:
        title: what is measured.
        contours: [4, 5] semitones under each name.
        series: the number of the colour and shape of each.
    """
    low, high = _range([float(value) for shape in contours.values() for value in shape.ravel()])
    top, bottom = 22.0, 150.0
    field = (_WIDTH - 2 * _SIDE - 20) / 4

    def y(value: float) -> float:
        return round(bottom - (value - low) / (high - low) * (bottom - top), 1)

    parts = []
    for tick in ticks(low, high):
        parts.append(f'<line class="grid" x1="{_SIDE + 20}" x2="{_WIDTH - _SIDE}" y1="{y(tick)}" y2="{y(tick)}"/>')
        parts.append(f'<text class="tick" x="{_SIDE + 16}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    for tone in range(4):
        left = _SIDE + 20 + tone * field
        parts.append(f'<text class="tick" x="{left + field / 2}" y="{bottom + 16}" text-anchor="middle">tone {tone + 1}</text>')
        for number, shape in zip(series, contours.values(), strict=True):
            points = " ".join(f"{left + field * (0.12 + 0.19 * i):.1f},{y(float(v))}" for i, v in enumerate(shape[tone]))
            dash = f' stroke-dasharray="{4 * number} 3"' if number else ""
            parts.append(f'<polyline class="s{number % _MOST_SERIES} line" points="{points}"{dash}/>')
    left = _SIDE + 20
    for number, name in zip(series, contours, strict=True):
        parts.append(_shape(number, left + 5, 9))
        parts.append(f'<text class="label" x="{left + 14}" y="13">{escape(name)}</text>')
        left += 30 + 6.4 * len(name)
    moves = {name: (f"tone {i + 1} {tone[0]:+.1f} to {tone[-1]:+.1f}" for i, tone in enumerate(shape)) for name, shape in contours.items()}
    shapes = "; ".join(f"{name} {', '.join(move)}" for name, move in moves.items())
    return _picture(f"{title}, semitones from first to last point: {shapes}", bottom + 24, parts)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers within a range."""
    raw = (high - low) / most
    power = 10.0 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    return [round(number * step, 10) for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _range(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds all values, and zero when that is near."""
    usable = [value for value in values if isfinite(value)] or [0.0]
    low, high = min(usable), max(usable)
    if 0 < low < 0.5 * high:
        low = 0.0
    room = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    return (low if low == 0 else low - room), high + room


def _shape(series: int, x: float, y: float) -> str:
    colour, kind = f"s{series % _MOST_SERIES}", series % _MOST_SERIES
    if kind == 0:
        return f'<circle class="{colour} dot" cx="{x}" cy="{y}" r="5"/>'
    if kind == 1:
        return f'<rect class="{colour} dot" x="{x - 4.5}" y="{y - 4.5}" width="9" height="9"/>'
    points = ((0, -6), (6, 0), (0, 6), (-6, 0)) if kind == 2 else ((0, -6), (6, 5), (-6, 5))
    return f'<polygon class="{colour} dot" points="{" ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in points)}"/>'


def _picture(words: str, height: float, parts: Sequence[str]) -> str:
    text = escape(words)
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{text}">'
        f"<title>{text}</title>{''.join(parts)}</svg>"
    )
