"""Text to semantic: embeddings, layers, training loss and gradients, preference loss, decoding, sampling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from golden.comparison import GRADIENT_TOLERANCE, Comparison
from voxcommons.models.text_code_masks import training_mask
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.synth.decoding import Chunking, DecodeItem, DecodeOptions, Decoding, decode, decode_batch, decode_stream, quietness
from voxcommons.synth.sampling import SamplingOptions, probabilities
from voxcommons.train.preference import preference_loss

MUTE = 486
Stored = dict[str, Tensor]


def recognises(folder: Path) -> bool:
    return (folder / "decode.json").is_file() and (folder / "b_grad_norms.json").is_file()


def comparisons(folder: Path) -> Iterator[Comparison]:
    stored = load_file(folder / "tensors.safetensors")
    yield from _parts(build(folder), stored)
    yield from _batch(build(folder), stored, json.loads((folder / "b_grad_norms.json").read_text()))
    yield from _preference(build(folder), stored)
    yield from _step_logits(build(folder), stored)
    yield from _decoding(folder, stored)
    yield from _sampling(stored)


def build(folder: Path, *, eos_row: Tensor | None = None) -> TextToSemantic:
    """The model of the fixture, in evaluation mode; `eos_row` replaces the end token's prediction row."""
    sizes = json.loads((folder / "config.json").read_text())["model"]
    model = TextToSemantic(
        layers=sizes["n_layer"],
        width=sizes["embedding_dim"],
        heads=sizes["head"],
        phones=sizes["phoneme_vocab_size"],
        codes=sizes["EOS"],
        dropout=sizes["dropout"],
    )
    weights = load_file(folder / "weights.safetensors")
    model.load_state_dict({name.removeprefix("model."): tensor for name, tensor in weights.items()})
    if eos_row is not None:
        with torch.no_grad():
            model.ar_predict_layer.weight[model.end] = eos_row
    return model.eval()


def _parts(model: TextToSemantic, stored: Stored) -> Iterator[Comparison]:
    """a: one sample through every part."""
    phones, codes, bert = stored["a.phoneme_ids"], stored["a.semantic"], stored["a.bert"]
    seen: dict[str, Tensor] = {}
    model.ar_text_position.register_forward_pre_hook(lambda _, given: seen.update(text_embed_no_pos=given[0]))
    model.ar_text_position.register_forward_hook(lambda _, __, out: seen.update(text_embed=out))
    model.ar_audio_position.register_forward_hook(lambda _, __, out: seen.update(audio_embed=out))
    model.h.layers[0].register_forward_hook(lambda _, __, out: seen.update(layer0_out=out))
    model.h.register_forward_hook(lambda _, __, out: seen.update(hidden=out))
    lengths = torch.tensor([phones.shape[1]]), torch.tensor([codes.shape[1]])
    for compat in (True, False):  # without padding both must agree with the stored numbers
        out = model(phones, lengths[0], codes, lengths[1], bert, compat=compat)
        prefix = "a." if compat else "a(default)."
        for name, ours in seen.items():
            yield Comparison(prefix + name, ours, stored["a." + name])
        yield Comparison(prefix + "logits", out.logits, stored["a.logits"])
        yield Comparison(prefix + "targets", out.targets, stored["a.targets"], tolerance=0)
        yield Comparison(prefix + "loss_sum_ce", out.loss_sum[None], stored["a.loss_sum_ce"])
        yield Comparison(prefix + "top3_acc", out.accuracy[None], stored["a.top3_acc"])


def _batch(model: TextToSemantic, stored: Stored, norms: dict[str, float]) -> Iterator[Comparison]:
    """b: a batch of two lengths with the public masks, and its gradients."""
    phones, codes = stored["b.phoneme_ids"], stored["b.semantic"]
    lengths = stored["b.phoneme_len"], stored["b.semantic_len"]
    mask = training_mask(lengths[0], phones.shape[1], lengths[1], codes.shape[1], compat=True)
    yield Comparison("b.attn_mask_bool", ~mask, stored["b.attn_mask_bool"], tolerance=0)
    out = model(phones, lengths[0], codes, lengths[1], stored["b.bert"], compat=True)
    yield Comparison("b.logits", out.logits, stored["b.logits"])
    yield Comparison("b.targets", out.targets, stored["b.targets"], tolerance=0)
    yield Comparison("b.loss_sum_ce", out.loss_sum[None], stored["b.loss_sum_ce"])
    yield Comparison("b.top3_acc", out.accuracy[None], stored["b.top3_acc"])
    out.loss_sum.backward()
    ours = {f"model.{name}": one.grad.norm().item() for name, one in model.named_parameters()}
    for name, wanted in norms.items():
        yield Comparison(f"b_grad_norms.{name}", ours[name], wanted, GRADIENT_TOLERANCE)


