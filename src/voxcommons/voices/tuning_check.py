"""Before and after: does a tuned voice still sound like its person, and still say its words?

Apart from the tuning itself because the one who judges must not be the one who taught: phrases of the recordings are spoken again from
their codes, and sentences nobody tuned on from their text. Nothing is kept of a tuning that fails here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import torch

from voxcommons.base.errors import InputError, MissingExtraError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.evaluate.similarity import SpeakerEncoder, centroid
from voxcommons.evaluate.voice_figures import own_sentences
from voxcommons.models.build import BaseModel
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.mel_acoustic import MelAcoustic
from voxcommons.prepare.features import codes_of
from voxcommons.synth.engine import SILENT_PHONES, Engine, SpeakingVoice
from voxcommons.synth.options import SpeakOptions
from voxcommons.synth.self_check import SelfCheck
from voxcommons.text.reader import read
from voxcommons.train.phrases import Phrase
from voxcommons.voicefile.features import Features
from voxcommons.voicefile.manifest import WEIGHTS_FILE, VoiceManifest

SENTENCES: Final = 6
MOST_PHRASES: Final = 6
_LEAST_SAMPLES: Final = 1600
_SILENCE_S: Final = 0.3


@dataclass(frozen=True)
class Limits:
    """What may be lost before a tuning is refused.

    Attributes:
        cosine: of either likeness; speaking six sentences under other seeds moves it by about 0.01.
        words: of the surprise at the words, as a share of it.
    """

    cosine: float = 0.02
    words: float = 0.1


@dataclass(frozen=True)
class Heard:
    """What a voice is like, by ear of the networks at hand; None where none is.

    Attributes:
        likeness: mean cosine of spoken sentences to the person's recordings, by the speaker network of the extra `evaluate`, else by
            the base model's own.
        phrases: the same of phrases of the recordings, spoken from their codes.
        surprise: how badly the words of spoken sentences are read back, in nats per phoneme.
        judge: who told the likeness.
    """

    likeness: float | None
    phrases: float | None
    surprise: float | None
    judge: str = ""

    def facts(self) -> dict[str, object]:
        """As JSON."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


