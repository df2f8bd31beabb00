"""Semantic to wave: every stage of speaking, one training pass with its losses, gradients and critics.

Sizes come from the fixture's config.json, weights from their names (`golden/weights_rule.py`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from golden import weights_rule
from golden.comparison import GRADIENT_TOLERANCE, WAVE_TOLERANCE, Comparison
from voxcommons.audio.spectrogram import linear_spectrogram, log_mel, log_mel_of_linear, mel_filterbank
from voxcommons.models import configs, losses
from voxcommons.models.discriminators import Discriminators, Verdict
from voxcommons.models.semantic_to_wave import Reference, SemanticToWave, TrainingPass, take_slices
from voxcommons.models.weight_norm import fold_weight_norm

SEGMENT, HOP, RATE = 32, 640, 32000
SIZES = {"v1": configs.semantic_to_wave_v1, "v2": configs.semantic_to_wave_v2, "v2Pro": configs.semantic_to_wave_v2pro}
Stored = dict[str, Tensor]


def recognises(folder: Path) -> bool:
    config = folder / "config.json"
    return config.is_file() and "spec_channels" in json.loads(config.read_text()) and (folder / "tensors.safetensors").is_file()


def comparisons(folder: Path) -> Iterator[Comparison]:
    model = build(folder)
    stored = load_file(folder / "tensors.safetensors")
    if "refer2" not in stored:  # the full-size folders leave it out; it is the same tensor as beside them
        tiny = folder.parent / folder.name.replace("full", "tiny") / "tensors.safetensors"
        if tiny.is_file():
            stored["refer2"] = load_file(tiny)["refer2"]
    yield from _manifest("weights_manifest", model, json.loads((folder / "weights_manifest.json").read_text()))
    with torch.no_grad():
        yield from _stages(model, stored)
        yield from _posterior(model, stored)
        if "stream.codes2" in stored:
            yield from _streaming(model, stored)
    if (folder / "train_tensors.safetensors").is_file():
        critics = build_critics(folder)
        yield from _manifest("D_weights_manifest", critics, json.loads((folder / "D_weights_manifest.json").read_text()))
        yield from _training(folder, model, critics)
    with torch.no_grad():  # last, because folding is for good
        yield from _speaking(model, stored, "")
        yield from _speaking(fold_weight_norm(model), stored, "folded.")


def build(folder: Path) -> SemanticToWave:
    """The model of the fixture, in evaluation mode."""
    stated = json.loads((folder / "config.json").read_text())
    sizes = stated["model"]
    config = replace(
        SIZES[stated["version"]](),
        spec_bins=stated["spec_channels"],
        latent=sizes["inter_channels"],
        hidden=sizes["hidden_channels"],
        filters=sizes["filter_channels"],
        heads=sizes["n_heads"],
        layers=sizes["n_layers"],
        kernel=sizes["kernel_size"],
        dropout=0.0,
        gin=sizes["gin_channels"],
        generator_channels=sizes["upsample_initial_channel"],
        upsample_rates=tuple(sizes["upsample_rates"]),
        upsample_kernels=tuple(sizes["upsample_kernel_sizes"]),
        block_kernels=tuple(sizes["resblock_kernel_sizes"]),
        block_dilations=tuple(tuple(row) for row in sizes["resblock_dilation_sizes"]),
    )
    return weights_rule.fill(SemanticToWave(**asdict(config)))


def build_critics(folder: Path) -> Discriminators:
    """The critics of the fixture's version."""
    pro = "Pro" in json.loads((folder / "config.json").read_text())["version"]
    config = configs.discriminators_v2pro() if pro else configs.discriminators_v2()
    return weights_rule.fill(Discriminators(**asdict(config)))


def _manifest(name: str, model: nn.Module, wanted: dict[str, dict[str, Any]]) -> Iterator[Comparison]:
    """Every key, shape and weight of the public state dict, and no other."""
    state = model.state_dict()
    yield Comparison(f"{name}.keys", float(len(set(state) ^ set(wanted))), 0.0, tolerance=0)
    ours = [[float(state[key].double().sum()), *state[key].shape] for key in wanted]
    yield Comparison(f"{name}.sums", ours, [[entry["sum"], *entry["shape"]] for entry in wanted.values()])


def _references(stored: Stored) -> list[Reference]:
    both = [Reference(stored["refer"], stored.get("sv_emb"))]
    if "refer2" in stored:
        both.append(Reference(stored["refer2"], stored.get("sv_emb2")))
    return both


