"""A SenseVoice model in miniature: an ONNX network in the published shape that always hears the same words.

It lets the real engine run from sound to text without anybody's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tiny_g2pw import _field, _node, _number, _tensor, _value

_FLOAT, _INT32 = 1, 6
_FEATURES = 560
_LONGEST = 400  # steps of 60 ms
_SPECIAL = ("<blank>", "<|en|>", "<|NEUTRAL|>", "<|Speech|>", "<|withitn|>")
_METADATA = {
    "model_type": "sense_voice_ctc", "lfr_window_size": "7", "lfr_window_shift": "6", "normalize_samples": "0", "with_itn": "14",
    "without_itn": "15", "lang_auto": "0", "lang_zh": "3", "lang_en": "4", "lang_yue": "7", "lang_ja": "11", "lang_ko": "12",
    "neg_mean": ",".join(["0"] * _FEATURES), "inv_stddev": ",".join(["1"] * _FEATURES),
}  # fmt: skip


def write_sense_voice(folder: Path, words: Sequence[str]) -> Path:
    """Make a model folder whose network hears these words in any sound."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*_SPECIAL, *(f"▁{word}" for word in words)]
    (folder / "tokens.txt").write_text("".join(f"{token} {row}\n" for row, token in enumerate(tokens)), encoding="utf-8")
    (folder / "model.int8.onnx").write_bytes(_network(len(tokens)))
    return folder


def _network(size: int) -> bytes:
    path = [1, 2, 3, 4]
    for row in range(len(_SPECIAL), size):
        path += [row, 0]  # a word, then nothing new
    path += [0] * (_LONGEST - len(path))  # the engine reads as many steps as the sound has
    logits = np.full((1, len(path), size), -9.0, np.float32)
    logits[0, range(len(path)), path] = 9.0
    # The sound decides nothing, but an output must hang on an input to have the batch's size.
    nodes = (
        ("ReduceSum", ("x",), "sum", {"keepdims": 0}), ("Mul", ("sum", "zero"), "nothing"), ("Add", ("table", "nothing"), "logits"),
    )  # fmt: skip
    inputs = {
        "x": (_FLOAT, ("N", "T", "C")), "x_length": (_INT32, ("N",)), "language": (_INT32, ("N",)), "text_norm": (_INT32, ("N",)),
    }  # fmt: skip
    graph = b"".join(_field(1, _node(*node)) for node in nodes) + _field(2, b"tiny")
    graph += b"".join(_field(5, _tensor(name, value)) for name, value in (("table", logits), ("zero", np.zeros(1, np.float32))))
    graph += b"".join(_field(11, _value(name, *kind)) for name, kind in inputs.items())
    graph += _field(12, _value("logits", _FLOAT, ("N", "L", "V")))
    metadata = {**_METADATA, "vocab_size": str(size)}
    notes = b"".join(_field(14, _field(1, key.encode()) + _field(2, value.encode())) for key, value in metadata.items())
    return _number(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _number(2, 17)) + notes
