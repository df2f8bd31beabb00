"""What a Mandarin character means where it stands: the context features that the public text-to-semantic models hear.

BERT (Devlin et al., arXiv 1810.04805), forward only and without its last two layers, which these features do not use; trained
elsewhere (chinese-roberta-wwm-ext-large) and frozen here. Tensors carry the public names without the leading "bert.".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

UNUSED_LAYERS = 2  # the features are the third from last of all hidden states
_START, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


@dataclass(frozen=True)
class BertConfig:
    """Sizes; the defaults are those of chinese-roberta-wwm-ext-large without its unused layers.

    Attributes:
        width: channels of a feature.
        layers: transformer layers that are run.
        heads: attention heads.
        inner: channels inside a feed-forward block.
        words: rows of the vocabulary.
        positions: longest text in tokens, start and end included.
        kinds: rows of the table of sentence kinds, of which the first is used.
        epsilon: of the layer norms.
    """

    width: int = 1024
    layers: int = 22
    heads: int = 16
    inner: int = 4096
    words: int = 21128
    positions: int = 512
    kinds: int = 2
    epsilon: float = 1e-12


class Bert(nn.Module):
    """Token ids [B, N] -> features [B, N, width]."""

    def __init__(
        self, width: int, layers: int, heads: int, inner: int, words: int, positions: int, kinds: int, epsilon: float
    ) -> None:
        super().__init__()
        self.embeddings = _Embeddings(width, words, positions, kinds, epsilon)
        self.encoder = _Encoder(width, layers, heads, inner, epsilon)
        self.positions, self.width = positions, width

    def forward(self, ids: Tensor) -> Tensor:
        """Features of the tokens of whole texts of one length."""
        return self.encoder(self.embeddings(ids))


class _Embeddings(nn.Module):
    def __init__(self, width: int, words: int, positions: int, kinds: int, epsilon: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(words, width)
        self.position_embeddings = nn.Embedding(positions, width)
        self.token_type_embeddings = nn.Embedding(kinds, width)
        self.LayerNorm = nn.LayerNorm(width, epsilon)

    def forward(self, ids: Tensor) -> Tensor:
        """[B, N] -> [B, N, width]."""
        place = self.position_embeddings.weight[: ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(ids) + place + self.token_type_embeddings.weight[0])


class _Encoder(nn.Module):
    def __init__(self, width: int, layers: int, heads: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(width, heads, inner, epsilon) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, width] -> the same shape."""
        for layer in self.layer:
            x = layer(x)
        return x


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.attention = _Attention(width, heads, epsilon)
        self.intermediate = _Dense(width, inner)
        self.output = _Joined(inner, width, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, width] -> the same shape."""
        x = self.attention(x)
        return self.output(F.gelu(self.intermediate.dense(x)), x)


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.self = _Heads(width, heads)
        self.output = _Joined(width, width, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, width] -> the same shape."""
        return self.output(self.self(x), x)


class _Heads(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self._heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, width] -> the same shape."""
        q, k, v = (part(x).unflatten(-1, (self._heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class _Dense(nn.Module):
    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        self.dense = nn.Linear(given, made)


class _Joined(_Dense):
    """A dense layer whose result is added to what came before."""

    def __init__(self, given: int, made: int, epsilon: float) -> None:
        super().__init__(given, made)
        self.LayerNorm = nn.LayerNorm(made, epsilon)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        """[B, N, given] and [B, N, made] -> [B, N, made]."""
        return self.LayerNorm(self.dense(x) + before)


class CharacterContext:
    """Context features of Mandarin text, one row per character or per phoneme.

    Args:
        network: the language model.
        vocabulary: token -> row; a character that is not in it counts as unknown.

    Raises:
        ValueError: the vocabulary lacks the tokens of start, end and the unknown.
    """

    def __init__(self, network: Bert, vocabulary: Mapping[str, int]) -> None:
        missing = [token for token in (_START, _END, _UNKNOWN) if token not in vocabulary]
        if missing:
            raise ValueError(f"the vocabulary has no {', '.join(missing)}")
        self._network, self._vocabulary = network, vocabulary

    @property
    def width(self) -> int:
        """Channels of a feature."""
        return self._network.width

    @torch.inference_mode()
    def of_characters(self, text: str) -> Tensor:
        """A row [width] per character; a text longer than the network's reach is read in pieces.

        Args:
            text: normalised Mandarin: Han characters and punctuation.

        Returns:
            [characters, width] on the network's device.
        """
        longest = self._network.positions - 2
        ids = [self._row(character) for character in text]
        pieces = [self._of_ids(ids[start : start + longest]) for start in range(0, len(ids), longest)]
        return torch.cat(pieces) if pieces else self._network.embeddings.word_embeddings.weight.new_zeros((0, self.width))

    def of_phones(self, text: str, phones_per_character: Sequence[int]) -> Tensor:
        """A row per phoneme: that of its character, repeated.

        Args:
            text: normalised Mandarin.
            phones_per_character: `word2ph` of the reader, one number per character.

        Returns:
            [P, width], P the sum of the numbers.

        Raises:
            ValueError: the numbers do not belong to the text.
        """
        if len(phones_per_character) != len(text):
            raise ValueError(f"{len(phones_per_character)} counts of phonemes for {len(text)} characters")
        rows = self.of_characters(text)
        return rows.repeat_interleave(torch.tensor(list(phones_per_character), dtype=torch.int64, device=rows.device), dim=0)

    def _of_ids(self, ids: list[int]) -> Tensor:
        framed = [self._vocabulary[_START], *ids, self._vocabulary[_END]]
        device = self._network.embeddings.word_embeddings.weight.device
        return self._network(torch.tensor([framed], device=device))[0, 1:-1]

    def _row(self, character: str) -> int:
        return self._vocabulary.get(character.lower(), self._vocabulary[_UNKNOWN])