def _stages(model: SemanticToWave, stored: Stored) -> Iterator[Comparison]:
    """Every module between the recording and the samples."""
    codes, ge = stored["codes"][0], model.style_of_references(_references(stored)[:1])
    found = {
        "extract_latent_codes": model.extract_codes(stored["ssl"]),
        "ssl_proj_out": model.ssl_proj(stored["ssl"]),
        "quantized": model.quantizer.decode(codes),
        "ref_enc_out": model.ref_enc(stored["refer"]),
        "ge_after_sv_prelu": ge,
        "ge512": model.text_style(ge),
    }
    parts = {"encoder_ssl": "encoder_ssl", "encoder_text": "encoder_text", "mrte": "mrte", "ssl_proj": "ssl_proj"}
    hooks = [
        getattr(model.enc_p, part).register_forward_hook(lambda _, __, out, name=name: found.update({f"encp.{name}": out}))
        for name, part in parts.items()
    ]
    prior = model.prior(codes, stored["text"], ge)
    for hook in hooks:
        hook.remove()
    found |= {"encp.x": prior.hidden, "encp.m_p": prior.m, "encp.logs_p": prior.logs}
    back = model.latent_of_prior(prior, ge, noise_scale=0.0)
    found |= {"flow_inverse_of_m_p": back, "flow_forward": model.flow(back, None, ge)}
    for name, ours in found.items():
        if name in stored:
            exact = not stored[name].is_floating_point()
            cut = ours[:, : stored[name].shape[1]]  # large folders keep the first channels of the quantised features
            yield Comparison(name, cut, stored[name], **({"tolerance": 0} if exact else {}))


def _speaking(model: SemanticToWave, stored: Stored, prefix: str) -> Iterator[Comparison]:
    """Whole waveforms."""
    codes, text, references = stored["codes"][0], stored["text"], _references(stored)
    one = references[:1]
    cases: dict[str, tuple[list[Reference], dict[str, Any]]] = {
        "decode_noise0": (one, {"noise_scale": 0.0}),
        "decode_noise0.5": (one, {"noise_scale": 0.5, "noise": stored["decode_noise0.5.noise"]}),
        "decode_noise0_speed1.3": (one, {"noise_scale": 0.0, "speed": 1.3, "compat": True}),
        "decode_noise0_speed0.8": (one, {"noise_scale": 0.0, "speed": 0.8, "compat": True}),
    }
    if len(references) > 1:
        cases["decode_noise0_two_refs"] = (references, {"noise_scale": 0.0})
    ge = model.style_of_references(one)
    wave = model.render(stored["flow_inverse_of_m_p"], ge)
    yield Comparison(prefix + "generator_of_z", wave, stored["generator_of_z"], WAVE_TOLERANCE)
    for name, (style, options) in cases.items():
        yield Comparison(prefix + name, model.decode(codes, text, style, **options), stored[name], WAVE_TOLERANCE)


def _streaming(model: SemanticToWave, stored: Stored) -> Iterator[Comparison]:
    """The first call renders all tokens, the second the last eight of a longer sequence."""
    ge = model.style_of_references(_references(stored)[:1])
    first = model.decode_streaming(stored["codes"][0], stored["text"], ge, noise_scale=0.0)
    second = model.decode_streaming(
        stored["stream.codes2"][0], stored["text"], ge, new_codes=8, overlap=first.hidden[:, :, -4:], noise_scale=0.0
    )
    for name, piece in (("first", first), ("second", second)):
        yield Comparison(f"stream.{name}_latent", piece.hidden, stored[f"stream.{name}_latent"])
        yield Comparison(f"stream.{name}_out", piece.wave, stored[f"stream.{name}_out"], WAVE_TOLERANCE)


def _posterior(model: SemanticToWave, stored: Stored) -> Iterator[Comparison]:
    spec = stored["refer"]
    mask = (torch.arange(spec.shape[2]) < stored["encq.len"]).float()[None, None]
    ge = model.style_of_references(_references(stored)[:1])
    for name, ours in zip(("z", "m", "logs"), model.enc_q(spec, mask, ge, stored["encq.noise"]), strict=True):
        yield Comparison(f"encq.{name}", ours, stored[f"encq.{name}"])


# --- one training step ------------------------------------------------------------------------------------------------


def _training(folder: Path, model: SemanticToWave, critics: Discriminators) -> Iterator[Comparison]:
    stored = load_file(folder / "train_tensors.safetensors")
    wanted = json.loads((folder / "train_losses.json").read_text())
    with torch.no_grad():
        step = _Step(model, stored, torch.float32)
    real, fake = critics.compare(step.target, step.out.wave)
    with torch.no_grad():
        yield from _forward(step, real, fake, stored, wanted)
    losses.critic_loss(real, fake).backward()
    yield from _gradients("grad_norms_D", critics, wanted["grad_norms_D"])
    # The model's gradients in double precision: in single, rounding decides on which side of a rectifier's kink a value
    # falls, and one such flip moves the norm of a small layer by more than the tolerance.
    step = _Step(model.double(), stored, torch.float64)
    step.total(real, critics.requires_grad_(False)(step.out.wave.float())).backward()
    yield from _gradients("grad_norms_G", model, wanted["grad_norms_G"])
    missing = {name for name, one in model.named_parameters() if one.grad is None}
    yield Comparison("params_without_grad", float(len(missing ^ set(wanted["params_without_grad"]))), 0.0, tolerance=0)
    model.float()


