"""The acoustic model: semantic tokens, phonemes and a style vector in, sound out."""

from __future__ import annotations

from voxcommons.models.posterior_encoder import PosteriorEncoder

__all__ = ["PosteriorEncoder"]
