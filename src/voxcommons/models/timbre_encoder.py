"""Who speaks: mel frames in, a vector of the person out, the same for every sentence of theirs.

It is taught to give what a speaker-verification network gives (GE2E, Wan et al., arXiv 1710.10467), which heard far more people than
this project has recordings of; that network itself would take an eighth of the starter's budget.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.convnext import ConvNeXtBlock
from voxcommons.models.mel_frames import CHANNELS

_KERNEL, _EXPANSION = 7, 2


class TimbreEncoder(nn.Module):
    """Mel frames [B, CHANNELS, F] -> unit vectors [B, vector]; weighted means and deviations over time (arXiv 1803.10963)."""

    def __init__(self, *, width: int = 96, blocks: int = 3, heads: int = 2, vector: int = 256) -> None:
        """Build the encoder.

        Args:
            width: Channels.
            blocks: Blocks of convolutions.
            heads: Ways of weighing the frames.
            vector: Size of the result.
        """
        super().__init__()
        self.inp = nn.Conv1d(CHANNELS, width, 3, padding=1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, kernel=_KERNEL, expansion=_EXPANSION) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.weigh = nn.Linear(width, heads)
        self.out = nn.Linear(2 * heads * width, vector)

    def forward(self, mel: Tensor) -> Tensor:
        """Return one vector of length 1, without negative values, per item."""
        x = F.gelu(self.inp(mel))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x.transpose(1, 2)).float()  # [B, F, D]
        share = self.weigh(x).float().softmax(1)  # [B, F, H]
        mean = torch.einsum("bfh,bfd->bhd", share, x)
        spread = (torch.einsum("bfh,bfd->bhd", share, x.square()) - mean.square()).clamp_min(1e-5).sqrt()
        found = F.relu(self.out(torch.cat([mean, spread], -1).flatten(1)).float())
        return found / (found.norm(dim=1, keepdim=True) + 1e-6)
