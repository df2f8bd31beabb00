"""The size of a public network, read off the shapes of its tensors, and the configuration the public program wants back.

Apart from `legacy` because it speaks of our configs. Shapes decide; a configuration in the file is asked only for what no
shape shows (heads, upsampling rates, dilations), within narrow bounds, since a stranger wrote it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from voxcommons.base.errors import RefusedFileError
from voxcommons.models import configs
from voxcommons.models.base_file import BaseFacts
from voxcommons.models.configs import SemanticToWaveConfig, TextToSemanticConfig
from voxcommons.models.legacy import Foreign, Shaped

SAMPLE_RATE: Final = 32000
_LARGEST: Final = 65_536
_SIZES: Final = {
    "v1": configs.semantic_to_wave_v1, "v2": configs.semantic_to_wave_v2,
    "v2Pro": configs.semantic_to_wave_v2pro, "v2ProPlus": configs.semantic_to_wave_v2proplus,
}  # fmt: skip
# What the public program lets a configuration change; everything else is fixed in its code.
_FREE: Final = frozenset({
    "latent", "filters", "heads", "layers", "kernel", "dropout", "posterior", "generator_channels", "upsample_rates", "upsample_kernels",
    "block_kernels", "block_dilations",
})  # fmt: skip


class _Shapes:
    """Shapes by name; a missing one ends the reading with its name."""

    def __init__(self, weights: Mapping[str, Shaped]) -> None:
        self.weights = weights

    def size(self, name: str, axis: int) -> int:
        found = self.weights.get(name)
        if found is None or len(found.shape) <= axis:
            raise RefusedFileError("the file is not complete", expected=f"a tensor {name}", found=str(found.shape) if found else "none")
        if not 0 < found.shape[axis] <= _LARGEST:
            raise RefusedFileError("the file cannot be used", expected="sizes of a network", found=f"{name} of shape {found.shape}")
        return found.shape[axis]

    def count(self, pattern: str) -> int:
        """How many layers there are: one more than the highest number in the names."""
        numbers = [int(match[1]) for name in self.weights if (match := re.fullmatch(pattern, name))]
        return max(numbers) + 1 if numbers else 0


def text_to_semantic_config(foreign: Foreign) -> TextToSemanticConfig:
    """The size of a text-to-semantic file.

    Raises:
        RefusedFileError: a tensor that shows it is missing.
    """
    shapes = _Shapes(foreign.weights)
    width = shapes.size("ar_text_embedding.word_embeddings.weight", 1)
    return TextToSemanticConfig(
        layers=shapes.count(r"h\.layers\.(\d{1,3})\..*"),
        width=width,
        heads=_divisor(_whole(foreign, "model", "head", 16), width),
        phones=shapes.size("ar_text_embedding.word_embeddings.weight", 0),
        codes=shapes.size("ar_audio_embedding.word_embeddings.weight", 0) - 1,
        bert_dim=shapes.size("bert_proj.weight", 1) if "bert_proj.weight" in foreign.weights else None,
    )


def semantic_to_wave_config(foreign: Foreign) -> SemanticToWaveConfig:
    """The size of a semantic-to-wave file of v1, v2, v2Pro or v2ProPlus.

    Raises:
        RefusedFileError: a tensor that shows it is missing.
    """
    shapes = _Shapes(foreign.weights)
    usual = _SIZES[foreign.version]()
    hidden = shapes.size("enc_p.text_embedding.weight", 1)
    relative = "enc_p.encoder_text.attn_layers.0.emb_rel_k"
    posterior = any(name.startswith("enc_q.") for name in foreign.weights)
    stages = shapes.count(r"dec\.ups\.(\d{1,2})\..*")
    kernels = tuple(shapes.size(f"dec.ups.{stage}.weight_v", 2) for stage in range(stages))
    blocks = shapes.count(r"dec\.resblocks\.(\d{1,3})\..*") // max(stages, 1)
    block_kernels = tuple(shapes.size(f"dec.resblocks.{block}.convs1.0.weight_v", 2) for block in range(blocks))
    return replace(
        usual,
        phones=shapes.size("enc_p.text_embedding.weight", 0),
        hidden=hidden,
        latent=shapes.size("enc_p.proj.weight", 0) // 2,
        filters=shapes.size("enc_p.encoder_text.ffn_layers.0.conv_1.weight", 0),
        heads=_exact(hidden, shapes.size(relative, 2)),
        layers=shapes.count(r"enc_p\.encoder_text\.attn_layers\.(\d{1,3})\..*"),
        kernel=shapes.size("enc_p.encoder_text.ffn_layers.0.conv_1.weight", 2),
        window=(shapes.size(relative, 1) - 1) // 2,
        mrte_hidden=shapes.size("enc_p.mrte.c_pre.weight", 0),
        ssl_dim=shapes.size("enc_p.ssl_proj.weight", 1),
        ssl_proj="ssl_proj.weight" in foreign.weights,
        codebook_size=shapes.size("quantizer.vq.layers.0._codebook.embed", 0),
        ref_bins=shapes.size("ref_enc.spectral.0.fc.weight", 1),
        style_hidden=shapes.size("ref_enc.spectral.0.fc.weight", 0),
        gin=shapes.size("ref_enc.fc.fc.weight", 0),
        speaker_dim=shapes.size("sv_emb.weight", 1) if "sv_emb.weight" in foreign.weights else 0,
        posterior=posterior,
        spec_bins=shapes.size("enc_q.pre.weight", 1) if posterior else _whole(foreign, "data", "filter_length", 2048) // 2 + 1,
        posterior_layers=shapes.count(r"enc_q\.enc\.in_layers\.(\d{1,3})\..*") or usual.posterior_layers,
        flow_count=(shapes.count(r"flow\.flows\.(\d{1,2})\..*") + 1) // 2,
        flow_layers=shapes.count(r"flow\.flows\.0\.enc\.in_layers\.(\d{1,2})\..*"),
        generator_channels=shapes.size("dec.conv_pre.weight", 0),
        upsample_kernels=kernels,
        upsample_rates=_rates(foreign, kernels, usual),
        block_kernels=block_kernels,
        block_dilations=_dilations(foreign, shapes, block_kernels, usual),
    )


def facts_of(name: str, text: Foreign, acoustic: Foreign) -> BaseFacts:
    """What a base model made of two public files is.

    Raises:
        RefusedFileError: a file is not complete, or the two are of different generations.
    """
    if (text.version == "v1") != (acoustic.version == "v1"):
        raise RefusedFileError(
            "the two files do not belong together",
            expected="both of v1, or both of v2 and later",
            found=f"text to semantic {text.version}, semantic to wave {acoustic.version}",
        )
    size = semantic_to_wave_config(acoustic)
    transform = 2 * (size.spec_bins - 1)
    return BaseFacts(
        name=name,
        sample_rate=_whole(acoustic, "data", "sampling_rate", SAMPLE_RATE),
        hop=math.prod(size.upsample_rates),
        n_fft=transform,
        win=transform,
        table="v1" if acoustic.version == "v1" else "v2",
        text_to_semantic=text_to_semantic_config(text),
        semantic_to_wave=size,
    )


def public_version(facts: BaseFacts) -> str:
    """The version as which the public program knows a model of this size.

    Raises:
        RefusedFileError: it knows none: the acoustic model is ours, or a size that is fixed in its code differs.
    """
    size = public_size(facts)
    plus = "v2ProPlus" if size.upsample_kernels[:1] == (20,) or size.generator_channels == 768 else "v2Pro"
    version = "v1" if size.phones == 322 else plus if size.speaker_dim else "v2"
    usual = _SIZES[version]()
    fixed = [field.name for field in fields(size) if field.name not in _FREE]
    different = [name for name in fixed if getattr(size, name) != getattr(usual, name)]
    text = configs.text_to_semantic_v1() if version == "v1" else configs.text_to_semantic_v2()
    for name in ("phones", "codes", "bert_dim"):
        if getattr(facts.text_to_semantic, name) != getattr(text, name):
            different.append(name)
    if facts.sample_rate != SAMPLE_RATE or different:
        raise RefusedFileError(
            "the public program cannot load this model",
            expected=f"the sizes of {version} at {SAMPLE_RATE} Hz",
            found=f"{facts.name} at {facts.sample_rate} Hz, different in {', '.join(different) or 'nothing else'}",
        )
    return version


def public_size(facts: BaseFacts) -> SemanticToWaveConfig:
    """The size of a base model's acoustic model, which must be of the public kind.

    Raises:
        RefusedFileError: it is the light one of this project.
    """
    if isinstance(facts.semantic_to_wave, SemanticToWaveConfig):
        return facts.semantic_to_wave
    raise RefusedFileError(
        "the public program cannot load this model", expected="an acoustic model of the public kind", found=f"{facts.name} with a light one"
    )


def public_text_config(facts: BaseFacts) -> dict[str, Any]:
    """The configuration in a text-to-semantic file of the public program."""
    size = facts.text_to_semantic
    model = {
        "vocab_size": size.codes + 1, "phoneme_vocab_size": size.phones, "embedding_dim": size.width, "hidden_dim": size.width,
        "head": size.heads, "linear_units": 4 * size.width, "n_layer": size.layers, "dropout": 0, "EOS": size.codes, "random_bert": 0,
    }  # fmt: skip
    data = {"max_eval_sample": 8, "max_sec": 54, "num_workers": 4, "pad_val": size.codes}
    return {"train": {"seed": 1234, "epochs": 1}, "optimizer": {}, "data": data, "model": model, "inference": {"top_k": 15}}


def public_wave_config(facts: BaseFacts, version: str) -> dict[str, Any]:
    """The configuration in a semantic-to-wave file of the public program: plain dictionaries, which it takes too."""
    size = public_size(facts)
    data = {
        "max_wav_value": 32768.0, "sampling_rate": facts.sample_rate, "filter_length": facts.n_fft, "hop_length": facts.hop,
        "win_length": facts.win, "n_mel_channels": 128, "mel_fmin": 0.0, "mel_fmax": None, "add_blank": True, "n_speakers": 300,
        "cleaned_text": True,
    }  # fmt: skip
    model = {
        "inter_channels": size.latent, "hidden_channels": size.hidden, "filter_channels": size.filters, "n_heads": size.heads,
        "n_layers": size.layers, "kernel_size": size.kernel, "p_dropout": size.dropout, "resblock": "1",
        "resblock_kernel_sizes": list(size.block_kernels), "resblock_dilation_sizes": [list(row) for row in size.block_dilations],
        "upsample_rates": list(size.upsample_rates), "upsample_initial_channel": size.generator_channels,
        "upsample_kernel_sizes": list(size.upsample_kernels), "n_layers_q": 3, "use_spectral_norm": False, "gin_channels": size.gin,
        "semantic_frame_rate": "25hz", "freeze_quantizer": True, "version": version,
    }  # fmt: skip
    return {"train": {"segment_size": 20480}, "data": data, "model": model, "name": facts.name, "version": version}


def _rates(foreign: Foreign, kernels: Sequence[int], usual: SemanticToWaveConfig) -> tuple[int, ...]:
    """Upsampling per stage, which no shape shows; stages of the usual number have the usual rates unless the file says otherwise."""
    stated = _numbers(foreign, "upsample_rates")
    rates = stated if len(stated) == len(kernels) else usual.upsample_rates
    if len(rates) != len(kernels) or any(kernel < rate or (kernel - rate) % 2 for kernel, rate in zip(kernels, rates, strict=True)):
        found = f"{rates} for {tuple(kernels)}"
        raise RefusedFileError("the file cannot be used", expected="upsampling rates that fit its kernels", found=found)
    return rates


def _dilations(
    foreign: Foreign, shapes: _Shapes, block_kernels: Sequence[int], usual: SemanticToWaveConfig
) -> tuple[tuple[int, ...], ...]:
    """Dilations per block, which no shape shows; how many there are, the names show."""
    model = foreign.config.get("model")
    rows = model.get("resblock_dilation_sizes") if isinstance(model, dict) else None
    stated = tuple(tuple(row) for row in rows if isinstance(row, list | tuple)) if isinstance(rows, list | tuple) else ()
    if len(stated) != len(block_kernels) or not all(_small(row) for row in stated):
        stated = (usual.block_dilations[0],) * len(block_kernels)
    convolutions = tuple(shapes.count(rf"dec\.resblocks\.{block}\.convs1\.(\d{{1,2}})\..*") for block in range(len(block_kernels)))
    if tuple(map(len, stated)) != convolutions:
        raise RefusedFileError("the file cannot be used", expected=f"dilations for {convolutions} convolutions", found=str(stated))
    return stated


def _numbers(foreign: Foreign, key: str) -> tuple[int, ...]:
    model = foreign.config.get("model")
    found = model.get(key) if isinstance(model, dict) else None
    return tuple(found) if isinstance(found, list | tuple) and _small(found) else ()


def _small(values: Sequence[object]) -> bool:
    return 0 < len(values) <= 16 and all(type(value) is int and 0 < value <= 64 for value in values)


def _whole(foreign: Foreign, section: str, key: str, usual: int) -> int:
    """A number of the configuration, or the usual one where it says none that is sensible."""
    part = foreign.config.get(section)
    value = part.get(key) if isinstance(part, dict) else None
    return value if type(value) is int and 0 < value <= _LARGEST else usual


def _divisor(heads: int, width: int) -> int:
    _exact(width, heads)
    return heads


def _exact(width: int, part: int) -> int:
    if width % part:
        raise RefusedFileError("the file cannot be used", expected=f"heads that divide {width}", found=str(part))
    return width // part