class Ear:
    """Hears voices of one person.

    Args:
        phrases: of the recordings of the person; their first ones are the yardstick.
        rate: of their sound, in Hz.
        language: of the sentences.
        sentences: how many are spoken: of the package, in languages it has none of what is said in the recordings.
    """

    def __init__(self, phrases: Sequence[Phrase], rate: int, language: str, sentences: int = SENTENCES) -> None:
        spread = phrases[:: max(1, len(phrases) // MOST_PHRASES)]
        self._phrases, self._rate = tuple(spread[:MOST_PHRASES]), rate
        self._yardstick = tuple(phrases[:: max(1, len(phrases) // 20)])[:20]
        said = [phrase.text for phrase in phrases if phrase.text]
        self._sentences = tuple((own_sentences(language) or said)[:sentences])
        self._network: SpeakerEncoder | None = None
        try:
            self._network = SpeakerEncoder()
        except MissingExtraError:
            self._network = None

    def hear(self, base: BaseModel, voice: SpeakingVoice, progress: Progress | None = None) -> Heard:
        """Let a voice speak and listen to it.

        Args:
            base: its base model with the voice's weights, loaded for speaking.
            voice: any voice that fits it.
            progress: told about every sentence.
        """
        progress = progress or NullProgress()
        base = dataclasses.replace(base, own_weights=None)  # they lie nowhere yet, so no file of the voice has their hash
        engine = Engine(base, threads=torch.get_num_threads())
        speaker = _Plain(voice)
        progress.start(len(self._sentences), "listening to the voice")
        sounds, surprises = [], list[float]()
        for number, text in enumerate(self._sentences):
            spoken = np.concatenate([chunk.samples for chunk in engine.speak(text, speaker, SpeakOptions(seed=number))])
            sounds.append(spoken)
            surprises += self._surprise(base, text, spoken)
            progress.advance()
        again = [self._again(base, phrase, voice) for phrase in self._phrases]
        progress.finish()
        target = self._vectors(base, [phrase.wave for phrase in self._yardstick])
        likeness, phrases = (self._mean(self._vectors(base, waves), target) for waves in (sounds, again))
        judge = self._network.name if self._network is not None else "the base model's own" if likeness is not None else ""
        return Heard(likeness, phrases, float(np.mean(surprises)) if surprises else None, judge)

    @torch.inference_mode()
    def _again(self, base: BaseModel, phrase: Phrase, voice: SpeakingVoice) -> np.ndarray:
        """A phrase of a recording in the voice."""
        device, model = base.device, base.semantic_to_wave
        codes, phones, places = (torch.from_numpy(ids)[None].to(device) for ids in (phrase.codes, phrase.phones, phrase.places))
        style = torch.from_numpy(voice.features.style)[None, :, None].to(device)
        dice = torch.Generator(device).manual_seed(1)
        if isinstance(model, MelAcoustic):
            wave = model.decode(codes, phones, style, generator=dice, places=places)
        else:
            wave = model.decode(codes, phones, style, generator=dice)
        return np.asarray(wave[0, 0].float().cpu().numpy(), np.float32)

    @torch.inference_mode()
    def _surprise(self, base: BaseModel, text: str, spoken: np.ndarray) -> list[float]:
        """How badly a spoken sentence is read back by the content encoder; nothing where it knows no phonemes."""
        if not isinstance(base.content, PhoneticContentEncoder) or len(spoken) < _LEAST_SAMPLES:
            return []
        utterance = read(text, "auto", table=base.table)
        places = torch.tensor([place for place, phone in enumerate(utterance.phones) if phone not in SILENT_PHONES])
        silence = np.zeros(round(_SILENCE_S * base.sample_rate), np.float32)  # speech that begins at once is taken for English
        codes = torch.from_numpy(codes_of(base, np.concatenate([silence, spoken, silence]), base.sample_rate))
        found = SelfCheck(base.content, torch.tensor(utterance.ids), places).surprises([codes])[0]
        return [min(found, 20.0)]

    @torch.inference_mode()
    def _vectors(self, base: BaseModel, waves: Sequence[np.ndarray]) -> list[np.ndarray]:
        if self._network is not None:
            return [self._network.embed(wave, self._rate) for wave in waves if np.abs(wave).max(initial=0.0) > 0]
        model = base.semantic_to_wave
        if not isinstance(model, MelAcoustic):
            return []
        frames = [model.mel_frames(torch.from_numpy(wave[: len(wave) // model.hop * model.hop])[None].to(base.device)) for wave in waves]
        return [model.timbre(mel)[0].cpu().numpy() for mel in frames]

    @staticmethod
    def _mean(vectors: Sequence[np.ndarray], target: Sequence[np.ndarray]) -> float | None:
        if not vectors or not target:
            return None
        middle = centroid(list(target))
        return float(np.mean([vector @ middle for vector in vectors]))


@dataclass(frozen=True)
class _Plain:
    """A voice as if it had no weights of its own."""

    voice: SpeakingVoice

    @property
    def manifest(self) -> VoiceManifest:
        """Without the file of weights."""
        files = {name: facts for name, facts in self.voice.manifest.files.items() if name != WEIGHTS_FILE}
        return dataclasses.replace(self.voice.manifest, files=files)

    @property
    def features(self) -> Features:
        """Those of the voice."""
        return self.voice.features


def harm(before: Heard, after: Heard, limits: Limits) -> list[str]:
    """What was lost beyond what chance loses, a line each; nothing where all is well."""
    found = []
    pairs = (("likeness of sentences", before.likeness, after.likeness), ("likeness of phrases", before.phrases, after.phrases))
    for what, one, other in pairs:
        if one is not None and other is not None and other < one - limits.cosine:
            found.append(f"{what} {one:.3f} -> {other:.3f}")
    if before.surprise is not None and after.surprise is not None and after.surprise > before.surprise * (1 + limits.words):
        found.append(f"surprise at the words {before.surprise:.2f} -> {after.surprise:.2f}")
    return found


def refusal(name: str, faults: Sequence[str]) -> InputError:
    """The error that ends a tuning which did harm; the voice is as it was."""
    return InputError(
        f"tuning hurt the voice {name}, which is left as it was", expected="likeness and words no worse than before",
        found="; ".join(faults), do="tune less (--steps), on more speech, or on cleaner recordings", key="tuning_refused",
    )  # fmt: skip
