"""What of a network may move when a voice is tuned, and the difference that is kept of it.

Three ways: thin products beside the weights (adapters, arXiv 2106.09685), some last layers, or everything that is for training.
Apart from the loops because they ask for parameters and must not know which way was chosen, and because what is kept must
fit `models.low_rank`, which puts it over a base model again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from voxcommons.base.errors import InputError
from voxcommons.models.low_rank import DOWN, UP, added

Way = Literal["adapters", "last", "full"]
WAYS: Final[tuple[Way, ...]] = ("adapters", "last", "full")
RANK: Final = 8

# Tensors that a product can be added to; tables of embeddings are left out, for most of their rows are not met in a minute.
_DENSE: Final = ("weight", "weight_v", "in_proj_weight")


class ThinProduct(nn.Module):
    """A weight plus a product of two thin matrices, which starts as nothing."""

    def __init__(self, weight: Tensor, rank: int, seed: int) -> None:
        """Make the two halves.

        Args:
            weight: what it is for, [rows, ...].
            rank: columns of the one and rows of the other.
            seed: of the draw.
        """
        super().__init__()
        rest = weight[0].numel()
        start = torch.randn(rank, rest, generator=torch.Generator().manual_seed(seed)) / rest**0.5
        self.up = nn.Parameter(weight.new_zeros(weight.shape[0], rank))
        self.down = nn.Parameter(start.to(weight))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as it is used."""
        return added(weight, self.up, self.down)


class Adjustment:
    """The moving part of one network.

    Args:
        module: the network; its other parameters are frozen.
        part: its name in a base model, `semantic_to_wave` or `text_to_semantic`.
        way: how it may move.
        within: beginnings of the names of what may move at all.
        last: beginnings of the names of its last layers.
        rank: of the adapters.
    """

    def __init__(  # noqa: PLR0913 - a network, a way, and where
        self, module: nn.Module, part: str, way: Way, *, within: Sequence[str], last: Sequence[str], rank: int = RANK
    ) -> None:
        self.module, self.part, self.way, self.rank = module, part, way, rank
        self._products: dict[str, ThinProduct] = {}
        self._whole: dict[str, nn.Parameter] = {}
        module.requires_grad_(False)
        if way == "adapters":
            self._add_products(tuple(within))
        else:
            names = tuple(within if way == "full" else last)
            self._whole = {name: parameter for name, parameter in module.named_parameters() if name.startswith(names)}
            for parameter in self._whole.values():
                parameter.requires_grad_(True)

    def _add_products(self, within: tuple[str, ...]) -> None:
        places = [
            (name, owner, last)
            for place, owner in list(self.module.named_modules())
            for last, tensor in list(owner.named_parameters(recurse=False))
            if (name := f"{place}.{last}").startswith(within) and last in _DENSE and _is_dense(owner, tensor)
        ]
        for number, (name, owner, last) in enumerate(places):
            weight = getattr(owner, last)
            product = ThinProduct(weight.detach(), min(self.rank, weight.shape[0], weight[0].numel()), number)
            parametrize.register_parametrization(owner, last, product)
            owner.parametrizations[last].original.requires_grad_(False)
            self._products[name] = product

    def parameters(self) -> list[nn.Parameter]:
        """What an optimiser may move."""
        return [*self._whole.values(), *(half for product in self._products.values() for half in (product.up, product.down))]

    @property
    def count(self) -> int:
        """How many numbers may move."""
        return sum(parameter.numel() for parameter in self.parameters())

    def tensors(self) -> dict[str, Tensor]:
        """The moving tensors as they are, under the names that a voice keeps them by."""
        halves = {f"{self.part}.{name}{end}": half for name, product in self._products.items()
                  for end, half in ((UP, product.up), (DOWN, product.down))}  # fmt: skip
        whole = {f"{self.part}.{name}": parameter for name, parameter in self._whole.items()}
        return {name: tensor.detach().clone() for name, tensor in {**halves, **whole}.items()}

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put tensors of `tensors` back; of other parts none are looked at.

        Raises:
            InputError: they were made in another way, so that this one cannot go on from them.
        """
        own = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{self.part}.")}
        there = {f"{self.part}.{name}": parameter for name, parameter in self._whole.items()}
        there |= {f"{self.part}.{name}{end}": half for name, product in self._products.items()
                  for end, half in ((UP, product.up), (DOWN, product.down))}  # fmt: skip
        if not own.keys() <= there.keys() or any(there[name].shape != tensor.shape for name, tensor in own.items()):
            raise InputError(
                "the voice was tuned in another way", expected=f"weights of the way {self.way} and rank {self.rank}",
                found=f"others, as {next(iter(own))}", do="go on in the way it was tuned, or start again with --fresh",
            )  # fmt: skip
        for name, tensor in own.items():
            there[name].copy_(tensor.to(there[name]))

    def moved(self, tensors: Mapping[str, Tensor], start: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Of tensors of `tensors` those worth keeping: not what is as the base model has it.

        Args:
            tensors: the best ones.
            start: those of the plain base model.
        """
        if self._products:
            return dict(tensors) if any(bool(tensor.any()) for name, tensor in tensors.items() if name.endswith(UP)) else {}
        return {name: tensor for name, tensor in tensors.items() if not torch.equal(tensor, start[name])}


def _is_dense(owner: nn.Module, tensor: Tensor) -> bool:
    return tensor.dim() > 1 and not isinstance(owner, nn.Embedding) and getattr(owner, "groups", 1) == 1


def stored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as a voice keeps them: half as many bytes, which is what base models are stored in too."""
    return {name: tensor.to(torch.float16).contiguous().cpu() for name, tensor in tensors.items()}


def parameter_count(adjustments: Iterable[Adjustment]) -> int:
    """How many numbers may move in several networks."""
    return sum(adjustment.count for adjustment in adjustments)
