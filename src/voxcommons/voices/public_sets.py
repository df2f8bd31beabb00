"""The public base sets: which there are, where they come from, under which licence, and what they should weigh.

A table and nothing else, so that adding a set is adding a row. The hashes are those of the published files; they are known from
several independent lists. Where none is known the host's own statement is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voxcommons.models.set_files import BERT, HUBERT, READINGS, SPEAKER

_VOICES_REPO = "lj1995/GPT-SoVITS"
_READINGS_REPO = "XXXXRT/GPT-SoVITS-Pretrained"


@dataclass(frozen=True)
class PublicFile:
    """One file of a set.

    Attributes:
        path: in the repository.
        sha256: of the published file; empty where it is not known.
        size: its bytes, 0 where not known.
        for_training: only needed to train.
        instead: what may lie in a user's folder in its stead: the same under another name, or unpacked.
    """

    path: str
    sha256: str = ""
    size: int = 0
    for_training: bool = False
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublicSet:
    """One thing that can be pulled.

    Attributes:
        kind: what is made of it: "base", "hubert", "bert", "eres2netv2" or "g2pw".
        what: in a few words.
        licence: of the files, as their authors state it.
        repository: where they are published.
        files: in the order in which they are read.
    """

    kind: str
    what: str
    licence: str
    repository: str
    files: tuple[PublicFile, ...]


_S1_V3 = PublicFile("s1v3.ckpt", "87133414860ea14ff6620c483a3db5ed07b44be42e2c3fcdad65523a729a745a", 155_284_856)

SETS: Mapping[str, PublicSet] = {
    "gpt-sovits-v1": PublicSet(
        "base", "the base voice model of v1 (s1, s2G; s2D for training)", "MIT", _VOICES_REPO,
        (
            PublicFile("s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt"),
            PublicFile("s2G488k.pth"),
            PublicFile("s2D488k.pth", for_training=True),
        ),
    ),
    "gpt-sovits-v2": PublicSet(
        "base", "the base voice model of v2 (s1, s2G; s2D for training)", "MIT", _VOICES_REPO,
        (
            PublicFile(
                "gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
                "732f94e63b148066e24c7f9d2637f3374083e637635f07fbdb695dee20ddbe1f", 155_315_150,
            ),
            PublicFile(
                "gsv-v2final-pretrained/s2G2333k.pth",
                "924fdccaa3c574bf139c25c9759aa1ed3b3f99e19a7c529ee996c2bc17663695", 106_035_259,
            ),
            PublicFile("gsv-v2final-pretrained/s2D2333k.pth", for_training=True),
        ),
    ),
    "gpt-sovits-v2Pro": PublicSet(
        "base", "the base voice model of v2Pro (s1, s2G; s2D for training)", "MIT", _VOICES_REPO,
        (
            _S1_V3,
            PublicFile("v2Pro/s2Gv2Pro.pth", "0f8ead815234365edf045c6d86370ed6e4f440e8195be77ff0ea72684ad406a5", 162_303_657),
            PublicFile("v2Pro/s2Dv2Pro.pth", for_training=True),
        ),
    ),
    "gpt-sovits-v2ProPlus": PublicSet(
        "base", "the base voice model of v2ProPlus (s1, s2G; s2D for training)", "MIT", _VOICES_REPO,
        (
            _S1_V3,
            PublicFile("v2Pro/s2Gv2ProPlus.pth", "d42a22bbbf65fb2bbdd45ad6a66841156977db45c7aabe0a6992ff378d9c7d3b"),
            PublicFile(
                "v2Pro/s2Dv2ProPlus.pth", "635cd84bf6f7f9b8d41c88c7106f81d782c794c61f931845214ea037b0c5bef2", for_training=True
            ),
        ),
    ),
    HUBERT: PublicSet(
        "hubert", "what is said in a recording, for cloning with public base models", "MIT", _VOICES_REPO,
        (
            PublicFile("chinese-hubert-base/config.json", "c3e5060a1277e0f078cc6be9da4528a605dba6ece93018981fe2c820e5c7b103", 1_449),
            PublicFile(
                "chinese-hubert-base/pytorch_model.bin",
                "24164f129c66499d1346e2aa55f183250c223161ec2770c0da3d3b08cf432d3c", 188_811_417,
            ),
        ),
    ),
    BERT: PublicSet(
        "bert", "context of Mandarin text, for better prosody of public base models", "Apache-2.0", _VOICES_REPO,
        (
            PublicFile(
                "chinese-roberta-wwm-ext-large/config.json",
                "3d57de2fd7e80d0e5c8ff194f0bbb6baa10df7e43fc262a0cc71298a78b0a3e5", 963,
            ),
            PublicFile(
                "chinese-roberta-wwm-ext-large/tokenizer.json",
                "173796956820ea27bd14f76bf28162607ff4254807e2948253eb5b46f5bb643b", 268_962,
            ),
            PublicFile(
                "chinese-roberta-wwm-ext-large/pytorch_model.bin",
                "e53a693acc59ace251d143d068096ae0d7b79e4b1b503fa84c9dcf576448c1d8", 651_225_145,
            ),
        ),
    ),
    SPEAKER: PublicSet(
        "eres2netv2", "who speaks, for cloning with v2Pro and v2ProPlus", "Apache-2.0", _VOICES_REPO,
        (
            PublicFile(
                "sv/pretrained_eres2netv2w24s4ep4.ckpt",
                "4f5a0bf73c61eb41b174e1bb54e7ee3c83233892be8e0af1f187024e8e581a35", 107_528_697,
            ),
        ),
    ),
    READINGS: PublicSet(
        "g2pw", "readings of Mandarin characters that have several", "Apache-2.0", _READINGS_REPO,
        (
            PublicFile(
                "G2PWModel.zip", "46292be0374a49308069233cd5c147ae4c41806558e4781a2467a31a4d8099da", 588_856_634,
                instead=("G2PWModel_1.1.zip", "g2pW.onnx", "G2PWModel/g2pW.onnx", "G2PWModel_1.1/g2pW.onnx"),
            ),
        ),
    ),
}  # fmt: skip


def files_of(chosen: PublicSet, *, for_training: bool = False) -> tuple[PublicFile, ...]:
    """The files of a set that are needed."""
    return tuple(file for file in chosen.files if for_training or not file.for_training)
