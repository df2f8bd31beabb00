"""What a server has loaded: base models, the voices of the library, and the voices of clips that clients name.

Requests bring everything else. Whatever loads or runs a model here is called from the desk's thread alone; what a request
must know at once (names, facts of base models) can be asked from anywhere.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxcommons.api.folders import AllowedFolders
from voxcommons.base.errors import InputError
from voxcommons.base.log import logger
from voxcommons.models.build import BaseModel, load_base, read_facts
from voxcommons.models.overlay import overlaid
from voxcommons.synth.engine import Engine, SpeakingVoice
from voxcommons.text.g2p.zh_polyphones import Polyphones
from voxcommons.voicefile.manifest import MANIFEST_FILE, WEIGHTS_FILE
from voxcommons.voices.base_models import find_base
from voxcommons.voices.library import Library, Voice
from voxcommons.voices.own_weights import own_weights
from voxcommons.voices.passing import Clips, PassingVoices
from voxcommons.voices.public_networks import PublicNetworks

BASES_KEPT: Final = 4  # loaded at the same time; the one unused for longest makes room
TUNED_KEPT: Final = 4  # each costs the tensors in which it differs, at most as much as a base model
_VOICES_KEPT: Final = 256

_Stamp = tuple[int, int] | None
_Pair = tuple[Path, Path]  # the folders of text to semantic and of semantic to wave

_log = logger(__name__)


@dataclass(frozen=True)
class Selection:
    """Which networks a request speaks with, each by a name of the server or a path of the client.

    Attributes:
        gpt: where text to semantic comes from.
        sovits: where semantic to wave (and everything else) comes from.
    """

    gpt: str
    sovits: str


class Studio:
    """Base models and voices of one server.

    Args:
        home: the one folder for all user data.
        bases: base models by the names clients call them, each a folder or the name of an installed one; the first is the default.
        folders: where clients may name files.
        threads: processor threads for the models.
        tuned_kept: how many voices with weights of their own stay loaded.
        polyphones: who decides Mandarin characters with several readings; None for the dictionaries alone.
        history: whether texts that are spoken are kept.

    Raises:
        InputError: there is no such base model.
        CorruptFileError: one of them is damaged.
    """

    def __init__(  # noqa: PLR0913 - what an operator decides
        self,
        home: Path,
        bases: dict[str, str],
        folders: AllowedFolders,
        threads: int | None = None,
        tuned_kept: int = TUNED_KEPT,
        polyphones: Polyphones | None = None,
        *,
        history: bool = True,
    ) -> None:
        self.library, self._networks = Library(home), PublicNetworks(home)
        self.folders, self.polyphones, self.history = folders, polyphones, history
        self._places = {name: find_base(place, home) for name, place in bases.items()}
        self._facts = {name: read_facts(place) for name, place in self._places.items()}
        self._threads, self._tuned_kept = threads, tuned_kept
        self._engines: OrderedDict[_Pair, Engine] = OrderedDict()
        self._tuned: OrderedDict[tuple[_Pair, str], Engine] = OrderedDict()  # of voices with weights of their own
        self._passing = PassingVoices()
        self._voices: OrderedDict[str, tuple[_Stamp, Voice]] = OrderedDict()

    @property
    def bases(self) -> tuple[str, ...]:
        """Names of the base models, the default first."""
        return tuple(self._places)

    @property
    def default(self) -> Selection:
        """What is used where a client has chosen nothing."""
        return Selection(self.bases[0], self.bases[0])

    def base_named(self, voice: Voice) -> str | None:
        """The name of the base model a voice of the library was made for, if this server has it."""
        return next((name for name, (_, digest) in self._facts.items() if digest == voice.manifest.base.sha256), None)

    def languages_of(self, voice: Voice) -> tuple[str, ...]:
        """What the base model of a voice was trained to speak; empty where this server does not have it or nobody said."""
        name = self.base_named(voice)
        return () if name is None else self._facts[name][0].languages

    def selection_of(self, voice: Voice) -> Selection:
        """The base model a voice was made for; else the default, which will say that it does not fit."""
        name = self.base_named(voice)
        return self.default if name is None else Selection(name, name)

    def place(self, name: str) -> Path:
        """The folder of a base model: by its name here, or by the path of the folder or of a file in it.

        Raises:
            InputError: there is none, or it is outside the allowed folders.
        """
        if name in self._places:
            return self._places[name]
        path = self.folders.place(name)
        folder = path if path.is_dir() else path.parent
        if (folder / "base.json").is_file() and (path.is_dir() or path.suffix == ".safetensors" or path.name == "base.json"):
            return folder
        raise InputError(
            "no base model there",
            expected="a name of this server (" + ", ".join(self.bases) + ") or a folder with base.json",
            found=path.name,
            do="convert a public checkpoint first, or give this path a base model at the start: --base PATH=FOLDER",
        )

    def engine(self, chosen: Selection, voice: SpeakingVoice | None = None) -> Engine:
        """An engine with these networks and, where the voice has weights of its own, with those.

        Raises:
            InputError: there is no such base model, or the two do not fit together.
            CorruptFileError: something in it is damaged.
        """
        pair = (self.place(chosen.gpt), self.place(chosen.sovits))
        engine = self._engines.pop(pair, None)
        if engine is None:
            while len(self._engines) >= BASES_KEPT:  # before loading, so that two never lie in memory for one
                self._drop(next(iter(self._engines)))
            engine = Engine(self._load(*pair), threads=self._threads)
        self._engines[pair] = engine
        if isinstance(voice, Voice) and voice.manifest.base.sha256 == engine.base.sha256:
            return self._tuned_to(voice, pair, engine)
        return engine  # which says so when the voice is of another base model

    def _tuned_to(self, voice: Voice, pair: _Pair, plain: Engine) -> Engine:
        """The engine of a voice with weights of its own over a loaded base model; that of the base model for any other."""
        facts = voice.manifest.files.get(WEIGHTS_FILE)
        if facts is None:
            return plain
        key = (pair, facts.sha256)
        engine = self._tuned.pop(key, None)
        if engine is None:
            while len(self._tuned) >= self._tuned_kept:
                self._tuned.popitem(last=False)
            own = own_weights(voice)
            assert own is not None, "the manifest lists the file"
            engine = Engine(overlaid(plain.base, own), threads=self._threads)
        self._tuned[key] = engine
        return engine

    def _drop(self, pair: _Pair) -> None:
        """Let go of a base model and of the voices that share its tensors."""
        del self._engines[pair]
        for key in [key for key in self._tuned if key[0] == pair]:
            del self._tuned[key]

    def voice(self, name: str) -> Voice:
        """A voice of the library; read once, and again when it was changed.

        Raises:
            UnknownVoiceError: there is none of that name.
            CorruptFileError: it is damaged.
        """
        known = self._voices.get(name)
        if known is None or known[0] != _stamp(known[1]):
            voice = self.library.get(name)
            known = self._voices[name] = (_stamp(voice), voice)
            while len(self._voices) > _VOICES_KEPT:
                self._voices.popitem(last=False)
        self._voices.move_to_end(name)
        return known[1]

    def passing(self, base: BaseModel, clips: Clips) -> SpeakingVoice:
        """The voice of clips; raises as `voices.passing.passing_voice`."""
        return self._passing.get(base, clips)

    def forget(self) -> None:
        """Drop everything that is loaded; the next request reads it anew."""
        self._engines.clear()
        self._tuned.clear()
        self._networks.forget()
        self._passing.forget()
        self._voices.clear()

    def _load(self, gpt: Path, sovits: Path) -> BaseModel:
        _log.info("loading %s", sovits.name if gpt == sovits else f"{gpt.name} and {sovits.name}")
        base = load_base(sovits) if gpt == sovits else joined(load_base(gpt, parts=("text_to_semantic",)), load_base(sovits))
        return self._networks.beside(base, cloning=True)


def _stamp(voice: Voice) -> _Stamp:
    """Changes whenever a voice is written anew: its manifest holds the hashes of its other files."""
    try:
        facts = (voice.folder / MANIFEST_FILE).stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino


def joined(gpt: BaseModel, sovits: BaseModel) -> BaseModel:
    """One base model out of the text-to-semantic network of one and everything else of another.

    Raises:
        InputError: they do not speak of the same phonemes and codes.
    """
    one, other = gpt.facts, sovits.facts
    for what, left, right in (
        ("symbol tables", one.table, other.table),
        ("numbers of codes", one.text_to_semantic.codes, other.text_to_semantic.codes),
        ("content encoders", one.content, other.content),
    ):
        if left != right:
            found = f"{one.name} and {other.name} with different {what}"
            raise InputError("these two models do not fit together", expected="two of one family", found=found, do="choose both anew")
    facts = dataclasses.replace(
        other,
        name=f"{one.name}+{other.name}",
        text_to_semantic=one.text_to_semantic,
        continues_prompts=one.continues_prompts,
        longest_sentence_s=min(one.longest_sentence_s, other.longest_sentence_s),
    )
    digest = hashlib.sha256(f"{gpt.sha256} {sovits.sha256}".encode()).hexdigest()
    return dataclasses.replace(sovits, facts=facts, sha256=digest, text_to_semantic=gpt.text_to_semantic, folder=None)
