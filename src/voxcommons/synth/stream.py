"""From semantic tokens to sound, block by block, so that speech can be heard while it is still being thought of.

A sentence is *defined* as the sum of its blocks: the same blocks are rendered whether a listener waits for the
sentence or takes pieces as they come, so the pieces are the whole, sample by sample. A block sees the tokens before
it and a few after it, never the whole sentence; see docs/adr/0004-token-streaming.md for why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from voxcommons.models.text_code_encoder import Prior
from voxcommons.synth.chunks import Samples
from voxcommons.synth.course import Course, Delivery

if TYPE_CHECKING:
    from voxcommons.models.mel_acoustic import MelAcoustic
    from voxcommons.models.semantic_to_wave import SemanticToWave

_NOISE_FRAMES = 64  # frames drawn at a time


@dataclass(frozen=True)
class BlockSizes:
    """How a sentence is cut into blocks; all in semantic tokens (40 ms) unless the name says frames (20 ms).

    Attributes:
        first: length of the first block; with `look_ahead` it decides how soon something is heard.
        growth: each block is this many times as long as the one before it.
        largest: the longest block.
        look_ahead: tokens after a block that its prior sees.
        context: tokens before a block that its prior sees.
        left_frames, right_frames: frames around a block that pass through flow and generator with it.
        fade_frames: frames over which a block is faded into the next.
    """

    first: int = 16
    growth: int = 3
    largest: int = 96
    look_ahead: int = 8
    context: int = 100
    left_frames: int = 24
    right_frames: int = 16
    fade_frames: int = 1


@dataclass(frozen=True)
class Block:
    """Tokens [start, stop) of a sentence."""

    start: int
    stop: int
    final: bool


def blocks(codes: Iterable[int], sizes: BlockSizes) -> Iterator[tuple[Block, Sequence[int]]]:
    """Cut tokens into blocks as they arrive.

    A block is ready when more than its look-ahead is known; what remains at the end is the final one. So where
    blocks lie depends on the number of tokens alone.

    Args:
        codes: the tokens of one sentence; may be a running decoder.
        sizes: the scheme.

    Yields:
        (block, the tokens of the sentence that it may see).
    """
    known: list[int] = []
    start, length = 0, sizes.first
    for code in codes:
        known.append(code)
        if len(known) > start + length + sizes.look_ahead:
            yield Block(start, start + length, False), known[: start + length + sizes.look_ahead]
            start, length = start + length, min(length * sizes.growth, sizes.largest)
    if known:
        yield Block(start, len(known), True), known


def derived_seed(seed: int, *path: object) -> int:
    """A seed for one purpose: the same for the same path, unrelated to all others."""
    digest = hashlib.sha256("/".join(map(str, (seed, *path))).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class FrameNoise:
    """Normal noise that belongs to a frame's number, however the frames are cut.

    Args:
        seed: of the sentence.
        channels: latent channels D.
    """

    def __init__(self, seed: int, channels: int) -> None:
        self._seed, self._channels = seed, channels

    def frames(self, start: int, stop: int) -> Tensor:
        """[1, D, stop - start] on the CPU."""
        first = start // _NOISE_FRAMES
        drawn = [self._draw(index) for index in range(first, -(-stop // _NOISE_FRAMES))]
        offset = first * _NOISE_FRAMES
        return torch.cat(drawn, dim=1)[None, :, start - offset : stop - offset]

    def _draw(self, index: int) -> Tensor:
        generator = torch.Generator().manual_seed(derived_seed(self._seed, "frames", index))
        return torch.randn(self._channels, _NOISE_FRAMES, generator=generator)


@dataclass(frozen=True)
class SentenceRenderer:
    """Turns blocks of one sentence into samples.

    Attributes:
        model: the acoustic model.
        phones: [1, P] ids of the sentence.
        style: [1, gin, 1] the speaker.
        speed: above 1 is faster.
        noise_scale: spread of the latents.
        seed: of the sentence.
        sizes: the scheme.
        places: tells of the tokens so far [S] which phoneme [S] each one speaks, for models that want to know.
        course: of this sentence, where words are spoken each in a manner of its own; None for `speed` alone.
    """

    model: SemanticToWave | MelAcoustic
    phones: Tensor
    style: Tensor
    speed: float = 1.0
    noise_scale: float = 0.5
    seed: int = 0
    sizes: BlockSizes = BlockSizes()
    places: Callable[[Tensor], Tensor] | None = None
    course: Course | None = None

    @cached_property
    def _course(self) -> Course:
        return self.course or Course(Delivery.even(1, self.speed), None, self.model.frames_per_code)

    def frame_of(self, code: int) -> int:
        """The output frame at which a token begins."""
        return self._course.frame_of(code)

    def samples_of(self, codes: int) -> int:
        """How many samples a sentence of so many tokens has."""
        return self._stop_frame(Block(0, codes, True)) * self.model.hop

    def pieces(self, codes: Iterable[int]) -> Iterator[Samples]:
        """The sentence's samples in order, one piece [T] per block; the pieces joined are the sentence."""
        fade = _fade_in(self.sizes.fade_frames * self.model.hop)
        held: Samples | None = None
        cycles: Tensor | None = None
        for block, known in blocks(codes, self.sizes):
            samples, cycles = self.render(block, known, cycles)
            if held is not None:
                samples[: len(held)] = held * (1 - fade) + samples[: len(held)] * fade
            keep = len(samples) if block.final else len(samples) - len(fade)
            held = samples[keep:]
            yield samples[:keep]

    @torch.inference_mode()
    def render(self, block: Block, known: Sequence[int], cycles: Tensor | None = None) -> tuple[Samples, Tensor | None]:
        """Render one block, and `fade_frames` more unless it is the final one.

        Args:
            block: which tokens.
            known: the sentence's tokens from its start to the end of the block's look-ahead.
            cycles: [1] of the voice where the block begins, as the block before it told.

        Returns:
            ([T] samples, cycles [1] of the voice where the next block begins; None for generators without a pitch).
        """
        sizes = self.sizes
        self._course.see(torch.tensor(list(known), device=self.phones.device), block.stop)
        first = max(0, block.start - sizes.context)
        begin, end = self.frame_of(block.start), self._stop_frame(block)
        beyond = 0 if block.final else sizes.fade_frames
        low = max(self.frame_of(first), begin - sizes.left_frames)
        high = end if block.final else end + max(beyond, sizes.right_frames)
        prior = self._prior(known, first, low, high)
        noise = FrameNoise(self.seed, prior.m.shape[1]).frames(low, high).to(prior.m)  # [1, D, high - low]
        latent = self.model.latent_of_prior(prior, self.style, self.noise_scale, noise)
        pitch_hz = self.model.pitch(latent, self.style)
        if pitch_hz is None:
            wave = self.model.render(latent, self.style)  # [1, 1, T]
        else:  # the voice goes on at `begin` where it stood; the context before it is counted back from there
            model = cast("MelAcoustic", self.model)
            pitch_hz = self._course.pitched(pitch_hz, low)
            at_begin = latent.new_zeros(1, dtype=torch.float64) if cycles is None else cycles
            at_low = at_begin - model.cycles(pitch_hz, begin - low)
            wave = model.render(latent, self.style, pitch_hz=pitch_hz, phase=at_low)
            cycles = at_low + model.cycles(pitch_hz, end - low)
        cut = wave[0, 0, (begin - low) * self.model.hop : (end + beyond - low) * self.model.hop]
        return cut.float().cpu().numpy().copy(), cycles

    def _stop_frame(self, block: Block) -> int:
        return max(self.frame_of(block.start) + 1, self.frame_of(block.stop)) if block.final else self.frame_of(block.stop)

    def _prior(self, codes: Sequence[int], first: int, low: int, high: int) -> Prior:
        """The prior of output frames [low, high), from the tokens of number `first` on.

        The stretch to another speed is done here and not by the model, because a block needs its frames at their
        places in the sentence; the last projection is pointwise, so stretching behind it is the same.
        """
        device = self.phones.device
        tokens = torch.tensor(list(codes), device=device)
        places = None if self.places is None else self.places(tokens)[None, first:]
        whole = self.model.prior(tokens[None, first:], self.phones, self.style, places=places)
        source = self._course.sources(low, high).to(device)
        place = (source - self.model.frames_per_code * first).clamp(0, whole.m.shape[2] - 1)  # [high - low]
        before = place.floor().long()
        after = (before + 1).clamp(max=whole.m.shape[2] - 1)
        share = (place - before).to(whole.m.dtype)

        def at_places(x: Tensor) -> Tensor:
            return torch.lerp(x[..., before], x[..., after], share)

        return Prior(at_places(whole.hidden), at_places(whole.m), at_places(whole.logs), whole.mask.new_ones(1, 1, high - low))


def _fade_in(samples: int) -> Samples:
    """Raised cosine from 0 to 1, [samples]; the two sides of a joint are alike, so amplitudes add to one."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / samples)).astype(np.float32)
