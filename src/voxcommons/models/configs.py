"""The sizes of the networks: one frozen dataclass per network, one function per size.

A model size is a function here and nowhere else. The modules themselves take plain
parameters; only `models.build` (and the training recipes) read these dataclasses.
"""

from __future__ import annotations

from dataclasses import dataclass

# --- text to semantic ---------------------------------------------------------------


@dataclass(frozen=True)
class TextToSemanticConfig:
    """Size of the text-to-semantic transformer.

    Attributes:
        layers: Transformer layers.
        width: Embedding width; the feed-forward part is four times as wide.
        heads: Attention heads; must divide `width`.
        phones: Rows of the phoneme embedding (512 for the public v1, 732 for v2).
        codes: Semantic classes without the end token; the end token has the id `codes`.
        dropout: Probability used in training; public files store 0 for inference.
        attention_dropout: The same on attention weights, None for `dropout`.
        bert_dim: Width of the optional linguistic features, None for a model without them.
        positions: Longest phoneme or code sequence that has a position.
    """

    layers: int = 24
    width: int = 512
    heads: int = 16
    phones: int = 732
    codes: int = 1024
    dropout: float = 0.1
    attention_dropout: float | None = None
    bert_dim: int | None = 1024
    positions: int = 4000


def text_to_semantic_v1() -> TextToSemanticConfig:
    """The public v1 model: 77.5 M parameters, symbol table v1."""
    return TextToSemanticConfig(phones=512)


def text_to_semantic_v2() -> TextToSemanticConfig:
    """The public v2, v2Pro and v2ProPlus model: as v1 with symbol table v2."""
    return TextToSemanticConfig(phones=732)


def text_to_semantic_starter() -> TextToSemanticConfig:
    """The model in the package: small enough for two CPU cores, no linguistic features."""
    # No dropout on attention weights: it would lose the CPU's fused attention kernel.
    return TextToSemanticConfig(layers=6, width=256, heads=4, attention_dropout=0.0, bert_dim=None)


def text_to_semantic_tiny() -> TextToSemanticConfig:
    """A model for tests: the size of the golden fixtures."""
    return TextToSemanticConfig(layers=2, width=64, heads=4, dropout=0.0)
