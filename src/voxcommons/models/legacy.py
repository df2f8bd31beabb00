"""Checkpoint files of other projects: which network is in one, of which version, and how its keys are called here.

The one place that knows them. What a file is, its tensors say: names and shapes, never its size, its hash or its name. The
mark in its first bytes and the version in its configuration are only asked where tensors are missing that would decide.
Works on names and shapes alone, so that nothing here opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeGuard

# Mark of the public program -> (version, whether the file is a LoRA).
MARKS: Final[Mapping[str, tuple[str, bool]]] = {
    "00": ("v1", False), "01": ("v2", False), "02": ("v3", False), "03": ("v3", True), "04": ("v4", True),
    "05": ("v2Pro", False), "06": ("v2ProPlus", False),
}  # fmt: skip
MARK_OF: Final[Mapping[str, str]] = {"v2Pro": "05", "v2ProPlus": "06"}

TEXT_TO_SEMANTIC, SEMANTIC_TO_WAVE = "text_to_semantic", "semantic_to_wave"
_TEXT_ROWS: Final = {322: "v1", 732: "v2"}
_PHONE_ROWS: Final = {512: "v1", 732: "v2"}
_WEIGHT_PLACES: Final = ("weight", "state_dict", "model")
# Networks that are recognised only to say what they are: a key every such file has, and its name.
_OTHERS: Final = (
    (re.compile(r"(bert|roberta)\.embeddings\.word_embeddings\.weight"), "bert", "a BERT language model"),
    (re.compile(r"(.*\.)?feature_extractor\.conv_layers\.0\.conv\.weight"), "hubert", "a HuBERT content encoder"),
    (re.compile(r"layer3_ds\.weight|fuse34\..*"), "eres2netv2", "an ERes2NetV2 speaker encoder"),
    (re.compile(r"discriminators\.\d+\..*"), "discriminators", "the critics of a semantic-to-wave model, which speaking does not need"),
    (re.compile(r"enc_p\.emb_p(hone|itch)\.weight"), "rvc", "an RVC voice"),
)  # fmt: skip
_KINDS: Final = (
    (re.compile(r"(cfm|bridge|wns1|linear_mel)\..*"), "cfm"),
    (re.compile(r"(ar_text_|ar_audio_|ar_predict_layer|h\.layers\.|bert_proj\.).*"), TEXT_TO_SEMANTIC),
    (re.compile(r"(enc_p|dec|flow|ref_enc|enc_q|quantizer|ssl_proj|sv_emb|ge_to512|prelu)\..*"), SEMANTIC_TO_WAVE),
)


class Shaped(Protocol):
    """A tensor of which only the shape matters here."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of any rank."""


@dataclass(frozen=True)
class Foreign:
    """What a foreign checkpoint is.

    Attributes:
        network: "text_to_semantic", "semantic_to_wave", the name of another known network, or "unknown".
        version: "v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"; empty when nothing tells. A text-to-semantic model of "v2" serves
            v2Pro and v2ProPlus too.
        evidence: what the version rests on: "tensors", "mark", "config" or "".
        lora: whether the file holds only the difference to a base.
        problem: why it cannot be used; empty if it can.
        weights: its tensors by the names they have here.
        config: the configuration it carries, as it is; empty if none.
        info: the note its trainer left.
    """

    network: str
    version: str = ""
    evidence: str = ""
    lora: bool = False
    problem: str = ""
    weights: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    info: str = ""


def recognise(content: object, mark: str | None = None) -> Foreign:
    """Say what a checkpoint is.

    Args:
        content: what it holds: a dictionary in which tensors are anything with a shape.
        mark: the public program's mark in its first bytes, None for none.
    """
    weights = _renamed(_weights_of(content))
    config, info = _config_of(content), content.get("info", "") if isinstance(content, dict) else ""
    found = _network(weights, config, mark)
    return Foreign(**found, weights=weights, config=config, info=info if isinstance(info, str) else "")


def _weights_of(content: object) -> Mapping[str, Shaped]:
    """The state dict in a file: under one of the keys that trainers use, or the file itself."""
    if not isinstance(content, dict):
        return {}
    for place in (*(content.get(key) for key in _WEIGHT_PLACES), content):
        if isinstance(place, dict):
            tensors = {key: value for key, value in place.items() if isinstance(key, str) and _is_shaped(value)}
            if tensors and len(tensors) == len(place):
                return tensors
    return {}


def _is_shaped(value: object) -> TypeGuard[Shaped]:
    return isinstance(getattr(value, "shape", None), tuple)


def _config_of(content: object) -> Mapping[str, Any]:
    """The configuration, also where a training state keeps it."""
    if not isinstance(content, dict):
        return {}
    found = content.get("config")
    if not isinstance(found, dict):
        more = content.get("hyper_parameters")
        found = more.get("config") if isinstance(more, dict) else None
    return found if isinstance(found, dict) else {}


