"""Choosing one token from logits: penalty, top-p, temperature, top-k, and the draw.

Pure functions over a batch, apart from the decode loops so that each rule can be read and
tested by itself. The order of the rules is that of the public models, whose default
settings were tuned with it: penalty, top-p, temperature, top-k.

Shapes: B batch, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

_COLDEST = 1e-5
_SOONEST = 1e-20  # a waiting time of 0 would make 0 / 0 of an excluded token


@dataclass(frozen=True)
class SamplingOptions:
    """How adventurous the choice is.

    Attributes:
        top_k: Keep this many of the likeliest tokens; 1 always takes the likeliest; 0 keeps all.
        top_p: Keep the likeliest tokens that together reach this probability; 1 keeps all.
        temperature: Divides the logits; at 0 the likeliest token always wins.
        repetition_penalty: Makes tokens that occurred before less likely; 1 is off.
        compat: Repeat the public sampler, which also drops the token that crosses `top_p`.
    """

    top_k: int = 15
    top_p: float = 1.0
    temperature: float = 1.0
    repetition_penalty: float = 1.35
    compat: bool = False

    @property
    def greedy(self) -> bool:
        """Whether chance plays no part."""
        return self.top_k == 1 or self.temperature == 0


class Noise(Protocol):
    """Where an item's chance comes from."""

    def __call__(self, step: int, classes: int) -> Tensor:
        """Exponential noise [classes] for this step, on the CPU."""


class SeededNoise:
    """Noise that depends on the seed and the number of steps taken, and on nothing else.

    One per item: then an item gives the same tokens alone and in any batch.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, step: int, classes: int) -> Tensor:
        """Draw the next [classes] numbers."""
        return torch.empty(classes).exponential_(generator=self._generator).clamp_(min=_SOONEST)


def penalise(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Lower the logits of tokens that occurred.

    Source: Keskar et al. 2019, CTRL, section 4.1, with the rule for negative logits.

    Args:
        logits: [B, C].
        seen: [B, C] bool, True where the token occurred in the item so far.
        penalty: Above 1 discourages; 1 changes nothing.

    Returns:
        [B, C].
    """
    if penalty == 1.0:
        return logits
    return torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)


def restrict(logits: Tensor, options: SamplingOptions) -> Tensor:
    """Apply top-p, temperature and top-k to `logits` [B, C]; excluded tokens become -inf."""
    if options.top_p < 1.0:
        ordered, order = logits.sort(dim=-1, descending=True)
        probabilities = ordered.softmax(dim=-1)
        reached = probabilities.cumsum(dim=-1)
        # Excluded once the tokens before it have reached top_p; compat counts its own share too.
        drop = reached > options.top_p if options.compat else reached - probabilities >= options.top_p
        drop[:, 0] = False
        logits = logits.masked_fill(drop.scatter(1, order, drop), float("-inf"))
    logits = logits / max(options.temperature, _COLDEST)
    if 0 < options.top_k < logits.shape[1]:
        lowest = logits.topk(options.top_k, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < lowest, float("-inf"))
    return logits


def probabilities(logits: Tensor, seen: Tensor, options: SamplingOptions) -> Tensor:
    """What `logits` [B, C] become after every rule: [B, C], rows sum to 1."""
    return restrict(penalise(logits, seen, options.repetition_penalty), options).softmax(dim=-1)


def draw(chances: Tensor, noise: Tensor) -> Tensor:
    """Draw one token per row.

    The smallest of independent exponential waiting times with rates p falls on a token with
    probability p, which needs one random number per class and no cumulative sum.

    Args:
        chances: [B, C], probabilities.
        noise: [B, C], exponential with rate 1.

    Returns:
        [B] int64.
    """
    return (chances / noise).argmax(dim=-1)
