"""From phonemes to semantic tokens: a decoder-only transformer over text and codes.

The sequence is `phones ++ codes`. Phones see every phone; codes see every phone and
the codes before them; the last phone predicts the first code. The state-dict keys and
the numbers are those of the public GPT-SoVITS "s1" models (without their `model.`
prefix). How tokens are drawn is not known here: see `synth.sampling`, `synth.decoding`.

Shapes: B batch, P phonemes, S semantic tokens (25 Hz), L = P + S, D width, H heads,
C classes (codes and the end token). Masks are additive: 0 may attend, -inf may not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.kv_cache import KVCache
from voxcommons.models.text_code_masks import as_additive, attention_dtype, prefill_mask, training_mask

IGNORED = -100
"""Target of positions that take no part in the loss."""


@dataclass(frozen=True)
class TrainingOutput:
    """What one teacher-forced pass gives.

    Attributes:
        logits: [B, S+1, C], the prediction of every code and of the end.
        targets: [B, S+1], the true class, `IGNORED` where padded.
        log_probs: [B], log-probability of each item's own codes and end, differentiable.
        loss_sum: scalar, cross entropy summed over the counted positions.
        count: scalar, number of counted positions.
        correct: scalar, positions other than the end whose target is among the best k.
        judged: scalar, number of positions that `correct` is out of.
    """

    logits: Tensor
    targets: Tensor
    log_probs: Tensor
    loss_sum: Tensor
    count: Tensor
    correct: Tensor
    judged: Tensor

    @property
    def loss(self) -> Tensor:
        """Mean cross entropy per counted position."""
        return self.loss_sum / self.count.clamp(min=1)

    @property
    def accuracy(self) -> Tensor:
        """Share of codes found among the best k."""
        return self.correct / self.judged.clamp(min=1)


class TokenEmbedding(nn.Module):
    """An embedding table under the public key."""

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(rows, width)

    def forward(self, ids: Tensor) -> Tensor:
        """Look up `ids` [B, N] -> [B, N, D]."""
        return self.word_embeddings(ids)


class ScaledPosition(nn.Module):
    """Adds a position table times one learned scale."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        """Add `table` [N, D] or [B, N, D] to `x` [B, N, D]."""
        return self.dropout(x + self.alpha * table)


class SelfAttention(nn.Module):
    """Multi-head attention with a packed query-key-value projection."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, mask: Tensor | None, cache: KVCache | None = None, layer: int = 0) -> Tensor:
        """Attend within `x` [B, N, D], or over the cache, which takes the new columns.

        Args:
            x: [B, N, D], the new positions.
            mask: [B or 1, 1, N, columns], additive; None lets everything attend.
            cache: Earlier keys and values; None when `x` is the whole sequence.
            layer: Which layer of the cache is this module's.

        Returns:
            [B, N, D].
        """
        batch, new, width = x.shape
        packed = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        packed = packed.view(batch, new, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4)  # each [B, H, N, D/H]
        if cache is not None:
            key, value = cache.write(layer, key, value)  # [B, H, columns, D/H]
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, mask, dropout)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, new, width))


class Layer(nn.Module):
    """Attention and feed-forward, each normalised after its residual sum."""

    def __init__(self, width: int, heads: int, dropout: float, attention_dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(width, heads, attention_dropout)
        self.linear1 = nn.Linear(width, 4 * width)
        self.linear2 = nn.Linear(4 * width, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None, cache: KVCache | None = None, layer: int = 0) -> Tensor:
        """[B, N, D] -> [B, N, D]; arguments as in `SelfAttention.forward`."""
        x = self.norm1(x + self.dropout(self.self_attn(x, mask, cache, layer)))
        inner = self.dropout(F.relu(self.linear1(x)))
        return self.norm2(x + self.dropout(self.linear2(inner)))


class Stack(nn.Module):
    """The layers under the public key `h.layers`."""

    def __init__(self, layers: int, width: int, heads: int, dropout: float, attention_dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads, dropout, attention_dropout) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor | None, cache: KVCache | None = None) -> Tensor:
        """[B, N, D] -> [B, N, D] through every layer."""
        for index, layer in enumerate(self.layers):
            x = layer(x, mask, cache, index)
        return x