class _Step:
    """The stored batch through the model in one precision."""

    def __init__(self, model: SemanticToWave, stored: Stored, dtype: torch.dtype) -> None:
        lengths, frames = stored["spec_lengths"], stored["z"].shape[2]
        spec, ssl = torch.zeros(2, model.spec_bins, frames), torch.zeros(2, 768, frames)
        for item, count in enumerate(lengths.tolist()):
            spec[item, :, :count] = linear_spectrogram(stored["wav"][item, :, : count * HOP])[0]
            ssl[item, :, :count] = _drawn(f"tr.ssl{item}", 768, count)
        sv = _drawn("tr.sv", 2, model.speaker_dim).to(dtype) if model.speaker_dim else None
        self.out: TrainingPass = model(
            spec.to(dtype),
            lengths,
            stored["text"],
            stored["text_lengths"],
            ssl=ssl.to(dtype),
            sv=sv,
            segment_frames=SEGMENT,
            slice_rand=stored["slice_rand"],
            noise=stored["enc_q_noise"].to(dtype),
            compat=True,
        )
        filters = mel_filterbank(RATE).to(dtype)
        start = self.out.slice_start
        self.target = take_slices(stored["wav"], start * HOP, SEGMENT * HOP).to(dtype)
        self.target_mel = take_slices(log_mel_of_linear(spec.to(dtype), filters), start, SEGMENT)
        self.mel = log_mel(self.out.wave.squeeze(1), RATE, filterbank=filters)

    def divergence(self) -> Tensor:
        return losses.prior_divergence(self.out.z_p, self.out.logs_q, self.out.m_p, self.out.logs_p, self.out.mask)

    def total(self, real: list[Verdict], fake: list[Verdict]) -> Tensor:
        mel = losses.mel_loss(self.target_mel, self.mel)
        return losses.adversarial_loss(fake) + losses.feature_loss(real, fake) + mel + self.divergence()


def _forward(step: _Step, real: list[Verdict], fake: list[Verdict], stored: Stored, wanted: dict[str, Any]) -> Iterator[Comparison]:
    out = step.out
    yield Comparison("ids_slice", out.slice_start, stored["ids_slice"], tolerance=0)
    for name in ("z", "z_p", "m_p", "logs_p", "m_q", "logs_q"):
        yield Comparison(f"train.{name}", getattr(out, name), stored[name])
    yield Comparison("train.y_hat", out.wave, stored["y_hat"], WAVE_TOLERANCE)
    yield Comparison("train.y_slice", step.target, stored["y_slice"])
    yield Comparison("train.y_mel", step.target_mel, stored["y_mel"])
    yield Comparison("train.y_hat_mel", step.mel, stored["y_hat_mel"], WAVE_TOLERANCE)
    for kind, verdicts in (("real", real), ("fake", fake)):
        for index, verdict in enumerate(verdicts):
            yield Comparison(f"disc_{kind}.{index}", verdict.score, stored[f"disc_{kind}.{index}"])
        means = [[float(feature.abs().mean()) for feature in verdict.features] for verdict in verdicts]
        yield Comparison(f"fmap_abs_mean_{kind}", means, wanted[f"fmap_abs_mean_{kind}"])
    shapes = [[list(feature.shape) for feature in verdict.features] for verdict in real]
    yield Comparison("fmap_shapes", shapes, wanted["fmap_shapes"], tolerance=0)
    pairs = losses.critic_losses(real, fake)
    yield Comparison("disc_real_losses", [float(a) for a, _ in pairs], wanted["disc_real_losses"])
    yield Comparison("disc_fake_losses", [float(b) for _, b in pairs], wanted["disc_fake_losses"])
    yield Comparison("gen_losses", [float(a) for a in losses.adversarial_losses(fake)], wanted["gen_losses"])
    scalars = {
        "loss_disc": losses.critic_loss(real, fake),
        "loss_gen": losses.adversarial_loss(fake),
        "loss_fm": losses.feature_loss(real, fake),
        "loss_mel(x45)": losses.mel_loss(step.target_mel, step.mel),
        "loss_kl": step.divergence(),
        "loss_gen_all": step.total(real, fake),
    }
    for name, ours in scalars.items():
        yield Comparison(name, ours, wanted[name])


def _gradients(name: str, module: nn.Module, wanted: dict[str, float]) -> Iterator[Comparison]:
    # The stored norms were summed in single precision, which loses 0.2 % over twenty million values.
    ours = {key: one.grad.float().norm().item() for key, one in module.named_parameters() if one.grad is not None}
    yield Comparison(f"{name}.keys", float(len(set(ours) ^ set(wanted))), 0.0, tolerance=0)
    for key, norm in wanted.items():
        if key.endswith(("conv_k.bias", "w_ks.bias")):
            # A constant added to all keys leaves a softmax as it is, so the true gradient is zero and the stored number is
            # rounding; it is judged beside the gradient of the same layer's weight.
            scale = wanted[key.removesuffix("bias") + "weight"]
            yield Comparison(f"{name}.{key} (of its weight's)", scale + ours[key] - norm, scale, GRADIENT_TOLERANCE)
        else:
            yield Comparison(f"{name}.{key}", ours[key], norm, GRADIENT_TOLERANCE)


def _drawn(name: str, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32))
