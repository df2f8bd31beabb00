"""How the public GPT-SoVITS trainers choose their clips and move their parameters.

Apart from our own recipes, so that a training of theirs can be repeated with its rates, groups and accidents. Which clips
stand in one batch is in `public_samplers`, the losses are in `models/losses` and `models/text_to_semantic`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import torch
from torch import nn

from voxcommons.train.scaled_adam import ScaledAdam

FIRST_RATE: Final = 0.01
RATE: Final = 0.002
SOUND_RATE: Final = 1e-4
RATE_DECAY: Final = 0.999875
TEXT_SHARE: Final = 0.4
FEW_CLIPS: Final = 100
LONGEST_S: Final = 54.0
SHORTEST_S: Final = 0.6
_CODES_PER_S: Final = 25
_PHONES_PER_S: Final = (3.0, 25.0)
_TEXT_PARTS: Final = ("enc_p.text_embedding.", "enc_p.encoder_text.", "enc_p.mrte.")

_Clip = TypeVar("_Clip")


class TextOptimiser:
    """The public optimiser of text-to-semantic: ScaledAdam, whose first step is five times as large as all later ones.

    The public program makes it with 0.01 and its schedule, whatever it is set to, writes 0.002 after every step.

    Args:
        model: all of whose parameters are trained, in one group.

    Attributes:
        inner: the optimiser.
    """

    def __init__(self, model: nn.Module) -> None:
        self.inner = ScaledAdam(
            model.parameters(), lr=FIRST_RATE, betas=(0.9, 0.95), clipping_scale=2.0, clipping_update_period=1000, compat=True
        )

    def step(self) -> None:
        """Move the parameters by the gradients they hold, and forget these."""
        self.inner.step()
        self.inner.zero_grad(set_to_none=True)
        for group in self.inner.param_groups:
            group["lr"] = RATE


@dataclass(frozen=True)
class SoundOptimisers:
    """The public optimisers of semantic-to-wave.

    Attributes:
        model: of the synthesiser; the parts that read the text learn more slowly.
        critics: of the discriminators.
        schedules: one each, stepped once per epoch.
    """

    model: torch.optim.AdamW
    critics: torch.optim.AdamW
    schedules: tuple[torch.optim.lr_scheduler.ExponentialLR, torch.optim.lr_scheduler.ExponentialLR]


def sound_optimisers(model: nn.Module, critics: nn.Module, *, text_share: float = TEXT_SHARE) -> SoundOptimisers:
    """AdamW for both sides as the public trainer makes them, its schedule already stepped once as it does at the start.

    Args:
        model: the synthesiser, with the public names.
        critics: the discriminators.
        text_share: rate of text embedding, text encoder and cross attention, as a share of the rate.
    """
    named = list(model.named_parameters())
    text = [one for name, one in named if name.startswith(_TEXT_PARTS)]
    rest = [one for name, one in named if not name.startswith(_TEXT_PARTS)]
    groups = [{"params": rest, "lr": SOUND_RATE}, {"params": text, "lr": SOUND_RATE * text_share}]
    ours = torch.optim.AdamW(groups, SOUND_RATE, betas=(0.8, 0.99), eps=1e-9)
    theirs = torch.optim.AdamW(critics.parameters(), SOUND_RATE, betas=(0.8, 0.99), eps=1e-9)
    first, second = (torch.optim.lr_scheduler.ExponentialLR(one, RATE_DECAY) for one in (ours, theirs))
    for group in (*ours.param_groups, *theirs.param_groups):
        group["lr"] *= RATE_DECAY
    return SoundOptimisers(ours, theirs, (first, second))


def text_clip_is_used(codes: int, phones: int) -> bool:
    """Whether the public text-to-semantic trainer takes a clip of so many codes and phones."""
    seconds = codes / _CODES_PER_S
    if not 0 < seconds <= LONGEST_S or phones > LONGEST_S * _CODES_PER_S / 2.5:
        return False
    return _PHONES_PER_S[0] <= phones / seconds <= _PHONES_PER_S[1]


def sound_clip_is_used(seconds: float) -> bool:
    """Whether the public semantic-to-wave trainer takes a clip of so many seconds."""
    return SHORTEST_S < seconds < LONGEST_S


def repeated(clips: Sequence[_Clip]) -> list[_Clip]:
    """The list as the public trainers use it: one of fewer than 100 clips is said over at least twice."""
    count = len(clips)
    return list(clips) * max(2, FEW_CLIPS // count) if 0 < count < FEW_CLIPS else list(clips)
