"""Differences that are stored as products of two thin matrices: how a tuned voice stays small.

Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv 2106.09685. Apart from the overlay and the loader
because both must add the same product to the same stored tensor, and from training because speaking needs it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from voxcommons.base.errors import CorruptFileError

UP, DOWN = ".low_rank_up", ".low_rank_down"


def expanded(given: Mapping[str, Tensor], folder: Path | None) -> dict[str, Tensor]:
    """A voice's tensors with every pair of thin matrices added to the base model's tensor.

    Args:
        given: tensors by names that begin with the part; NAME.low_rank_up [rows, rank] and NAME.low_rank_down [rank, rest] stand for NAME.
        folder: of the base model, whose stored tensors are read where there is something to add.

    Returns:
        Whole tensors, float32 where something was added.

    Raises:
        CorruptFileError: a half is missing, or does not fit the base model's tensor. Whoever takes the
            result checks that it is finite.
    """
    whole = {name: tensor for name, tensor in given.items() if not name.endswith((UP, DOWN))}
    thin = sorted({name.removesuffix(UP).removesuffix(DOWN) for name in given.keys() - whole.keys()})
    if not thin:
        return whole
    stored, faults = _stored(folder, thin), list[str]()
    for name in thin:
        up, down, base = given.get(name + UP), given.get(name + DOWN), stored.get(name)
        if up is None or down is None or base is None or name in whole:
            faults.append(f"half a difference of {name}")
        elif up.dim() != 2 or down.dim() != 2 or not _fits(base, up, down):
            faults.append(f"{name} has shape {tuple(base.shape)}, its difference {tuple(up.shape)} x {tuple(down.shape)}")
        else:
            whole[name] = added(base.float(), up.float(), down.float())
    if faults:
        raise CorruptFileError("the voice's weights are damaged", found="; ".join(faults[:8]), do="import the voice again")
    return whole


def added(weight: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """A weight [rows, ...] plus the product of up [rows, rank] and down [rank, rest]."""
    return weight + (up @ down).view_as(weight)


def _fits(base: Tensor, up: Tensor, down: Tensor) -> bool:
    return base.dim() > 1 and up.shape[0] == base.shape[0] and up.shape[1] == down.shape[0] and down.shape[1] == base[0].numel()


def _stored(folder: Path | None, names: Iterable[str]) -> dict[str, Tensor]:
    """Tensors of a base model on the disk, by names that begin with the part; those it lacks are left out."""
    by_part: dict[str, list[str]] = {}
    for name in names:
        part, _, rest = name.partition(".")
        by_part.setdefault(part, []).append(rest)
    found: dict[str, Tensor] = {}
    if folder is None:
        return found
    for part, wanted in by_part.items():
        try:
            with safe_open(folder / f"{part}.safetensors", "pt") as file:
                known = set(file.keys())
                found |= {f"{part}.{name}": file.get_tensor(name).clone() for name in wanted if name in known}
        except (SafetensorError, OSError) as error:
            raise CorruptFileError("the base model is damaged", found=f"{part}.safetensors: {error}", do="install it again") from error
    return found

