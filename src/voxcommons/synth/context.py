"""Context features of what is spoken, one row per phoneme.

Only Mandarin has them; everything else is zeros, as the public models were trained. Apart from the engine because it knows how the
reader writes down which phonemes belong to which character.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from voxcommons.models.bert import CharacterContext
from voxcommons.text.phonemes import Utterance
from voxcommons.text.reader import read
from voxcommons.voicefile.manifest import VoiceManifest


def context_of(context: CharacterContext, utterance: Utterance) -> Tensor:
    """The rows of an utterance.

    Args:
        context: the language model.
        utterance: a text as it was read.

    Returns:
        [P, width]; zeros where there is no Mandarin.
    """
    rows = torch.zeros(len(utterance.phones), context.width)
    for run in utterance.runs:
        counts = run.word2ph
        if run.language == "zh" and counts and len(counts) == len(run.normalized) and sum(counts) == run.phone_end - run.phone_start:
            rows[run.phone_start : run.phone_end] = context.of_phones(run.normalized, counts).float().cpu()
    return rows


def context_of_prompt(context: CharacterContext, manifest: VoiceManifest, ids: Sequence[int], table: str) -> Tensor:
    """The rows of a voice's prompt, where its words are known; zeros where only its sounds are.

    Args:
        context: the language model.
        manifest: of the voice; it may carry the prompt's words.
        ids: the prompt's phonemes.
        table: symbol table of the base model.

    Returns:
        [P, width].
    """
    rows = torch.zeros(len(ids), context.width)
    words = manifest.prompt.text if manifest.prompt is not None else ""
    if words and manifest.language in ("zh", "auto"):
        utterance = read(words, "auto", table=table)
        count = len(utterance.ids)
        if 0 < count <= len(ids) and utterance.ids == tuple(ids[:count]):  # a closing mark may have been added
            rows[:count] = context_of(context, utterance)
    return rows
