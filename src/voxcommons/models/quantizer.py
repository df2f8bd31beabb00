"""A learned codebook: features to the number of their nearest entry, and back.

Nearest-neighbour vector quantisation (van den Oord et al., arXiv 1711.00937) whose entries follow a moving average of the
features they stand for. The public content codes come from it. The starter takes its codes from `fsq.py` and uses the
table here only as a trainable embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EuclideanCodebook(nn.Module):
    """K entries of D channels under squared Euclidean distance."""

    inited: Tensor
    cluster_size: Tensor
    embed: Tensor
    embed_avg: Tensor

    def __init__(self, size: int = 1024, dim: int = 768, trainable: bool = False) -> None:
        """Make the table.

        Args:
            size: K, number of entries.
            dim: D, channels of an entry.
            trainable: Entries are a parameter that the optimiser moves, instead of a buffer.
        """
        super().__init__()
        start = torch.randn(size, dim) * dim**-0.5
        self.register_buffer("inited", torch.ones(1))
        # What only `update` needs is kept with the model where it may be used: a trainable table learns by gradients.
        self.register_buffer("cluster_size", torch.ones(size), persistent=not trainable)
        if trainable:
            self.embed = nn.Parameter(start)
        else:
            self.register_buffer("embed", start)
        self.register_buffer("embed_avg", start.clone(), persistent=not trainable)

    def encode(self, x: Tensor) -> Tensor:
        """Nearest entry of each feature; of equally near ones the first.

        Args:
            x: [..., D].

        Returns:
            [...] int64.
        """
        flat = x.reshape(-1, x.shape[-1])
        distance = flat.square().sum(1, keepdim=True) - 2 * flat @ self.embed.t() + self.embed.square().sum(1)
        return (-distance).argmax(dim=-1).reshape(x.shape[:-1])

    def decode(self, codes: Tensor) -> Tensor:
        """Entries [..., D] of codes [...]."""
        return nn.functional.embedding(codes, self.embed)

    @torch.no_grad()
    def update(
        self,
        x: Tensor,
        codes: Tensor,
        decay: float = 0.99,
        dead_below: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> None:
        """Move the entries towards the features they were chosen for; used when training from nothing.

        Args:
            x: [N, D] features.
            codes: [N] their entries.
            decay: Share of the old average that stays.
            dead_below: Entries whose average use falls below this are replaced by random features.
            generator: Source of those draws.
        """
        counts = torch.bincount(codes, minlength=self.embed.shape[0]).to(x.dtype)  # [K]
        sums = torch.zeros_like(self.embed_avg).index_add_(0, codes, x)  # [K, D]
        self.cluster_size.lerp_(counts, 1 - decay)
        self.embed_avg.lerp_(sums, 1 - decay)
        dead = self.cluster_size < dead_below
        if dead.any():
            picks = torch.randint(x.shape[0], (int(dead.sum()),), device=x.device, generator=generator)
            self.cluster_size[dead] = dead_below
            self.embed_avg[dead] = x[picks] * dead_below
        self.embed.copy_(self.embed_avg / self.cluster_size.unsqueeze(1))


class ResidualQuantizer(nn.Module):
    """The codebook at the depth where public files keep it: `vq.layers.0._codebook`.

    Public files have one layer; the nesting is theirs, and a place for more layers.
    """

    def __init__(self, size: int = 1024, dim: int = 768, trainable: bool = False) -> None:
        super().__init__()
        self.vq = nn.Module()
        layer = nn.Module()
        layer._codebook = EuclideanCodebook(size, dim, trainable)
        self.vq.layers = nn.ModuleList([layer])

    @property
    def codebook(self) -> EuclideanCodebook:
        """The one codebook."""
        return self.vq.layers[0]._codebook  # type: ignore[index, union-attr]

    def encode(self, x: Tensor) -> Tensor:
        """Codes [B, 1, S] of features [B, D, S]."""
        return self.codebook.encode(x.transpose(1, 2)).unsqueeze(1)

    def decode(self, codes: Tensor) -> Tensor:
        """Features [B, D, S] of codes [B, S]."""
        return self.codebook.decode(codes).transpose(1, 2)
