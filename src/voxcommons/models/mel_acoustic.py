"""The light acoustic model: the starter's place between semantic tokens and sound.

It answers the calls of `SemanticToWave`, but is no autoencoder: a predictor says pitch and mel frames, a generator renders them, and
each is trained apart; docs/adr/0008-light-acoustic-model.md has the reasons.
What it keeps of a person is one flat vector: a learned style, the middle of their pitch and how it moves, a correction of
what the predictor gets wrong about their frames, and ten seconds of how they sounded.

Shapes: B batch, S codes (25 Hz), F frames (50 Hz), P phonemes, G numbers of a voice, L latent channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from voxcommons.models.configs import BANDS, correction_size, voice_size
from voxcommons.models.correction import Correction, fitted, mean_of, moved, movement_of, no_correction
from voxcommons.models.harmonic_source import cycles_of, track_pitch
from voxcommons.models.istft_generator import PITCH_CENTRE_HZ, IstftGenerator, clear_pitch
from voxcommons.models.mel_frames import CHANNELS, HOP, MelFrames
from voxcommons.models.mel_predictor import FRAMES_PER_CODE, MelPredictor, Memory, voice_statistics
from voxcommons.models.text_code_encoder import Prior, stretch
from voxcommons.models.timbre_encoder import TimbreEncoder
from voxcommons.models.training_pass import length_mask

NO_CODE = -1.0
_PER_MEMORY = 1 + BANDS
_USUAL_NOISE = 0.5
_HUSH = 0.5  # of the scale of mel frames, 8.7 dB: pauses keep their sound and lose some of the hiss of the room


@dataclass(frozen=True)
class Heard:
    """A recording of a person as the model listens to it.

    Attributes:
        mel: [CHANNELS, F] frames.
        pitch_hz: [F], 0 where unvoiced.
        codes: [S] with F = 2 S.
        phones: [P] ids of what is said; None where it is not known.
        places: [S] index of the phoneme that each token speaks; None likewise.
    """

    mel: Tensor
    pitch_hz: Tensor
    codes: Tensor
    phones: Tensor | None = None
    places: Tensor | None = None


class MelAcoustic(nn.Module):
    """Semantic tokens + phonemes + voice -> waveform."""

    def __init__(
        self, *, phones: int = 732, codes: int = 1024, code_dim: int = 64, phone_dim: int = 128, width: int = 192, heads: int = 4,
        style: int = 128, vector: int = 256, memory: int = 128, blocks_before: int = 3, blocks_after: int = 4, kernel: int = 5,
        dropout: float = 0.1, remembered_codes: int = 250, timbre_width: int = 96, timbre_blocks: int = 3,
        generator_channels: int = 224, generator_blocks: int = 5, n_fft: int = 640, rate: int = 16000,
    ) -> None:
        """Build the model; `MelAcousticConfig` describes every parameter."""
        super().__init__()
        self.width, self.style_channels, self.remembered_codes, self.rate = width, style, remembered_codes, rate
        self.hop, self.frames_per_code, self.speaker_dim = HOP, FRAMES_PER_CODE, 0
        self.latent_channels = width + 2 + HOP
        self.gin = voice_size(style, width, remembered_codes)
        self.predictor = MelPredictor(
            phones=phones, codes=codes, code_dim=code_dim, phone_dim=phone_dim, width=width, heads=heads, style=style, vector=vector,
            memory=memory, blocks_before=blocks_before, blocks_after=blocks_after, kernel=kernel, dropout=dropout,
        )
        self.timbre = TimbreEncoder(width=timbre_width, blocks=timbre_blocks, vector=vector)
        self.dec = IstftGenerator(
            in_channels=CHANNELS, channels=generator_channels, blocks=generator_blocks, n_fft=n_fft, hop=HOP, rate=rate
        )
        self.mel_frames = MelFrames(rate)

    @property
    def receptive_frames(self) -> int:
        """Latent frames on each side that can influence one frame of sound, behind the prior and when the phase is given."""
        return self.predictor.mel_receptive_frames + self.dec.receptive_frames

    # --- a voice -----------------------------------------------------------------------------------------------------

    def hear(self, wave: Tensor, codes: Tensor, phones: Tensor | None = None, places: Tensor | None = None) -> Heard:
        """Listen to a recording.

        Args:
            wave: [1, T].
            codes: [S] tokens of it by the content encoder.
            phones: [P] ids of what is said, where it is known: then the voice gets closer.
            places: [S] index of the phoneme that each token speaks.

        Raises:
            ValueError: If it is shorter than one token.
        """
        count = min(len(codes), wave.shape[1] // (FRAMES_PER_CODE * HOP))
        if not count:
            raise ValueError("a voice needs recordings of at least 40 ms, found a shorter one")
        frames = FRAMES_PER_CODE * count
        wave = wave[:, : frames * HOP]
        places = None if places is None else places[:count]
        return Heard(self.mel_frames(wave)[0], track_pitch(wave, frames, HOP, self.rate)[0], codes[:count], phones, places)

    def describe(self, clips: Sequence[Heard]) -> Tensor:
        """What the model keeps of a person, from recordings of theirs, at least one: [G].

        The memory takes the beginnings of the recordings, as much of each as there is room for.
        """
        weights = torch.tensor([float(len(clip.codes)) for clip in clips])
        vector = torch.stack([self.timbre(clip.mel[None])[0] * weight for clip, weight in zip(clips, weights, strict=True)]).sum(0)
        vector = vector / vector.norm().clamp_min(1e-6)
        each = torch.stack([voice_statistics(_spectra(clip.mel), _octaves(clip.pitch_hz)) for clip in clips])
        statistics = (each * weights[:, None].to(each)).sum(0) / weights.sum()
        style = self.predictor.style(statistics[None], vector[None])[0]
        middle = statistics[2 * BANDS : 2 * BANDS + 1]
        memory = self._memory_of(clips, statistics)
        plain = torch.cat([style, middle, middle.new_zeros(2), no_correction(self.width, statistics)[0], memory.flatten()])
        hidden, mels, pitches = zip(*(self._told(clip, plain) for clip in clips), strict=True)
        correction = fitted(hidden, mels, [clip.mel.T for clip in clips]).flat()[0]
        said, heard = torch.cat(pitches, 1) - middle
        return torch.cat([style, middle, movement_of(said, heard), correction, memory.flatten()])

    def correction(self, ge: Tensor) -> Correction:
        """What voices [B, G, 1] know about the mistakes of the predictor."""
        return Correction.of(self._parts(ge[:, :, 0])[3], self.width)

    def movement(self, ge: Tensor) -> Tensor:
        """How the pitch of voices [B, G, 1] moves beside what is foretold of it: [B, 2], see `movement_of`."""
        return self._parts(ge[:, :, 0])[2]

    def _memory_of(self, clips: Sequence[Heard], like: Tensor) -> Tensor:
        """[remembered_codes, 1 + BANDS] of the beginnings of recordings."""
        memory, done = self._empty_memory(like), 0
        for number, clip in enumerate(sorted(clips, key=lambda each: len(each.codes))):  # what short ones leave is for longer ones
            part = _columns(clip)[: (self.remembered_codes - done) // (len(clips) - number)]
            memory[done : done + len(part)] = part
            done += len(part)
        return memory

    def _told(self, clip: Heard, voice: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the predictor makes of a recording's codes in a voice [G].

        Returns:
            (channels [F, W], mel frames [F, CHANNELS], pitch [2, N] in octaves of frames that are voiced, foretold and heard).
        """
        ge = voice[None, :, None]
        phones = clip.codes.new_zeros(1, 1) if clip.phones is None else clip.phones[None]
        prior = self.prior(clip.codes[None], phones, ge, places=None if clip.places is None else clip.places[None])
        style, middle, _, _, _ = self._parts(voice[None])
        hidden = self.predictor.before_mel(prior.m[:, : self.width], self._intonation(clip.pitch_hz[None], middle), style)
        foretold = self.pitch(prior.m, ge)[0]
        voiced = (foretold > 0) & (clip.pitch_hz > 0)
        pitches = _octaves_of(torch.stack([foretold, clip.pitch_hz])[:, voiced])
        return hidden[0].float(), self.predictor.said(hidden)[0].T, pitches

    def mixed(self, voices: Tensor) -> Tensor:
        """One voice [G] of several [N, G], each weighing the same: the mean of what has one, a little of each one's memory."""
        taken = -(-self.remembered_codes // len(voices))
        style, middle, moves, corrections, memories = self._parts(voices)
        memories = memories.unflatten(1, (self.remembered_codes, _PER_MEMORY))
        known = torch.cat([each[each[:, 0] >= 0][:taken] for each in memories])[: self.remembered_codes]
        memory = self._empty_memory(voices)
        memory[: len(known)] = known
        correction = mean_of(Correction.of(corrections, self.width)).flat()[0] if len(voices) > 1 else corrections[0]
        return torch.cat([style.mean(0), middle.mean(0), moves.mean(0), correction, memory.flatten()])

    # --- speaking ----------------------------------------------------------------------------------------------------

    def prior(
        self, codes: Tensor, phones: Tensor, ge: Tensor, code_lengths: Tensor | None = None, phone_lengths: Tensor | None = None,
        speed: float = 1.0, *, compat: bool = False, places: Tensor | None = None,
    ) -> Prior:
        """What is to be said in every frame, before it gets its pitch.

        Args:
            codes: [B, S] tokens.
            phones: [B, P] phoneme ids.
            ge: [B, G, 1] voice, from `describe`.
            code_lengths: [B] real tokens; None when all are.
            phone_lengths: not needed: places lead to the phonemes.
            speed: Above 1 is faster.
            compat: int(F / speed) + 1 frames, as the public program when speed is not 1.
            places: [B, S] index of the phoneme that each token speaks, -1 where it is not known.

        Returns:
            A prior whose mean [B, L, F] is everything and whose spread is nothing.
        """
        del phone_lengths
        if code_lengths is None:
            mask = torch.ones_like(codes, dtype=torch.bool)
        else:
            mask = length_mask(code_lengths, codes.shape[1])[:, 0] > 0
        places = torch.full_like(codes, -1) if places is None else places
        voice = ge.expand(codes.shape[0], -1, -1)
        style, middle, moves, _, _ = self._parts(voice[:, :, 0])
        features, pitch = self.predictor.features(codes, mask, phones, places, style, self._memory(voice))
        octaves = moved(pitch[:, :1], moves) + middle[:, :, None]
        silent = features.new_zeros(features.shape[0], HOP, features.shape[2])
        hidden = torch.cat([features, octaves.to(features), pitch[:, 1:].to(features), silent], dim=1)
        frames = mask[:, None].to(hidden.dtype).repeat_interleave(FRAMES_PER_CODE, dim=2)
        if speed != 1.0:
            hidden, frames = stretch(hidden * frames, frames, speed, compat)
        return Prior(hidden, hidden * frames, torch.zeros_like(hidden), frames)

    def latent_of_prior(
        self, prior: Prior, ge: Tensor, noise_scale: float = 0.5, noise: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """The latents z [B, L, F] of a prior: what is said, and the noise of the breath.

        Args:
            prior: from `prior`.
            ge: not needed.
            noise_scale: how breathy; 0.5 is as the recordings.
            noise: [B, L, F] standard normal values, of which the last `hop` channels are used; drawn when None.
            generator: Source of the draw.
        """
        del ge
        size = (prior.m.shape[0], HOP, prior.m.shape[2])
        breath = torch.randn(size, dtype=prior.m.dtype, device=prior.m.device, generator=generator) if noise is None else noise[:, -HOP:]
        return torch.cat([prior.m[:, :-HOP], breath * (noise_scale / _USUAL_NOISE)], dim=1)

    def latent(
        self, codes: Tensor, phones: Tensor, ge: Tensor, code_lengths: Tensor | None = None, phone_lengths: Tensor | None = None, *,
        speed: float = 1.0, noise_scale: float = 0.5, noise: Tensor | None = None, generator: torch.Generator | None = None,
        compat: bool = False, places: Tensor | None = None,
    ) -> Tensor:
        """Everything of speaking but the mel frames and the generator; arguments as those of `prior` and `latent_of_prior`."""
        prior = self.prior(codes, phones, ge, code_lengths, phone_lengths, speed, compat=compat, places=places)
        return self.latent_of_prior(prior, ge, noise_scale, noise, generator)

    def pitch(self, z: Tensor, ge: Tensor) -> Tensor:
        """Fundamental frequency [B, F] in Hz that `render` gives latents, 0 where unvoiced."""
        del ge
        octaves, odds = z[:, self.width].float(), z[:, self.width + 1].float()
        return torch.where(odds > 0, clear_pitch(PITCH_CENTRE_HZ * torch.exp2(octaves)), torch.zeros_like(octaves))

    def cycles(self, pitch_hz: Tensor, frames: int) -> Tensor:
        """How many periods [B] the voice runs through over the first frames of a pitch track [B, F]."""
        return cycles_of(pitch_hz, self.hop, self.rate, frames)

    def mel(self, z: Tensor, ge: Tensor, pitch_hz: Tensor) -> Tensor:
        """The mel frames [B, CHANNELS, F] of latents at a pitch [B, F] in Hz."""
        ge = ge.expand(z.shape[0], -1, -1)
        style, middle, _, correction, _ = self._parts(ge[:, :, 0])
        pitch = self._intonation(pitch_hz, middle).to(z.dtype)
        found = Correction.of(correction, self.width)
        return self.predictor.mel(z[:, : self.width], pitch, style, correction=found, hush=_HUSH).to(z.dtype)

    def render(
        self, z: Tensor, ge: Tensor, lengths: Tensor | None = None, pitch_hz: Tensor | None = None, phase: Tensor | None = None
    ) -> Tensor:
        """Sound of latents.

        Args:
            z: [B, L, F] latents.
            ge: [B, G, 1] voice; one serves a whole batch too.
            lengths: [B] real frames; shorter items are rendered alone, beyond its length an item is silent.
            pitch_hz: [B, F] pitch to speak at instead of the model's own; the mel frames follow it.
            phase: [B] cycles of the voice at the first sample, where a piece goes on from another one.

        Returns:
            [B, 1, F * hop].
        """
        pitch_hz = self.pitch(z, ge) if pitch_hz is None else pitch_hz
        if lengths is None or bool((lengths >= z.shape[2]).all()):
            breath = z[:, -HOP:].transpose(1, 2).flatten(1)  # [B, F * HOP]
            return self.dec(self.mel(z, ge, pitch_hz), pitch_hz, breath, phase)
        wave, voices = z.new_zeros(z.shape[0], 1, z.shape[2] * self.hop), ge.expand(z.shape[0], -1, -1)
        for row, frames in enumerate(lengths.tolist()):
            one = slice(row, row + 1)
            start = None if phase is None else phase[one]
            wave[row, :, : frames * self.hop] = self.render(z[one, :, :frames], voices[one], None, pitch_hz[one, :frames], start)[0]
        return wave

    def decode(
        self, codes: Tensor, phones: Tensor, style: Tensor, code_lengths: Tensor | None = None, phone_lengths: Tensor | None = None, *,
        speed: float = 1.0, noise_scale: float = 0.5, noise: Tensor | None = None, generator: torch.Generator | None = None,
        compat: bool = False, places: Tensor | None = None,
    ) -> Tensor:
        """Speak whole items: [B, 1, F * hop], silent beyond each item's length; arguments as those of `latent`."""
        prior = self.prior(codes, phones, style, code_lengths, phone_lengths, speed, compat=compat, places=places)
        z = self.latent_of_prior(prior, style, noise_scale, noise, generator)
        return self.render(z, style, None if code_lengths is None else prior.mask.sum(dim=(1, 2)).long())

    def _empty_memory(self, like: Tensor) -> Tensor:
        """[remembered_codes, 1 + BANDS] of nothing."""
        memory = like.new_zeros(self.remembered_codes, _PER_MEMORY)
        memory[:, 0] = NO_CODE
        return memory

    def _intonation(self, pitch_hz: Tensor, middle: Tensor) -> Tensor:
        """[B, 2, F]: octaves of a pitch [B, F] above the middle [B, 1] of people, 0 where unvoiced; and 1 where voiced."""
        voiced = (pitch_hz > 0).to(middle.dtype)
        return torch.stack([(_octaves_of(pitch_hz).to(middle.dtype) - middle) * voiced, voiced], 1)

    def _parts(self, voices: Tensor) -> list[Tensor]:
        """Voices [B, G] cut up, each [B, numbers].

        They are style, middle of the pitch in octaves, how it moves (`movement_of`), correction, memory.
        """
        sizes = [self.style_channels, 1, 2, correction_size(self.width), self.remembered_codes * _PER_MEMORY]
        return list(voices.split(sizes, 1))

    def _memory(self, ge: Tensor) -> Memory:
        """What is looked up, of voices [B, G, 1]."""
        memory = self._parts(ge[:, :, 0])[4].unflatten(1, (self.remembered_codes, _PER_MEMORY))
        codes = memory[:, :, 0].float()
        there = codes >= 0
        there = there | ~there.any(1, keepdim=True)  # attention needs something to look at
        return Memory(codes.clamp_min(0).round().long(), memory[:, :, 1:].transpose(1, 2), there)


def memory_mel(mel: Tensor) -> Tensor:
    """Mel frames [CHANNELS, F] as the memory keeps them, one column per code: [BANDS, F / 2]."""
    return mel.unflatten(1, (-1, FRAMES_PER_CODE)).unflatten(0, (-1, BANDS)).mean(dim=(0, 3))


def _columns(clip: Heard) -> Tensor:
    """[S, 1 + BANDS]: the codes of a recording and their mel spectra."""
    return torch.cat([clip.codes[:, None].to(clip.mel.dtype), memory_mel(clip.mel).T], dim=1)


def _spectra(mel: Tensor) -> Tensor:
    """Frames [CHANNELS, F] as spectra in their order, [2 F, BANDS]."""
    return mel.T.reshape(-1, BANDS)


def _octaves(pitch_hz: Tensor) -> Tensor:
    return _octaves_of(pitch_hz[pitch_hz > 0])


def _octaves_of(pitch_hz: Tensor) -> Tensor:
    return torch.log2(pitch_hz.clamp_min(1.0) / PITCH_CENTRE_HZ)
