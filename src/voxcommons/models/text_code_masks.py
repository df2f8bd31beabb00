"""Who may attend to whom when phones and codes stand in one sequence.

Phones see all phones of their item; codes see these and the codes up to themselves; nobody
sees padding. Apart from the transformer so that the rules can be read beside each other:
batches for training are padded on the right, prompts for decoding on the left.

Shapes: B batch, P phonemes, S semantic tokens, L = P + S.
"""

from __future__ import annotations

import torch
from torch import Tensor


def training_mask(phone_lengths: Tensor, width: int, code_lengths: Tensor, length: int, *, compat: bool = False) -> Tensor:
    """Who may attend to whom in a right-padded batch, True where attention is allowed.

    Args:
        phone_lengths: [B], phones per item out of `width` columns.
        width: P, columns of text.
        code_lengths: [B], codes per item out of `length` columns.
        length: S, columns of codes.
        compat: Hide the first P - phone_lengths columns instead of the last.

    Returns:
        [B, P+S, P+S] bool.
    """
    columns = torch.arange(width + length, device=phone_lengths.device)
    lengths = phone_lengths[:, None]
    if compat:
        text = (columns >= width - lengths) & (columns < width)
    else:
        text = columns < lengths
    audio = (columns >= width) & (columns < width + code_lengths[:, None])
    seen = columns[None, :] <= columns[:, None]  # [L, L] causal
    return text[:, None, :] | (audio[:, None, :] & seen[None] & (columns >= width)[None, :, None])


def prefill_mask(starts: Tensor, text_ends: Tensor, columns: int) -> Tensor:
    """Who may attend to whom in left-padded prompts, True where attention is allowed.

    Args:
        starts: [B], first real column of each item.
        text_ends: [B], column after the last phone of each item.
        columns: L.

    Returns:
        [B, L, L] bool. Padding rows see the text (their values are never used).
    """
    place = torch.arange(columns, device=starts.device)
    text = (place >= starts[:, None]) & (place < text_ends[:, None])  # [B, L]
    audio = place >= text_ends[:, None]
    seen = place[None, :] <= place[:, None]
    return text[:, None, :] | (audio[:, None, :] & seen[None] & audio[:, :, None])


def as_additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Turn [B, L, L] bool (True may attend) into [B, 1, L, L] of 0 and -inf, once per pass."""
    zeros = torch.zeros(mask.shape, dtype=dtype, device=mask.device)
    return zeros.masked_fill_(~mask, float("-inf"))[:, None]


def attention_dtype(x: Tensor) -> torch.dtype:
    """The type attention will run in, so that autocast need not convert the mask per layer."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
