"""The learning rate of every stage: up in a line, down in half a cosine."""

from __future__ import annotations

from math import cos, pi

LAST_SHARE = 0.02  # of the peak, reached at the last step


def rate_at(step: int, steps: int, peak: float, warmup: int) -> float:
    """Learning rate of ``step`` (from 0) out of ``steps``: linear to ``peak`` over ``warmup``, then cosine to 2 % of it."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    return peak * (LAST_SHARE + (1 - LAST_SHARE) * 0.5 * (1 + cos(pi * done)))
