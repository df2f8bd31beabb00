"""A voice's own weights over a base model that is loaded already: what the voice leaves as it is, is shared.

Apart from `build`, which reads a base model from the disk: a server holds one base model and many voices, and a voice may cost no more
memory and time than the tensors in which it differs.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from voxcommons.base.errors import CorruptFileError
from voxcommons.models.build import BaseModel, OwnWeights
from voxcommons.models.low_rank import expanded

_LENGTH, _DIRECTION = "weight_g", "weight_v"


def overlaid(base: BaseModel, own: OwnWeights) -> BaseModel:
    """A base model with a voice's tensors in place of its own.

    It speaks sample for sample as `load_base(..., own_weights=own)` does.

    Args:
        base: loaded for speaking, so its weights are folded and frozen; stays as it is.
        own: the voice's tensors.

    Raises:
        InputError: they belong to another base model.
        CorruptFileError: a tensor has a name or a shape that the model does not have, or is not finite.
    """
    given: dict[str, dict[str, Tensor]] = {}
    for name, tensor in expanded(own.fitting(base.name, base.sha256), base.folder).items():
        part, _, rest = name.partition(".")
        given.setdefault(part, {})[rest] = tensor
    loaded = {part: module for part in given if (module := getattr(base, part)) is not None}
    made: dict[str, Any] = {part: _copy_with(module, given[part], _Stored(base.folder, part)) for part, module in loaded.items()}
    return replace(base, own_weights=own.sha256, **made)


class _Stored:
    """The tensors of a part as its file has them: the halves of a folded weight are only there."""

    def __init__(self, folder: Path | None, part: str) -> None:
        self._folder, self._part = folder, part

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """These tensors, those it lacks left out."""
        wanted = set(names)
        if not wanted or self._folder is None:
            return {}
        try:
            with safe_open(self._folder / f"{self._part}.safetensors", "pt") as file:
                return {name: file.get_tensor(name) for name in wanted & set(file.keys())}
        except (SafetensorError, OSError) as error:
            found = f"{self._part}.safetensors: {error}"
            raise CorruptFileError("the base model is damaged", found=found, do="install it again") from error


def _copy_with(module: nn.Module, own: Mapping[str, Tensor], stored: _Stored) -> nn.Module:
    """A copy of a network that shares every tensor but the voice's."""
    known = module.state_dict(keep_vars=True)
    copied = copy.deepcopy(module, {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())})
    faults: list[str] = []
    for name, tensor in _folded(known, own, stored).items():
        before = known.get(name)
        if before is None:
            faults.append(f"unknown tensor {name}")
        elif before.shape != tensor.shape:
            faults.append(f"{name} has shape {tuple(tensor.shape)} instead of {tuple(before.shape)}")
        elif not tensor.isfinite().all():
            faults.append(f"{name} is not finite")
        else:
            value = tensor.to(before.device, before.dtype, copy=True)  # of a file that is mapped nothing is kept
            if isinstance(before, nn.Parameter):
                value = nn.Parameter(value, requires_grad=False)
            place, _, last = name.rpartition(".")
            setattr(copied.get_submodule(place), last, value)
    if faults:
        raise CorruptFileError("the voice's weights are damaged", found="; ".join(faults[:8]), do="import the voice again")
    return copied


def _folded(known: Mapping[str, Tensor], own: Mapping[str, Tensor], stored: _Stored) -> dict[str, Tensor]:
    """The tensors under the names that a folded network has: a length and a direction become one weight."""
    found, halves = {}, dict[str, dict[str, Tensor]]()
    for name, tensor in own.items():
        place, _, last = name.rpartition(".")
        if last in (_LENGTH, _DIRECTION) and f"{place}.weight" in known:
            halves.setdefault(place, {})[last] = tensor
        else:
            found[name] = tensor
    missing = [f"{place}.{half}" for place, known in halves.items() for half in (_LENGTH, _DIRECTION) if half not in known]
    others = stored.read(missing)
    for place, has in halves.items():
        length, direction = (has.get(half, others.get(f"{place}.{half}")) for half in (_LENGTH, _DIRECTION))
        if length is None or direction is None:
            raise CorruptFileError("the base model is damaged", found=f"no halves of {place}.weight", do="install it again")
        if length.shape != (direction.shape[0], *[1] * (direction.dim() - 1)):
            found[f"{place}.{_LENGTH}"] = length  # no such tensor in a folded network: told with the other faults
            continue
        found[f"{place}.weight"] = torch._weight_norm(direction.float(), length.float(), 0)
    return found
