"""The network of Mandarin readings in miniature: an archive in the published layout whose answers follow from what stands in the text.

The ONNX file is written field by field (the numbers are those of the public onnx.proto), so that no library is needed to make it.
Its reading of a character is decided by the token after it, and else by any token it can see.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from public_layout import write_published

POLYPHONIC = (
    ("一", "ㄧ1"), ("一", "ㄧ2"), ("行", "ㄒㄧㄥ2"), ("行", "ㄏㄤ2"), ("長", "ㄔㄤ2"), ("長", "ㄓㄤ3"),
    ("好", "ㄏㄠ3"), ("好", "ㄏㄠ4"), ("重", "ㄓㄨㄥ4"), ("重", "ㄔㄨㄥ2"), ("嚄", "ㄨㄛㄛ1"), ("嚄", "ㄏㄨㄛ4"),
)  # fmt: skip
MONOPHONIC = (("揹", "ㄅㄟ1"), ("他", "ㄊㄚ3"), ("似", "ㄙ3"))
BOPOMOFO = {
    "ㄧ": "yi", "ㄒㄧㄥ": "xing", "ㄏㄤ": "hang", "ㄔㄤ": "chang", "ㄓㄤ": "zhang", "ㄏㄠ": "hao", "ㄓㄨㄥ": "zhong",
    "ㄔㄨㄥ": "chong", "ㄏㄨㄛ": "huo", "ㄅㄟ": "bei", "ㄊㄚ": "ta", "ㄙ": "si",
}  # fmt: skip
CONFIG = 'import os\nos.abort()\nwindow_size = 8  # characters\nuse_mask = True\nuse_char_phoneme = False\nparam = {"use_mask": False}\n'
VOCABULARY = {token: row for row, token in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *"行嗎走看銀"))}
LABELS = sorted({reading for _, reading in POLYPHONIC})
CHARS = sorted({char for char, _ in POLYPHONIC})
# token -> the label it speaks for, in the character before it and, weakly, in all that see it
NEXT = {"嗎": "ㄏㄤ2", "走": "ㄒㄧㄥ2", "看": "ㄏㄠ4", "[SEP]": "ㄓㄨㄥ4"}
NEAR = {"銀": "ㄏㄤ2"}
KNOWN = {"長": "ㄓㄤ3", "行": "ㄒㄧㄥ2"}  # said where nothing else speaks
_FLOAT, _INT = 1, 7


def write_g2pw(folder: Path, *, config: str = CONFIG, labels: Sequence[str] = LABELS, network: bytes | None = None) -> Path:
    """Make a folder from which the sets `g2pw` and `chinese-roberta-wwm-ext-large` can be pulled."""
    write_published(folder)
    vocabulary = {"model": {"vocab": VOCABULARY}}
    bert = folder / "chinese-roberta-wwm-ext-large"
    (bert / "tokenizer.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    with zipfile.ZipFile(folder / "G2PWModel.zip", "w") as out:
        out.writestr("G2PWModel_1.1/g2pW.onnx", tiny_network(labels) if network is None else network)
        out.writestr("G2PWModel_1.1/config.py", config)
        for name, pairs in (("POLYPHONIC_CHARS.txt", POLYPHONIC), ("MONOPHONIC_CHARS.txt", MONOPHONIC)):
            out.writestr(f"G2PWModel_1.1/{name}", "".join(f"{char}\t{reading}\n" for char, reading in pairs))
        out.writestr("G2PWModel_1.1/bopomofo_to_pinyin_wo_tune_dict.json", json.dumps(BOPOMOFO, ensure_ascii=False))
        out.writestr("G2PWModel_1.1/char_bopomofo_dict.json", "{}")
    return folder


def tiny_network(labels: Sequence[str] = LABELS, asks_for: str = "phoneme_mask") -> bytes:
    """The bytes of an ONNX model: softmax of votes, weighted with the mask of the candidates.

    Args:
        labels: what its outputs stand for.
        asks_for: the name of the mask among its inputs.
    """
    after, near = (_votes(table, labels, strength) for table, strength in ((NEXT, 8.0), (NEAR, 2.0)))
    bias = np.zeros((len(CHARS), len(labels)), np.float32)
    for char, label in KNOWN.items():
        bias[CHARS.index(char), labels.index(label)] = 0.5
    values = {"after": after, "near": near, "bias": bias, "one": np.ones(1, np.int64), "two": np.full(1, 2, np.int64)}
    nodes = (
        ("Add", ("position_ids", "one"), "next"), ("Unsqueeze", ("next", "one"), "next_column"),
        ("GatherElements", ("input_ids", "next_column"), "next_ids", {"axis": 1}), ("Squeeze", ("next_ids", "one"), "next_id"),
        ("Gather", ("after", "next_id"), "from_next"), ("Gather", ("near", "input_ids"), "each"),
        ("Cast", ("attention_mask",), "seen", {"to": _FLOAT}), ("Unsqueeze", ("seen", "two"), "seen_each"),
        ("Mul", ("each", "seen_each"), "heard"), ("ReduceSum", ("heard", "one"), "from_near", {"keepdims": 0}),
        ("Gather", ("bias", "char_ids"), "from_char"), ("Sum", ("from_next", "from_near", "from_char"), "logits"),
        ("Exp", ("logits",), "odds"), ("Mul", ("odds", asks_for), "allowed"),
        ("ReduceSum", ("allowed", "one"), "total", {"keepdims": 1}), ("Div", ("allowed", "total"), "probs"),
    )  # fmt: skip
    inputs = {
        "input_ids": (_INT, ("batch", "tokens")), "token_type_ids": (_INT, ("batch", "tokens")),
        "attention_mask": (_INT, ("batch", "tokens")),
        asks_for: (_FLOAT, ("batch", "labels")), "char_ids": (_INT, ("batch",)), "position_ids": (_INT, ("batch",)),
    }  # fmt: skip
    graph = b"".join(_field(1, _node(*node)) for node in nodes) + _field(2, b"tiny")
    graph += b"".join(_field(5, _tensor(name, value)) for name, value in values.items())
    graph += b"".join(_field(11, _value(name, *kind)) for name, kind in inputs.items())
    graph += _field(12, _value("probs", _FLOAT, ("batch", "labels")))
    return _number(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _number(2, 17))


def _votes(table: Mapping[str, str], labels: Sequence[str], strength: float) -> np.ndarray:
    votes = np.zeros((len(VOCABULARY), len(labels)), np.float32)
    for token, label in table.items():
        votes[VOCABULARY[token], labels.index(label)] = strength
    return votes


def _node(operator: str, inputs: Sequence[str], output: str, attributes: Mapping[str, int] | None = None) -> bytes:
    content = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode()) + _field(4, operator.encode())
    for name, value in (attributes or {}).items():
        content += _field(5, _field(1, name.encode()) + _number(3, value) + _number(20, 2))
    return content


def _tensor(name: str, value: np.ndarray) -> bytes:
    kind = _FLOAT if value.dtype == np.float32 else _INT
    return b"".join(_number(1, size) for size in value.shape) + _number(2, kind) + _field(8, name.encode()) + _field(9, value.tobytes())


def _value(name: str, kind: int, sizes: Sequence[str]) -> bytes:
    shape = b"".join(_field(1, _field(2, size.encode())) for size in sizes)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, kind) + _field(2, shape)))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])
