"""What the mel predictor gets wrong about one person, and can be told as soon as they are cloned.

The predictor has learnt some hundred people by heart; of somebody new it says frames that are a little off, and in the same way in
every recording of theirs. The recording a voice is cloned from shows how: its codes are told to the predictor, and what the frames
lack is fitted to the channels behind the last block by ridge regression (Hoerl and Kennard, Technometrics 12, 1970). It is solved, not
trained, so it takes a moment, needs no seed and cannot run away; it is kept as two thin matrices, as a voice is to stay small.
Of the pitch it says the middle of what could be said, which is flatter than most people speak; how much flatter, the recording tells too.

Shapes: B batch, F frames (50 Hz), W channels of the predictor, R rank, C channels of a mel frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from voxcommons.models.configs import CORRECTION_RANK, correction_size
from voxcommons.models.mel_frames import CHANNELS

_QUIET, _LOUD = 0.1, 0.45  # shares of a person's frames that are quieter: pauses are left as they are, speech is corrected
_LEAST_WEIGHT, _QUIET_HEARD, _LOUD_HEARD = 0.1, 0.05, 0.4
# How firmly a solution is held back, the more the less was heard. The rest of eight people's recordings was told better by
# 2 % after 6 s, 4 % after 12 s and 6 % after 24 and 30 s; without holding back, 6 s made it worse.
_RIDGE, _RIDGE_FRAMES, _DOUBTED_FRAMES = 0.3, 3000.0, 200.0
_LEAST_RANGE = 1e-3
# The span of a pitch lies between these shares of the voiced frames that are not far from their middle: creaks, and octaves that a
# tracker takes for one another, lie far. Without that border voices moved 1.2 times as far as their people.
_LOW, _HIGH, _FAR_OCTAVES = 0.1, 0.9, 0.5
_WIDEST, _DOUBTED_PITCHES = 2.0, 60.0
_ALWAYS = -1e3  # a level that every frame is above


@dataclass(frozen=True)
class Correction:
    """Corrections of people.

    Attributes:
        levels: [B, 2] mean of a frame's channels at which correcting begins, and from which on it is whole.
        shift: [B, C].
        look: [B, W, R] what is looked at.
        give: [B, R, C] what is given for it.
    """

    levels: Tensor
    shift: Tensor
    look: Tensor
    give: Tensor

    @classmethod
    def of(cls, flat: Tensor, width: int) -> Correction:
        """Taken apart from flat ones [B, N]."""
        levels, shift, look, give = flat.split([2, CHANNELS, width * CORRECTION_RANK, CORRECTION_RANK * CHANNELS], 1)
        return cls(levels, shift, look.unflatten(1, (width, -1)), give.unflatten(1, (-1, CHANNELS)))

    def flat(self) -> Tensor:
        """[B, N] as a voice keeps them."""
        return torch.cat([self.levels, self.shift, self.look.flatten(1), self.give.flatten(1)], 1)

    def corrected(self, mel: Tensor, hidden: Tensor, hush: float = 0.0) -> Tensor:
        """Mel frames as the person sounds.

        Args:
            mel: [B, C, F] as they are said.
            hidden: [B, F, W] the channels they were made from.
            hush: by how much pauses are made quieter: what is heard in them is the room of the recording, not the person.
        """
        begin, whole = self.levels[:, :1], self.levels[:, 1:]
        share = ((mel.mean(1) - begin) / (whole - begin).clamp_min(_LEAST_RANGE)).clamp(0, 1)[:, None]  # [B, 1, F]
        lacking = (hidden @ self.look @ self.give).transpose(1, 2) + self.shift[:, :, None]
        return mel + lacking * share - hush * (1 - share)


def no_correction(width: int, like: Tensor) -> Tensor:
    """[1, N] flat: nothing is changed."""
    nothing = like.new_zeros(1, correction_size(width))
    nothing[:, :2] = _ALWAYS
    return nothing


def fitted(hidden: Sequence[Tensor], said: Sequence[Tensor], heard: Sequence[Tensor]) -> Correction:
    """The correction of one person from recordings of theirs.

    Args:
        hidden: [F, W] each.
        said: [F, C] each, the mel frames made from it.
        heard: [F, C] each, those of the recording.

    Returns:
        One correction.
    """
    x, off = torch.cat(list(hidden)).double(), (torch.cat(list(heard)) - torch.cat(list(said))).double()  # [N, W], [N, C]
    weight = torch.cat([_weights(each) for each in heard]).double()[:, None]
    weight = weight / weight.sum()
    middle, shift = (weight * x).sum(0), (weight * off).sum(0)
    x, off = x - middle, off - shift
    spread = (weight * x).T @ x
    ridge = _RIDGE * (1 + _RIDGE_FRAMES / len(x)) * spread.diagonal().mean().clamp_min(1e-9)
    spread = spread + ridge * torch.eye(len(spread), dtype=x.dtype, device=x.device)
    answer = torch.linalg.solve(spread, (weight * x).T @ off)  # [W, C]
    look, give = _thin(answer, spread)
    trust = len(x) / (len(x) + _DOUBTED_FRAMES)
    shift = trust * (shift - middle @ look @ give)
    level = torch.cat(list(said)).mean(1)
    levels = torch.stack([torch.quantile(level, share) for share in (_QUIET, _LOUD)])
    return Correction(levels[None], shift[None].to(level), look[None].to(level), (trust * give)[None].to(level))


def movement_of(said: Tensor, heard: Tensor) -> Tensor:
    """How a person's pitch differs from what is foretold of it: [2].

    The first is where the middle of the foretold pitch lies, in octaves; the second log2 of how much wider the person's moves around it,
    from 0 (alike) to 1 (twice).

    Args:
        said: [N] foretold pitch of frames of the person, in octaves.
        heard: [N] that of the recording.
    """
    if len(said) < 2:  # noqa: PLR2004 - no spread
        return said.new_zeros(2)
    narrow, wide = (_span(each.double()).clamp_min(_LEAST_RANGE) for each in (said, heard))
    trust = len(said) / (len(said) + _DOUBTED_PITCHES)
    return trust * torch.stack([said.median(), torch.log2((wide / narrow).clamp(1, _WIDEST)).to(said)])


def moved(octaves: Tensor, movement: Tensor) -> Tensor:
    """Foretold pitches [B, 1, F], in octaves above the middles of people, as these people move theirs: [B, 2] of `movement_of`."""
    return (octaves - movement[:, :1, None]) * torch.exp2(movement[:, 1:, None])


def near_middle(octaves: Tensor) -> Tensor:
    """Those of the pitches [N], at least one, that are neither creaks nor mistaken octaves."""
    return octaves[(octaves - octaves.median()).abs() < _FAR_OCTAVES]


def mean_of(corrections: Correction) -> Correction:
    """One correction of several, each weighing the same."""
    whole = (corrections.look.double() @ corrections.give.double()).mean(0)
    look, give = _thin(whole, torch.eye(len(whole), dtype=whole.dtype, device=whole.device))
    levels, shift = corrections.levels.mean(0)[None], corrections.shift.mean(0)[None]
    return Correction(levels, shift, look[None].to(shift), give[None].to(shift))


def _thin(answer: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix [W, C] as [W, R] times [R, C], so that of what it says of channels of some spread [W, W] most is kept."""
    root = torch.linalg.cholesky(spread)
    left, size, right = torch.linalg.svd(root.T @ answer, full_matrices=False)
    rank = CORRECTION_RANK
    look = torch.linalg.solve_triangular(root.T, left[:, :rank] * size[:rank].sqrt(), upper=True)
    give = size[:rank, None].sqrt() * right[:rank]
    missing = rank - len(give)  # where a model has fewer channels than the rank
    return F.pad(look, (0, missing)), F.pad(give, (0, 0, 0, missing))


def _span(octaves: Tensor) -> Tensor:
    """How many octaves a pitch [N] moves over."""
    near = near_middle(octaves)
    return torch.quantile(near, _HIGH) - torch.quantile(near, _LOW)


def _weights(heard: Tensor) -> Tensor:
    """[F]: frames of speech count most."""
    level = heard.mean(1)
    low, high = torch.quantile(level, _QUIET_HEARD), torch.quantile(level, _LOUD_HEARD)
    return ((level - low) / (high - low).clamp_min(_LEAST_RANGE)).clamp(_LEAST_WEIGHT, 1)
