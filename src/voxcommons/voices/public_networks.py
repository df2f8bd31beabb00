"""Putting the installed public networks beside a base model that needs them.

A base model of ours brings everything with it; one that was converted from public files needs up to three more networks, which are
only there when the user pulled them. What is not installed is left out: Mandarin is then read without context, cloning says
which set it lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from voxcommons.base.errors import CorruptFileError
from voxcommons.models.build import STARTER, BaseModel, load_base
from voxcommons.models.configs import SemanticToWaveConfig
from voxcommons.models.feature_sets import load_bert, load_hubert, load_speaker
from voxcommons.models.public_content import PublicContent
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.set_files import BERT, HUBERT, SET_FILE, SPEAKER, sets_folder
from voxcommons.text.symbols import symbols


class PublicNetworks:
    """The installed networks, each read once, whatever number of base models they serve.

    Args:
        home: VOX_HOME.
    """

    def __init__(self, home: Path) -> None:
        self._folder = sets_folder(home)
        self._loaded: dict[tuple[str, str], Any] = {}

    def beside(self, base: BaseModel, *, cloning: bool = False) -> BaseModel:
        """A base model with the installed networks it can use.

        Args:
            base: any base model; one of ours comes back as it is.
            cloning: also what only cloning needs; speaking saves its time and memory.

        Raises:
            CorruptFileError: an installed set is damaged or does not fit the model.
        """
        device, wave, more = str(base.device), base.facts.semantic_to_wave, dict[str, Any]()
        width = base.facts.text_to_semantic.bert_dim
        if width and base.text_to_semantic is not None and self._has(BERT):
            context = self._network(BERT, device, load_bert)
            self._fit(BERT, context.width, width)
            more["context"] = context
        lacks_content = base.content is None and base.facts.content is None
        if cloning and lacks_content and isinstance(wave, SemanticToWaveConfig) and wave.ssl_proj and self._has(HUBERT):
            hubert = self._network(HUBERT, device, load_hubert)
            self._fit(HUBERT, hubert.feature_projection.projection.out_features, wave.ssl_dim)
            acoustic = base.semantic_to_wave
            assert isinstance(acoustic, SemanticToWave), "its sizes say so"
            recogniser = self._network(STARTER, device, _recogniser)
            more["content"] = PublicContent(hubert, acoustic, recogniser, len(symbols(base.table)))
        if cloning and base.semantic_to_wave.speaker_dim and self._has(SPEAKER):
            more["speaker"] = self._network(SPEAKER, device, load_speaker)
        return replace(base, **more) if more else base

    def forget(self) -> None:
        """Drop what is loaded; it is read anew when it is needed."""
        self._loaded.clear()

    def _has(self, name: str) -> bool:
        return (self._folder / name / SET_FILE).is_file()

    def _network(self, name: str, device: str, load: Callable[[Path, str], Any]) -> Any:  # noqa: ANN401 - one of the networks
        if (name, device) not in self._loaded:
            self._loaded[name, device] = load(self._folder / name, device)
        return self._loaded[name, device]

    def _fit(self, name: str, found: int, wanted: int) -> None:
        if found != wanted:
            raise CorruptFileError(
                f"the set {name} does not fit the base model", expected=f"features of {wanted} numbers", found=f"{found}",
                do=f"run: vox models pull {name} --replace",
            )


def equipped(base: BaseModel, home: Path, *, cloning: bool = False) -> BaseModel:
    """One base model with the installed networks it can use; as `PublicNetworks.beside`."""
    return PublicNetworks(home).beside(base, cloning=cloning)


def _recogniser(_: Path, device: str) -> Any:  # noqa: ANN401 - a content encoder
    return load_base(STARTER, parts=("content",)).content.to(device)