def _renamed(weights: Mapping[str, Shaped]) -> dict[str, Shaped]:
    """Keys as they are here: without the trainer's "model.", weight normalisation by its older names."""
    prefix = "model." if weights and all(key.startswith("model.") for key in weights) else ""
    newer = {".parametrizations.weight.original0": ".weight_g", ".parametrizations.weight.original1": ".weight_v"}
    renamed = {}
    for key, value in weights.items():
        name = key.removeprefix(prefix)
        for ending, older in newer.items():
            if name.endswith(ending):
                name = name.removesuffix(ending) + older
        renamed[name] = value
    return renamed


def _network(weights: Mapping[str, Shaped], config: Mapping[str, Any], mark: str | None) -> dict[str, Any]:
    lora = any(".lora_A." in key or ".lora_B." in key for key in weights)
    for pattern, name, words in _OTHERS:
        if any(pattern.fullmatch(key) for key in weights):
            return {"network": name, "problem": f"{words}, not a voice of the public program" if name == "rvc" else words}
    kind = next((name for pattern, name in _KINDS if any(pattern.fullmatch(key) for key in weights)), "unknown")
    if kind == "cfm" or lora:
        return _diffusion(config, mark, lora)
    if kind == "unknown":
        version, _ = MARKS.get(mark or "", ("", False))
        found = {"network": kind, "problem": "weights of no network that is known here"}
        return found | ({"version": version, "evidence": "mark"} if version else {})
    if kind == TEXT_TO_SEMANTIC:
        rows = _rows(weights, "ar_text_embedding.word_embeddings.weight")
        return _versioned(kind, _PHONE_ROWS, rows, config, mark=None)
    return _acoustic(weights, config, mark)


def _diffusion(config: Mapping[str, Any], mark: str | None, lora: bool) -> dict[str, Any]:
    """v3 and v4 have the same tensors; the mark tells them apart, else the configuration."""
    told = MARKS.get(mark or "", ("", False))[0]
    said = _section(config, "model").get("version")
    version, evidence = (told, "mark") if told in ("v3", "v4") else (str(said), "config") if said in ("v3", "v4") else ("", "")
    name = version or "v3 or v4"
    problem = f"a {name}{' LoRA' if lora else ''} file; voices of v3 and v4 are not supported yet"
    return {"network": SEMANTIC_TO_WAVE, "version": version, "evidence": evidence, "lora": lora, "problem": problem}


def _acoustic(weights: Mapping[str, Shaped], config: Mapping[str, Any], mark: str | None) -> dict[str, Any]:
    rows = _rows(weights, "enc_p.text_embedding.weight")
    if rows == 732 and "sv_emb.weight" in weights:
        wide = _rows(weights, "dec.conv_pre.weight") == 768 or _kernel(weights, "dec.ups.0.weight_v") == 20
        return {"network": SEMANTIC_TO_WAVE, "version": "v2ProPlus" if wide else "v2Pro", "evidence": "tensors"}
    if rows == 732 and "ref_enc.fc.fc.weight" not in weights:
        return _versioned(SEMANTIC_TO_WAVE, _TEXT_ROWS, rows, config, mark)
    return _versioned(SEMANTIC_TO_WAVE, _TEXT_ROWS, rows, config, mark=None)


def _versioned(
    network: str, versions: Mapping[int, str], rows: int, config: Mapping[str, Any], mark: str | None
) -> dict[str, Any]:
    """A version from the rows of the symbol table; from the mark or the configuration where tensors are missing."""
    told = MARKS.get(mark or "", ("", False))[0]
    if told:
        return {"network": network, "version": told, "evidence": "mark"}
    if rows in versions:
        return {"network": network, "version": versions[rows], "evidence": "tensors"}
    if rows:
        known = " or ".join(map(str, versions))
        return {"network": network, "problem": f"a symbol table of {rows} rows instead of {known}"}
    model = _section(config, "model")
    stated = versions.get(model["phoneme_vocab_size"], "") if type(model.get("phoneme_vocab_size")) is int else model.get("version")
    stated = stated if isinstance(stated, str) and stated in ("v1", "v2", "v2Pro", "v2ProPlus") else ""
    return {"network": network, "version": stated, "evidence": "config" if stated else ""}


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}


def _rows(weights: Mapping[str, Shaped], key: str) -> int:
    found = weights.get(key)
    return found.shape[0] if found is not None and len(found.shape) > 0 else 0


def _kernel(weights: Mapping[str, Shaped], key: str) -> int:
    found = weights.get(key)
    return found.shape[2] if found is not None and len(found.shape) == 3 else 0
