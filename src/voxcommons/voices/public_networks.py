"""Putting the installed public networks beside a base model that needs them.

A base model of ours brings everything with it; one that was converted from public files needs up to three more networks, which are
only there when the user pulled them. What is not installed is left out: Mandarin is then read without context, cloning says
which set it lacks.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from voxcommons.base.errors import CorruptFileError
from voxcommons.models.build import STARTER, BaseModel, load_base
from voxcommons.models.feature_sets import BERT, HUBERT, SET_FILE, SPEAKER, load_bert, load_hubert, load_speaker, sets_folder
from voxcommons.models.public_content import PublicContent
from voxcommons.text.symbols import symbols


def equipped(base: BaseModel, home: Path, *, cloning: bool = False) -> BaseModel:
    """A base model with the installed networks it can use.

    Args:
        base: any base model; one of ours comes back as it is.
        home: VOX_HOME.
        cloning: also what only cloning needs; speaking saves its time and memory.

    Raises:
        CorruptFileError: an installed set is damaged or does not fit the model.
    """
    folder, device, more = sets_folder(home), str(base.device), dict[str, Any]()
    wanted = base.facts.text_to_semantic.bert_dim
    if wanted and base.text_to_semantic is not None and _installed(folder / BERT):
        context = load_bert(folder / BERT, device)
        _fit(folder / BERT, context.width, wanted)
        more["context"] = context
    if cloning and base.facts.content is None and base.content is None and _installed(folder / HUBERT):
        hubert = load_hubert(folder / HUBERT, device)
        _fit(folder / HUBERT, hubert.feature_projection.projection.out_features, base.facts.semantic_to_wave.ssl_dim)
        recogniser = load_base(STARTER, parts=("content",)).content.to(base.device)
        more["content"] = PublicContent(hubert, base.semantic_to_wave, recogniser, len(symbols(base.table)))
    if cloning and base.semantic_to_wave.speaker_dim and _installed(folder / SPEAKER):
        more["speaker"] = load_speaker(folder / SPEAKER, device)
    return replace(base, **more) if more else base


def _installed(folder: Path) -> bool:
    return (folder / SET_FILE).is_file()


def _fit(folder: Path, found: int, wanted: int) -> None:
    if found != wanted:
        raise CorruptFileError(
            f"the set {folder.name} does not fit the base model", expected=f"features of {wanted} numbers", found=f"{found}",
            do=f"run: vox models pull {folder.name} --replace",
        )
