"""Convolutions that store their weight as a length and a direction (Salimans and Kingma, arXiv 1602.07868).

They exist because public voice files name the two tensors `weight_g` and `weight_v`; PyTorch's own parametrisation names
them differently, and a conversion at every load and save would be a second truth. Training uses g and v; `fold` turns
them into one plain `weight` once, so that inference pays nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class _WeightNorm(nn.Module):
    """A weight with one length per slice of its first axis, foldable into a plain tensor."""

    weight_g: nn.Parameter
    weight_v: nn.Parameter

    def __init__(self, shape: tuple[int, ...], bias: int, init_std: float | None = None) -> None:
        """Make the parameters.

        Args:
            shape: Shape of the weight; its first axis carries the lengths.
            bias: Number of bias values; their start is uniform within 1/sqrt(fan-in).
            init_std: Standard deviation of a normal start; None draws uniformly within 1/sqrt(fan-in).
        """
        super().__init__()
        bound = 1.0 / max(1, torch.Size(shape[1:]).numel()) ** 0.5
        start = torch.empty(shape)
        start = nn.init.normal_(start, 0.0, init_std) if init_std else nn.init.uniform_(start, -bound, bound)
        self.bias = nn.Parameter(torch.empty(bias).uniform_(-bound, bound))
        self.weight_g = nn.Parameter(_lengths(start))
        self.weight_v = nn.Parameter(start)

    def effective_weight(self) -> Tensor:
        """The weight the convolution uses, of the shape given at construction."""
        if "weight" in self._parameters:
            return self._parameters["weight"]  # type: ignore[return-value]
        return torch._weight_norm(self.weight_v, self.weight_g, 0)

    @torch.no_grad()
    def fold(self) -> None:
        """Replace `weight_g` and `weight_v` by one frozen `weight`; calling it again changes nothing."""
        if "weight" in self._parameters:
            return
        folded = nn.Parameter(self.effective_weight().detach().clone(), requires_grad=False)
        del self.weight_g, self.weight_v
        self.register_parameter("weight", folded)


class NormConv1d(_WeightNorm):
    """Weight-normalised 1-D convolution: [B, in, T] -> [B, out, T']."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        init_std: float | None = None,
    ) -> None:
        super().__init__((out_channels, in_channels // groups, kernel), out_channels, init_std)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x [B, in, T]."""
        return F.conv1d(x, self.effective_weight(), self.bias, self.stride, self.padding, self.dilation, self.groups)


class NormConv2d(_WeightNorm):
    """Weight-normalised 2-D convolution: [B, in, T, W] -> [B, out, T', W']."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: tuple[int, int],
        *,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__((out_channels, in_channels, *kernel), out_channels)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x [B, in, T, W]."""
        return F.conv2d(x, self.effective_weight(), self.bias, self.stride, self.padding)


class NormConvTranspose1d(_WeightNorm):
    """Weight-normalised transposed convolution: [B, in, T] -> [B, out, T * stride].

    The lengths belong to the input channels, the first axis of a transposed convolution's weight.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, stride: int, padding: int, init_std: float | None = None
    ) -> None:
        super().__init__((in_channels, out_channels, kernel), out_channels, init_std)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """Upsample x [B, in, T]."""
        return F.conv_transpose1d(x, self.effective_weight(), self.bias, self.stride, self.padding)


def fold_weight_norm(module: nn.Module) -> nn.Module:
    """Fold every weight-normalised layer inside a module, in place, for inference.

    Afterwards the state dict holds `weight` where it held `weight_g` and `weight_v`, and the folded weights no longer train.

    Returns:
        The same module.
    """
    for part in module.modules():
        if isinstance(part, _WeightNorm):
            part.fold()
    return module


def _lengths(weight: Tensor) -> Tensor:
    return weight.detach().flatten(1).norm(dim=1).reshape(-1, *[1] * (weight.dim() - 1))
