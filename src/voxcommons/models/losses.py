"""What the acoustic model and its critics are trained to make small.

Least-squares adversarial terms (Mao et al., arXiv 1611.04076), feature matching and mel distance (HiFi-GAN, arXiv
2010.05646), and the divergence between posterior and prior (VITS, arXiv 2106.06103). All are computed at least in single precision.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from voxcommons.models.discriminators import Verdict

MEL_WEIGHT = 45.0
FEATURE_WEIGHT = 2.0


def critic_losses(real: Sequence[Verdict], fake: Sequence[Verdict]) -> list[tuple[Tensor, Tensor]]:
    """Per critic: how far real scores are from 1, and fake scores from 0.

    The sum of all values is the critics' loss. Give it verdicts on a detached fake.
    """
    return [((1.0 - _single(r.score)).square().mean(), _single(f.score).square().mean()) for r, f in zip(real, fake, strict=True)]


def critic_loss(real: Sequence[Verdict], fake: Sequence[Verdict]) -> Tensor:
    """Sum of `critic_losses`."""
    return torch.stack([torch.stack(pair).sum() for pair in critic_losses(real, fake)]).sum()


def adversarial_losses(fake: Sequence[Verdict]) -> list[Tensor]:
    """Per critic: how far fake scores are from 1; their sum is the generator's adversarial loss."""
    return [(1.0 - _single(f.score)).square().mean() for f in fake]


def adversarial_loss(fake: Sequence[Verdict]) -> Tensor:
    """Sum of `adversarial_losses`."""
    return torch.stack(adversarial_losses(fake)).sum()


def feature_loss(real: Sequence[Verdict], fake: Sequence[Verdict]) -> Tensor:
    """Twice the mean absolute difference of every critic layer, summed; real features are constants."""
    terms = [
        (_single(a.detach()) - _single(b)).abs().mean()
        for r, f in zip(real, fake, strict=True)
        for a, b in zip(r.features, f.features, strict=True)
    ]
    return FEATURE_WEIGHT * torch.stack(terms).sum()


def mel_loss(real_mel: Tensor, fake_mel: Tensor) -> Tensor:
    """Mean absolute difference of two log-mel spectrograms [B, M, F], times 45."""
    return MEL_WEIGHT * (_single(real_mel) - _single(fake_mel)).abs().mean()


def prior_divergence(z_p: Tensor, logs_q: Tensor, m_p: Tensor, logs_p: Tensor, mask: Tensor) -> Tensor:
    """Kullback-Leibler divergence of posterior from prior at the drawn sample, per real frame.

    Args:
        z_p: [B, L, F] posterior sample on the prior's side of the flow.
        logs_q: [B, L, F] log deviation of the posterior.
        m_p: [B, L, F] mean of the prior.
        logs_p: [B, L, F] log deviation of the prior.
        mask: [B, 1, F] float; channels are summed, frames averaged.

    Returns:
        A scalar.
    """
    z_p, logs_q, m_p, logs_p, mask = (_single(t) for t in (z_p, logs_q, m_p, logs_p, mask))
    each = logs_p - logs_q - 0.5 + 0.5 * (z_p - m_p).square() * torch.exp(-2.0 * logs_p)
    return (each * mask).sum() / mask.sum()


def _single(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
