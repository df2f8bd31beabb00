"""Tuning the light acoustic model: the frames it predicts of a person's codes against those of the recording.

A pupil of `few_shot.tune`. The generator stays as it is: it renders mel frames of anybody, and to teach it would cost ten times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from voxcommons.models.configs import BANDS
from voxcommons.models.correction import near_middle
from voxcommons.models.istft_generator import PITCH_CENTRE_HZ
from voxcommons.models.mel_acoustic import MelAcoustic
from voxcommons.models.mel_predictor import voice_statistics
from voxcommons.prepare.corpus import Clip
from voxcommons.train.acoustic import distances, spoken
from voxcommons.train.acoustic_batch import AcousticPart, Loader, Utterance
from voxcommons.train.adapters import RANK, Adjustment, Way
from voxcommons.train.features import Features
from voxcommons.train.phrases import Phrase, Split
from voxcommons.train.recipes import AcousticRecipe
from voxcommons.train.voices import Voices

PART: Final = "semantic_to_wave"
_PERSON: Final = "the speaker"
_LEAST_SPREAD: Final = 1e-2  # octaves
# Whoever learns a distance learns to say the middle: without this a minute of a Mandarin man made his clone's pitch move 0.58 times as far
# as his, instead of 1.03 times.
_FLATNESS_WEIGHT: Final = 0.2
_MOST_REFERENCES: Final = 24  # phrases that describe the person in one item

# Who speaks is told by tensors that stay as they are: a voice keeps the style they gave. Adapters stand behind the memory, where it is
# decided how a person sounds: in front of it a minute was learnt by heart (cosine of a British woman 0.60 -> 0.69 with adapters
# everywhere, 0.81 with these, which are half as many).
_LATE: Final = (
    "predictor.mid", "predictor.up", "predictor.pblock", "predictor.pout", "predictor.pin", "predictor.after", "predictor.onorm",
    "predictor.out",
)  # fmt: skip
_EARLY: Final = ("predictor.text", "predictor.inp", "predictor.before", "predictor.att", "predictor.r")
_LAST: Final = ("predictor.pblock", "predictor.pout", "predictor.after", "predictor.onorm", "predictor.out")


class MelPupil:
    """The predictor of the light acoustic model.

    Each phrase's person is told by other phrases, as in the training of the base model, so that nothing they are told by holds the
    sound that is to be predicted.

    Args:
        model: its predictor is changed in place.
        style: [G] of the voice, whose correction and movement are applied to what the predictor says, so that it learns the rest.
        phrases: all phrases of the tuning.
        way: what may move.
        rank: of adapters.
    """

    name = "sound: mel frames and pitch"
    at_once = 32

    def __init__(self, model: MelAcoustic, style: np.ndarray, phrases: Split, way: Way, rank: int = RANK) -> None:
        self.model, self._recipe = model, AcousticRecipe()  # whose weights of the terms it goes on with
        self.adjustment = Adjustment(model, PART, way, within=_LATE if way == "adapters" else (*_EARLY, *_LATE), last=_LAST, rank=rank)
        device = next(model.parameters()).device
        voice = torch.from_numpy(np.asarray(style, np.float32))[None, :, None].to(device)
        self._correction, self._movement = model.correction(voice), model.movement(voice)
        learnt = tuple({id(phrase): phrase for phrase in phrases.train}.values())  # a repeated phrase must not tell its own person
        known = (*learnt, *phrases.held_out, *phrases.guard)
        self._numbers = {id(phrase): number for number, phrase in enumerate(known)}
        self._items = [_utterance(number, phrase) for number, phrase in enumerate(known)]
        features, vectors = _heard(model, known)
        parts = (features, [phrase.codes.astype(np.int16) for phrase in known], vectors)
        others = {_PERSON: list(range(len(learnt)))}
        self._some, self._all = Loader(Voices(*parts, others, model.remembered_codes), _MOST_REFERENCES), Loader(
            _Whole(*parts, others, model.remembered_codes), _MOST_REFERENCES
        )

    def loss(self, batch: Sequence[Phrase], seed: int) -> Tensor:
        """Distance of predicted mel frames and pitch from the natural ones, and of how far the pitch moves."""
        self.model.train()
        part = self._part(self._some, batch, (seed, 0))
        mel, pitch = spoken(self.model.predictor, part)
        off, octaves, surprise = distances(part, mel, pitch)
        flat = flatness(pitch[:, :1], part.pitch)
        return off + self._recipe.pitch_weight * octaves + self._recipe.voiced_weight * surprise + _FLATNESS_WEIGHT * flat

    @torch.no_grad()
    def error(self, phrases: Sequence[Phrase]) -> tuple[float, dict[str, float]]:
        """What `loss` is on phrases, the person told by everything that is learnt from; and its terms."""
        self.model.eval()
        sums, seconds = np.zeros(3), 0.0
        for phrase in phrases:
            part = self._part(self._all, [phrase], (0, 0))
            sums += phrase.seconds * np.array([float(term) for term in distances(part, *spoken(self.model.predictor, part))])
            seconds += phrase.seconds
        mel, octaves, surprise = (sums / seconds).tolist()
        error = mel + self._recipe.pitch_weight * octaves + self._recipe.voiced_weight * surprise
        return error, {"mel": mel, "pitch": octaves, "voiced": surprise}

    def _part(self, loader: Loader, batch: Sequence[Phrase], seed: tuple[int, int]) -> AcousticPart:
        items = [self._items[self._numbers[id(phrase)]] for phrase in batch]
        part = loader.part(items, seed, range(len(items))).to(next(self.model.parameters()).device)
        return replace(part, correction=self._correction, movement=self._movement)


def flatness(said: Tensor, heard: Tensor) -> Tensor:
    """How far the spread of a predicted pitch is from that of the recording, as the logarithm of their ratio.

    Args:
        said: [B, 1, F] octaves.
        heard: [B, 2, F] octaves, and 1 where voiced.
    """
    voiced = heard[:, 1] > 0
    if not voiced.any():
        return said.new_zeros(())
    return torch.log(_spread(said[:, 0][voiced]) / _spread(heard[:, 0][voiced])).abs()


def _spread(octaves: Tensor) -> Tensor:
    """Deviation of a pitch [N] from its middle, in octaves, creaks and mistaken octaves left out."""
    near = near_middle(octaves)
    if bool((near == near[0]).all()):  # where nothing moves, a deviation has no slope
        return near.new_tensor(_LEAST_SPREAD)
    return near.std(correction=0).clamp_min(_LEAST_SPREAD)


class _Whole(Voices):
    """The person told by everything there is to learn from, the same each time."""

    def others(self, speaker: str, number: int, most: int, rng: np.random.Generator) -> list[int]:
        """The other phrases, evenly chosen where there are many."""
        del rng
        found = [other for other in self.clips[speaker] if other != number]
        return found[:: -(-len(found) // most)]


def _utterance(number: int, phrase: Phrase) -> Utterance:
    clip = Clip(0, len(phrase.wave), "train", "", _PERSON, "", "", phrase.text, "")
    return Utterance(number, clip, tuple(phrase.phones.tolist()), phrase.places)


@torch.no_grad()
def _heard(model: MelAcoustic, phrases: Sequence[Phrase]) -> tuple[Features, np.ndarray]:
    """Mel frames, pitch and statistics of phrases, and their timbre vectors."""
    model.eval()
    device = next(model.parameters()).device
    offsets, mel, pitch, statistics, vectors = [0], [], [], [], []
    for phrase in phrases:
        heard = model.hear(torch.from_numpy(phrase.wave)[None].to(device), torch.from_numpy(phrase.codes).to(device))
        spectra = heard.mel.T.reshape(-1, BANDS)
        voiced = heard.pitch_hz[heard.pitch_hz > 0]
        statistics.append(voice_statistics(spectra, torch.log2(voiced / PITCH_CENTRE_HZ)).cpu().numpy())
        vectors.append(model.timbre(heard.mel[None])[0].cpu().numpy())
        mel.append(heard.mel.T.cpu().numpy().astype(np.float16))
        pitch.append(heard.pitch_hz.cpu().numpy())
        offsets.append(offsets[-1] + heard.mel.shape[1])
    features = Features(np.array(offsets), np.concatenate(mel), np.concatenate(pitch), np.stack(statistics))
    return features, np.stack(vectors)