def _preference(model: TextToSemantic, stored: Stored) -> Iterator[Comparison]:
    """c: the same batch against rejected sequences."""
    phones, phone_lengths, bert = stored["b.phoneme_ids"], stored["b.phoneme_len"], stored["b.bert"]
    chosen = model(phones, phone_lengths, stored["b.semantic"], stored["b.semantic_len"], bert, compat=True)
    rejected = model(phones, phone_lengths, stored["c.reject_semantic"], stored["c.reject_len"], bert, compat=True)
    loss = preference_loss(chosen.log_probs, rejected.log_probs)
    yield Comparison("c.chosen_logps", chosen.log_probs, stored["c.chosen_logps"])
    yield Comparison("c.rejected_logps", rejected.log_probs, stored["c.rejected_logps"])
    yield Comparison("c.dpo_loss", loss[None], stored["c.dpo_loss"])
    yield Comparison("c.loss_ce_plus_dpo", (chosen.loss_sum + loss)[None], stored["c.loss_ce_plus_dpo"])


def _step_logits(model: TextToSemantic, stored: Stored) -> Iterator[Comparison]:
    """d: the logits of each greedy step through the cache, before the penalty."""
    phones, prompt, bert = stored["a.phoneme_ids"][0], stored["d.prompt"][0], stored["a.bert"][0]
    early, late = stored["d.greedy_step_logits_noeos"], stored["d.greedy_step_logits_full"]
    run = Decoding(model, [DecodeItem(phones, prompt, bert)], DecodeOptions(SamplingOptions(top_k=1)))
    rows = []
    for _ in range(len(early) + len(late)):
        run.advance()
        rows.append(run._logits[0])
    yield Comparison("d.greedy_step_logits_noeos", torch.stack(rows[: len(early)])[:, : model.end], early)
    yield Comparison("d.greedy_step_logits_full", torch.stack(rows[len(early) :]), late)


def _decoding(folder: Path, stored: Stored) -> Iterator[Comparison]:
    """d, e, f, g: token sequences, which must be the same integers."""
    wanted = json.loads((folder / "decode.json").read_text())
    model, ending = build(folder), build(folder, eos_row=stored["e.eos_row"])
    rows = stored["d.exp_noise"]
    prompt = stored["d.prompt"][0]
    one = DecodeItem(stored["a.phoneme_ids"][0], prompt, stored["a.bert"][0], noise=lambda step, classes: rows[step, :classes])
    items = [DecodeItem(stored[f"f.phones{i}"], prompt, stored[f"f.bert{i}"]) for i in range(3)]
    quiet = quietness(model.ar_audio_embedding.word_embeddings.weight.detach(), MUTE)
    yield Comparison("g.mute_sim", quiet, stored["g.mute_sim"])
    for name, expected in wanted.items():
        options = _options(name)
        if name.startswith("stream"):
            chunk = Chunking(int(re.search(r"chunk(\d+)", name)[1]), quiet if "_mute_" in name else None)
            ours = [[piece.codes.tolist(), int(piece.final)] for piece in decode_stream(ending, one, options, chunking=chunk)]
            expected = [[tokens or [], int(final)] for tokens, final in expected]
        elif "batched" in name:
            found = [decode(ending, item, options) for item in items] if "naive" in name else decode_batch(ending, items, options)
            ours = [[result.sequence.tolist(), result.index] for result in found]
        else:
            item = replace(one, prompt=None) if "noprompt" in name else one
            result = decode(ending if name.startswith("eos") else model, item, options)
            ours = [result.sequence.tolist(), result.index]
        yield Comparison(f"decode.{name}", ours, expected, tolerance=0)


def _options(name: str) -> DecodeOptions:
    """Settings as written in a case's name."""

    def number(key: str, default: float) -> float:
        found = re.search(rf"_{key}([\d.]+)", name)
        return float(found[1]) if found else default

    sampling = SamplingOptions(
        top_k=int(number("topk", 1)),
        top_p=number("topp", 1.0),
        temperature=number("t", 1.0),
        repetition_penalty=number("rp", 1.35),
        compat=True,
    )
    return DecodeOptions(sampling, max_tokens=int(number("early", 2700)))


def _sampling(stored: Stored) -> Iterator[Comparison]:
    """h: probabilities after every rule."""
    logits = stored["h.logits"]
    seen = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, stored["h.previous"], True)
    for name, wanted in stored.items():
        if name.startswith("h.probs"):
            yield Comparison(name, probabilities(logits, seen, _options(name).sampling), wanted)
