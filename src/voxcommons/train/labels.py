"""Phoneme labels and semantic codes of a packed corpus, computed once and kept beside it.

They are apart from the loops because three stages need them and both are slower to make than to read. A cache
file names what it was made from (symbol table, or the content encoder's hash), so it is never used for anything else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from voxcommons.base.errors import InputError
from voxcommons.base.files import atomic_path
from voxcommons.base.hashing import sha256_tensors
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.ctc import phoneme_of_code
from voxcommons.prepare.corpus import Corpus
from voxcommons.text.reader import read
from voxcommons.text.symbols import symbols

PUNCTUATION = ("!", "?", "…", ",", ".", "-")
LANGUAGES = {"en": "en", "zh": "zh"}  # corpus language -> front end; other languages are left out of training


def phoneme_labels(corpus: Corpus, cache: Path, progress: Progress | None = None) -> dict[int, tuple[int, ...]]:
    """Return phoneme ids (punctuation included) per clip number; clips the front end cannot read fully are left out."""
    if not cache.is_file():
        bar = progress or NullProgress()
        bar.start(len(corpus.clips), "reading the transcripts")
        with atomic_path(cache) as temporary, temporary.open("w", encoding="utf-8") as lines:
            for number, clip in enumerate(corpus.clips):
                bar.advance()
                language = LANGUAGES.get(clip.language)
                if not clip.text.strip() or language is None:
                    continue
                utterance = read(clip.text, language)
                if utterance.ids and not utterance.warnings:
                    lines.write(json.dumps({"clip": number, "ids": utterance.ids}) + "\n")
        bar.finish()
    with cache.open(encoding="utf-8") as lines:
        labels = {entry["clip"]: tuple(entry["ids"]) for entry in map(json.loads, lines)}
    if not labels:
        raise InputError(
            "the corpus has no usable transcript", expected="English or Mandarin text in manifest.tsv", found="none"
        )
    return labels


def spoken_only(labels: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """Drop punctuation from labels: a recogniser hears sounds, not commas."""
    table = symbols("v2")
    silent = {table.index(mark) for mark in PUNCTUATION}
    return {number: tuple(phone for phone in ids if phone not in silent) for number, ids in labels.items()}


@torch.inference_mode()
def semantic_codes(
    model: PhoneticContentEncoder, corpus: Corpus, folder: Path, progress: Progress | None = None
) -> list[np.ndarray]:
    """Return int16 [S] codes of every clip, cached under the encoder's hash."""
    cache = folder / f"codes-{digest_of(model)}.npz"
    if not cache.is_file():
        model.eval()
        bar = progress or NullProgress()
        bar.start(len(corpus.clips), "semantic codes")
        found = []
        for clip in corpus.clips:
            wave = torch.from_numpy(corpus.wave(clip))[None]
            found.append(model.tokens(wave)[0].numpy().astype(np.int16))
            bar.advance()
        bar.finish()
        with atomic_path(cache) as temporary:
            np.savez(temporary, flat=np.concatenate(found), counts=np.array([len(codes) for codes in found]))
    with np.load(cache) as stored:
        return np.split(stored["flat"], np.cumsum(stored["counts"])[:-1])


@torch.inference_mode()
def code_alignments(
    model: PhoneticContentEncoder, corpus: Corpus, labels: dict[int, tuple[int, ...]], longest_s: float, folder: Path,
    progress: Progress | None = None,
) -> dict[int, np.ndarray]:
    """Return the index [S] of the phoneme each code speaks, for clips up to ``longest_s``, cached like the codes."""
    cache = folder / f"alignments-{digest_of(model)}-{longest_s:g}.npz"
    if not cache.is_file():
        model.eval()
        silent = {symbols("v2").index(mark) for mark in PUNCTUATION}
        chosen = [
            number for number in labels if corpus.clips[number].length_samples <= longest_s * corpus.rate
        ]
        bar = progress or NullProgress()
        bar.start(len(chosen), "aligning codes with phonemes")
        found: dict[str, Any] = {}
        for number in chosen:
            bar.advance()
            places = np.array([place for place, phone in enumerate(labels[number]) if phone not in silent])
            log_probs = model.log_probs(torch.from_numpy(corpus.wave(corpus.clips[number]))[None])[0].numpy()
            if len(places) and len(places) <= len(log_probs):
                spoken = [labels[number][place] for place in places]
                found[str(number)] = places[phoneme_of_code(log_probs, spoken, model.blank_id)].astype(np.int16)
        bar.finish()
        with atomic_path(cache) as temporary:
            np.savez(temporary, **found)
    with np.load(cache) as stored:
        return {int(number): stored[number] for number in stored.files}


def digest_of(*models: nn.Module) -> str:
    """What the files made by some networks are named after: the hash of their weights, 16 digits."""
    weights: dict[str, np.ndarray] = {}
    for place, model in enumerate(models):
        weights |= {f"{place}.{name}" if place else name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return sha256_tensors(weights)[:16]
