"""Keys and values of the positions already read, in memory set aside ahead of time.

A step writes one column and reads a view, nothing is concatenated. Items of a batch are
aligned at their ends, so that one column index serves all; the padding at the start of
shorter items is hidden by `mask`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass
class KVCache:
    """The state of incremental decoding for a batch.

    Attributes:
        keys: [layers, B, H, capacity, D/H].
        values: The same shape.
        pads: [B], padding columns at the start of each item.
        codes: [B], semantic tokens read so far, which is the next one's position.
        columns: Columns in use, the same for every item.
        room: Columns to grow by.
        uniform_codes: `codes` as one number when all items agree, else None.
        hidden: [B, 1, 1, capacity] additive, -inf on padding; None without padding.
    """

    keys: Tensor
    values: Tensor
    pads: Tensor
    codes: Tensor
    columns: int
    room: int
    uniform_codes: int | None
    hidden: Tensor | None

    @classmethod
    def empty(
        cls,
        shape: tuple[int, int, int, int],
        capacity: int,
        *,
        pads: Tensor,
        codes: Tensor,
        like: Tensor,
        room: int,
    ) -> KVCache:
        """Set memory aside: `shape` is (layers, B, H, D/H), type and device are those of `like`."""
        layers, batch, heads, size = shape
        full = (layers, batch, heads, capacity, size)
        cache = cls(
            keys=like.new_zeros(full),
            values=like.new_zeros(full),
            pads=pads,
            codes=codes,
            columns=0,
            room=room,
            uniform_codes=None,
            hidden=None,
        )
        cache._refresh()
        return cache

    def write(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store new columns [B, H, N, D/H] of one layer; give all columns so far."""
        stop = self.columns + key.shape[2]
        self.keys[layer, :, :, self.columns : stop] = key
        self.values[layer, :, :, self.columns : stop] = value
        return self.keys[layer, :, :, :stop], self.values[layer, :, :, :stop]

    def reserve(self, columns: int) -> None:
        """Make sure that `columns` more fit."""
        missing = self.columns + columns - self.keys.shape[3]
        if missing > 0:
            more = max(missing, self.room)
            self.keys = F.pad(self.keys, (0, 0, 0, more))
            self.values = F.pad(self.values, (0, 0, 0, more))
            self._refresh()

    def advance(self, columns: int, codes: int) -> None:
        """Count columns written, `codes` of which are semantic tokens."""
        self.columns += columns
        self.codes = self.codes + codes
        if self.uniform_codes is not None:
            self.uniform_codes += codes

    def mask(self) -> Tensor | None:
        """Additive mask [B, 1, 1, columns + 1] for one new column, None if nothing is hidden."""
        return None if self.hidden is None else self.hidden[..., : self.columns + 1]

    def keep(self, items: Tensor) -> None:
        """Go on with the items of these indices [B'] only."""
        self.keys = self.keys.index_select(1, items)
        self.values = self.values.index_select(1, items)
        self.pads, self.codes = self.pads[items], self.codes[items]
        self._refresh()

    def _refresh(self) -> None:
        same = bool((self.codes == self.codes[0]).all())
        self.uniform_codes = int(self.codes[0]) if same else None
        self.hidden = None
        if bool((self.pads > 0).any()):
            place = torch.arange(self.keys.shape[3], device=self.pads.device)
            zeros = self.keys.new_zeros(len(self.pads), len(place))
            hidden = zeros.masked_fill_(place < self.pads[:, None], float("-inf"))
            self.hidden = hidden[:, None, None]
