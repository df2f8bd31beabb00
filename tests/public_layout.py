"""The public files of feature networks, in miniature: folders in the published layout with small random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from voxcommons.models.feature_sets import network_shapes
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.tensors import RawTensor

HUBERT_JSON = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4, "layer_norm_eps": 1e-5, "feat_extract_norm": "group",
}  # fmt: skip
BERT_JSON = {
    "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": 9,
    "max_position_embeddings": 8, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
}  # fmt: skip
TOKENS = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "好": 4, "你": 5, ",": 6, "a": 7, "。": 8}
HUBERT_SIZES = {
    "width": 32, "layers": 2, "heads": 4, "inner": 64, "channels": 16, "position_kernel": 16, "position_groups": 4, "epsilon": 1e-5,
}  # fmt: skip
BERT_SIZES = {"width": 32, "layers": 2, "heads": 4, "inner": 64, "words": 9, "positions": 8, "kinds": 2, "epsilon": 1e-12}


def tensors(shapes, dtype="<f2"):
    numbers = np.random.default_rng(2)
    return {name: RawTensor.of((numbers.standard_normal(shape) / 8).astype(dtype)) for name, shape in shapes.items()}


def write_published(folder: Path) -> Path:
    """Make a folder in the public layout, with small networks."""
    hubert, bert = folder / "chinese-hubert-base", folder / "chinese-roberta-wwm-ext-large"
    hubert.mkdir(parents=True)
    bert.mkdir()
    (hubert / "config.json").write_text(json.dumps(HUBERT_JSON))
    more = {"masked_spec_embed": (32,)}
    write_checkpoint(hubert / "pytorch_model.bin", tensors(network_shapes("hubert", HUBERT_SIZES, hubert) | more))
    (bert / "config.json").write_text(json.dumps(BERT_JSON))
    (bert / "tokenizer.json").write_text(json.dumps({"model": {"vocab": TOKENS}}, ensure_ascii=False), encoding="utf-8")
    shapes = network_shapes("bert", BERT_SIZES, bert)
    last = {name.replace("layer.1.", "layer.3."): shape for name, shape in shapes.items() if "layer.1." in name}
    # Old files say gamma and beta, carry the head of the language model, and the layers that are not used.
    old = {f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): shape
           for name, shape in (shapes | last).items()}  # fmt: skip
    write_checkpoint(bert / "pytorch_model.bin", tensors(old | {"cls.predictions.bias": (9,)}))
    return folder