class TextToSemantic(nn.Module):
    """Predicts semantic tokens from phonemes, one after another.

    Args:
        layers: Transformer layers.
        width: Embedding width D; the feed-forward part has 4 D.
        heads: Attention heads, a divisor of `width`.
        phones: Rows of the phoneme embedding.
        codes: Semantic classes; the end token has the id `codes`.
        dropout: Probability on positions, sums and the feed-forward part in training.
        attention_dropout: The same on attention weights, `dropout` when None. On a CPU,
            0 keeps the fused attention kernel and with it most of the training speed.
        bert_dim: Width of the linguistic features; None builds no `bert_proj`.
        positions: Rows of the position table computed ahead (longer inputs still work).
    """

    position_table: Tensor

    def __init__(
        self,
        *,
        layers: int = 24,
        width: int = 512,
        heads: int = 16,
        phones: int = 732,
        codes: int = 1024,
        dropout: float = 0.1,
        attention_dropout: float | None = None,
        bert_dim: int | None = 1024,
        positions: int = 4000,
    ) -> None:
        super().__init__()
        self.width, self.heads, self.codes, self.bert_dim = width, heads, codes, bert_dim
        if bert_dim is not None:
            self.bert_proj = nn.Linear(bert_dim, width)
        self.ar_text_embedding = TokenEmbedding(phones, width)
        self.ar_text_position = ScaledPosition(dropout)
        self.ar_audio_embedding = TokenEmbedding(codes + 1, width)
        self.ar_audio_position = ScaledPosition(dropout)
        attention = dropout if attention_dropout is None else attention_dropout
        self.h = Stack(layers, width, heads, dropout, attention)
        self.ar_predict_layer = nn.Linear(width, codes + 1, bias=False)
        self.register_buffer("position_table", position_table(positions, width), persistent=False)

    @property
    def end(self) -> int:
        """Id of the end token."""
        return self.codes

    # --- parts ----------------------------------------------------------------------

    def positions(self, start: int, stop: int) -> Tensor:
        """Rows `start` to `stop` of the position table, [stop - start, D]."""
        if stop <= len(self.position_table):
            return self.position_table[start:stop]
        return position_table(stop, self.width).to(self.position_table)[start:]

    def embed_phones(self, phones: Tensor, bert: Tensor | None = None) -> Tensor:
        """Embed `phones` [B, P] with linguistic features [B, bert_dim, P] -> [B, P, D].

        Missing features count as zeros; a model without `bert_proj` ignores them.
        """
        x = self.ar_text_embedding(phones)
        if self.bert_dim is not None:
            if bert is None:
                x = x + self.bert_proj.bias
            else:
                x = x + self.bert_proj(bert.transpose(1, 2).to(x.dtype))
        return self.ar_text_position(x, self.positions(0, phones.shape[1]))

    def embed_codes(self, codes: Tensor, start: int = 0) -> Tensor:
        """Embed `codes` [B, S] whose first has position `start` -> [B, S, D]."""
        table = self.positions(start, start + codes.shape[1])
        return self.ar_audio_position(self.ar_audio_embedding(codes), table)

    # --- training -------------------------------------------------------------------

    def forward(
        self,
        phones: Tensor,
        phone_lengths: Tensor,
        codes: Tensor,
        code_lengths: Tensor,
        bert: Tensor | None = None,
        *,
        compat: bool = False,
        best: int = 3,
    ) -> TrainingOutput:
        """Predict every code and the end from the true codes before it.

        Args:
            phones: [B, P] int64, padded on the right with any valid id.
            phone_lengths: [B] int64, each at least 1.
            codes: [B, S] int64 without the end token, padded on the right.
            code_lengths: [B] int64.
            bert: [B, bert_dim, P] linguistic features; None counts as zeros.
            compat: Repeat the public trainer: the text mask hides the first phones of
                short items instead of their padding, the first code is predicted from
                column P-1, and the end is asked for again at every padded position.
            best: A code counts as found when it is among this many.

        Returns:
            Logits, targets and the loss as sum and count.
        """
        width, length = phones.shape[1], codes.shape[1]
        steps = torch.arange(length + 1, device=codes.device)
        valid = steps[:length] < code_lengths[:, None]  # [B, S]
        codes = torch.where(valid, codes, self.end)
        x = torch.cat([self.embed_phones(phones, bert), self.embed_codes(codes)], dim=1)
        mask = training_mask(phone_lengths, width, code_lengths, length, compat=compat)
        hidden = self.h(x, as_additive(mask, attention_dtype(x)))  # [B, P+S, D]

        last_phone = torch.full_like(phone_lengths, width) if compat else phone_lengths
        rows = torch.arange(len(phones), device=codes.device)
        first = hidden[rows, last_phone - 1]  # [B, D]
        logits = self.ar_predict_layer(torch.cat([first[:, None], hidden[:, width:]], dim=1))

        targets = F.pad(codes, (0, 1), value=self.end)  # [B, S+1]
        if not compat:
            targets = targets.masked_fill(steps > code_lengths[:, None], IGNORED)
        return self._judge(logits, targets, best)

    def _judge(self, logits: Tensor, targets: Tensor, best: int) -> TrainingOutput:
        losses = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="none").view_as(targets)
        log_probs = -losses.sum(dim=1)
        with torch.no_grad():
            counted = targets != IGNORED
            judged = counted & (targets != self.end)
            own = logits.gather(2, targets.clamp(min=0)[..., None])
            found = ((logits > own).sum(dim=2) < best) & judged
        return TrainingOutput(logits, targets, log_probs, -log_probs.sum(), counted.sum(), found.sum(), judged.sum())

    # --- inference ------------------------------------------------------------------

    @torch.no_grad()
    def prefill(
        self,
        phones: Sequence[Tensor],
        prompts: Sequence[Tensor] | None = None,
        bert: Sequence[Tensor | None] | None = None,
        *,
        room: int = 256,
    ) -> tuple[Tensor, KVCache]:
        """Read texts and prompts of any lengths and predict the first new token of each.

        Items are aligned at their ends, padded on the left, and hidden from one another's
        padding, so that an item's numbers do not depend on its neighbours.

        Args:
            phones: B tensors [P_i] int64, each with at least one phone.
            prompts: B tensors [S_i] int64 (an empty one for none), or None.
            bert: B tensors [bert_dim, P_i] or None; None counts as zeros.
            room: Columns the cache grows by when it is full.

        Returns:
            Logits [B, C] and the cache to go on from.
        """
        assert all(len(ids) > 0 for ids in phones), "an item without phones has nothing to say"
        empty = phones[0].new_zeros(0)
        prompts = [empty] * len(phones) if prompts is None else prompts
        bert = [None] * len(phones) if bert is None else bert
        rows = []
        for ids, prompt, features in zip(phones, prompts, bert, strict=True):
            features = None if features is None else features[None]
            text = self.embed_phones(ids[None], features)
            rows.append(torch.cat([text, self.embed_codes(prompt[None])], dim=1)[0])
        columns = max(len(row) for row in rows)
        x = torch.stack([F.pad(row, (0, 0, columns - len(row), 0)) for row in rows])  # [B, L, D]
        phone_lengths = torch.tensor([len(ids) for ids in phones], device=x.device)
        prompt_lengths = torch.tensor([len(prompt) for prompt in prompts], device=x.device)
        pads = columns - phone_lengths - prompt_lengths  # [B]

        cache = KVCache.empty(
            (len(self.h.layers), len(rows), self.heads, self.width // self.heads),
            columns + room,
            pads=pads,
            codes=prompt_lengths,
            like=x,
            room=room,
        )
        mask = prefill_mask(pads, pads + phone_lengths, columns)
        hidden = self.h(x, as_additive(mask, x.dtype), cache)
        cache.advance(columns, 0)
        return self.ar_predict_layer(hidden[:, -1]), cache

    @torch.no_grad()
    def step(self, tokens: Tensor, cache: KVCache) -> Tensor:
        """Append one token per item to the cache and predict the next.

        Args:
            tokens: [B] int64, the tokens just chosen.
            cache: From `prefill`; changed in place.

        Returns:
            Logits [B, C].
        """
        x = self.ar_audio_embedding(tokens[:, None])
        if cache.uniform_codes is not None:
            place = self.positions(cache.uniform_codes, cache.uniform_codes + 1)
        else:
            place = self.positions(0, int(cache.codes.max()) + 1)[cache.codes][:, None]
        x = self.ar_audio_position(x, place)  # [B, 1, D]
        cache.reserve(1)
        hidden = self.h(x, cache.mask(), cache)
        cache.advance(1, 1)
        return self.ar_predict_layer(hidden[:, 0])


def position_table(rows: int, width: int) -> Tensor:
    """Sinusoidal positions [rows, D]: sine in even columns, cosine in odd ones.

    Vaswani et al. 2017, section 3.5, base 10000.
    """
    place = torch.arange(rows, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * -(math.log(10000.0) / width))
    table = torch.zeros(rows, width)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate)
    return table
