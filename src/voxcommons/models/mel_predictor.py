"""What a person's voice does with what is said: codes and phonemes in, pitch and mel spectrum out, frame by frame.

Every frame is told which phoneme it speaks, so nothing has to be found by attention, and it may look up how this person sounded when
saying something alike: the frames of the recording that a voice keeps are the memory of a cross-attention, which carries over to
people that were never trained on. One vector for a person, as most models have it, is there as well, but says less.

Shapes: B batch, S codes (25 Hz), F = 2 S frames (50 Hz), P phonemes, M remembered codes, W width, G channels of the style.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.configs import BANDS
from voxcommons.models.content import RotaryAttention
from voxcommons.models.convnext import ConvNeXtBlock
from voxcommons.models.correction import Correction
from voxcommons.models.mel_frames import CHANNELS

FRAMES_PER_CODE = 2
PLACE_FACTS = 3  # what `within_phoneme` tells of each code
_EXPANSION, _PITCH_KERNEL = 2, 3
_VECTOR_GAIN = 8.0  # entries of a unit vector are small


@dataclass(frozen=True)
class Memory:
    """How a person sounded in a recording.

    Attributes:
        codes: [B, M] codes of a recording, any value where `remembered` is False.
        mel: [B, BANDS, M] its mel spectrum, one column per code.
        remembered: [B, M] True at real codes.
    """

    codes: Tensor
    mel: Tensor
    remembered: Tensor


class MelPredictor(nn.Module):
    """Codes, phonemes, places and a person -> pitch, then the mel frames of that pitch."""

    def __init__(
        self, *, phones: int = 732, codes: int = 1024, code_dim: int = 64, phone_dim: int = 128, width: int = 192, heads: int = 4,
        style: int = 128, vector: int = 256, memory: int = 128, blocks_before: int = 3, blocks_after: int = 4, kernel: int = 5,
        dropout: float = 0.1,
    ) -> None:
        """Build the predictor.

        Args:
            phones: Rows of the phoneme table.
            codes: Number of semantic codes.
            code_dim: Channels of a code's embedding.
            phone_dim: Channels of the text.
            width: Channels W of the frames.
            heads: Heads of both attentions.
            style: Channels G of the style.
            vector: Size of the timbre encoder's vector.
            memory: Channels of the memory.
            blocks_before: Blocks at the rate of the codes.
            blocks_after: Blocks at frame rate, behind the pitch.
            kernel: Of the blocks, odd.
            dropout: Probability on the style, training only.
        """
        super().__init__()
        self.heads = heads
        # frames on each side that can influence one frame of `mel`
        self.mel_receptive_frames = _PITCH_KERNEL // 2 + blocks_after * (kernel // 2)
        self.code, self.phone = nn.Embedding(codes, code_dim), nn.Embedding(phones, phone_dim)
        nn.init.normal_(self.code.weight, 0.0, 0.5)
        nn.init.normal_(self.phone.weight, 0.0, 0.3)
        self.text1 = nn.Conv1d(phone_dim, phone_dim, 5, padding=2)
        self.text2 = nn.Conv1d(phone_dim, phone_dim, 3, padding=1)
        self.inp = nn.Conv1d(code_dim + phone_dim + PLACE_FACTS, width, 5, padding=2)
        self.stat, self.sv = nn.Linear(2 * BANDS + 2, style), nn.Linear(vector, style)
        self.snorm, self.drop = nn.LayerNorm(style), nn.Dropout(dropout)

        def block(channels: int) -> ConvNeXtBlock:
            return ConvNeXtBlock(channels, kernel=kernel, expansion=_EXPANSION, style_channels=style)

        self.before = nn.ModuleList(block(width) for _ in range(blocks_before))
        self.att_norm, self.att = nn.LayerNorm(width), RotaryAttention(width, heads, 0.0)
        self.rin, self.rblock = nn.Conv1d(code_dim + BANDS, memory, 3, padding=1), block(memory)
        self.rcode = nn.Conv1d(code_dim, code_dim, 5, padding=2)
        self.rk, self.rv = nn.Linear(code_dim + memory, memory), nn.Linear(memory, memory)
        self.rq, self.ro, self.rnorm = nn.Linear(width, memory), nn.Linear(memory, width), nn.LayerNorm(width)
        self.mid, self.up = block(width), nn.Linear(width, FRAMES_PER_CODE * width)
        self.pblock, self.pout = block(width), nn.Linear(width, 2)
        self.pin = nn.Conv1d(2, width, _PITCH_KERNEL, padding=_PITCH_KERNEL // 2)
        self.after = nn.ModuleList(block(width) for _ in range(blocks_after))
        self.onorm, self.out = nn.LayerNorm(width), nn.Linear(width, CHANNELS)

    def style(self, statistics: Tensor, vector: Tensor) -> Tensor:
        """The style [B, G] of people in one.

        Args:
            statistics: [B, 2 * BANDS + 2] see `voice_statistics`.
            vector: [B, V] of the timbre encoder.
        """
        return self.drop(self.snorm(self.stat(statistics) + _VECTOR_GAIN * self.sv(vector)))

    def features(
        self, codes: Tensor, mask: Tensor, phones: Tensor, places: Tensor, style: Tensor, memory: Memory
    ) -> tuple[Tensor, Tensor]:
        """Everything before the pitch is decided.

        Args:
            codes: [B, S].
            mask: [B, S], True at real codes.
            phones: [B, P].
            places: [B, S] index of the phoneme that each code speaks, -1 where it is not known.
            style: [B, G].
            memory: what is looked up.

        Returns:
            (features [B, W, F], pitch [B, 2, F]: octaves above the person's middle, log-odds of being voiced).
        """
        real = mask[:, None].to(style.dtype)
        places = places.masked_fill(~mask, -1)
        text = self.phone(phones).transpose(1, 2)
        text = text + F.gelu(self.text1(text))
        text = text + F.gelu(self.text2(text))  # [B, phone_dim, P]
        here = text.gather(2, places.clamp_min(0)[:, None].expand(-1, text.shape[1], -1)) * (places >= 0)[:, None]
        told = torch.cat([self.code(codes).transpose(1, 2), here, within_phoneme(places).to(here.dtype)], dim=1)
        x = self.inp(told * real) * real
        for block in self.before:
            x = block(x, style) * real
        x = x + self.att(self.att_norm(x.transpose(1, 2)), mask).transpose(1, 2)
        x = (x + self._remembered(x, style, memory)) * real
        x = self.mid(x, style) * real
        x = self.up(x.transpose(1, 2)).unflatten(2, (FRAMES_PER_CODE, -1)).flatten(1, 2).transpose(1, 2)
        x = x * real.repeat_interleave(FRAMES_PER_CODE, dim=2)
        return x, self.pout(self.pblock(x, style).transpose(1, 2)).transpose(1, 2).float()

    def mel(
        self, features: Tensor, pitch: Tensor, style: Tensor, mask: Tensor | None = None, correction: Correction | None = None,
        hush: float = 0.0,
    ) -> Tensor:
        """The mel frames [B, CHANNELS, F] of features spoken at a pitch.

        Args:
            features: [B, W, F].
            pitch: [B, 2, F] octaves above the person's middle (0 where unvoiced), and 1 where voiced.
            style: [B, G].
            mask: [B, 1, F], 1 at real frames; None when all are.
            correction: of the people; None leaves the frames as they are said.
            hush: see `Correction.corrected`.
        """
        hidden = self.before_mel(features, pitch, style, mask)
        mel = self.said(hidden)
        return mel if correction is None else correction.corrected(mel, hidden.float(), hush)

    def before_mel(self, features: Tensor, pitch: Tensor, style: Tensor, mask: Tensor | None = None) -> Tensor:
        """The channels [B, F, W] that mel frames are made from; arguments as those of `mel`."""
        x = features + self.pin(pitch.to(features.dtype))
        for block in self.after:
            x = block(x if mask is None else x * mask, style)
        return self.onorm(x.transpose(1, 2))

    def said(self, hidden: Tensor) -> Tensor:
        """The mel frames [B, CHANNELS, F] of `before_mel`."""
        return self.out(hidden).transpose(1, 2).float()

    def _remembered(self, x: Tensor, style: Tensor, memory: Memory) -> Tensor:
        """What the person's recording has to say about frames x [B, W, S]."""
        there = memory.remembered[:, None].to(x.dtype)
        codes = self.code(memory.codes).transpose(1, 2) * there  # [B, code_dim, M]
        near = F.gelu(self.rcode(codes)).transpose(1, 2)
        heard = self.rin(torch.cat([codes, memory.mel.to(codes.dtype) * there], dim=1)) * there
        heard = self.rblock(heard, style).transpose(1, 2)
        query, key, value = self.rq(self.rnorm(x.transpose(1, 2))), self.rk(torch.cat([near, heard], -1)), self.rv(heard)
        query, key, value = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in (query, key, value))
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=memory.remembered[:, None, None])
        return self.ro(found.transpose(1, 2).flatten(2)).transpose(1, 2)


def within_phoneme(places: Tensor) -> Tensor:
    """How far each code is from both ends of its phoneme, and how long that is: [B, 3, S] of places [B, S].

    Codes without a place count as one phoneme; a caller masks them.
    """
    steps = places.shape[1]
    number = torch.arange(steps, device=places.device).expand_as(places)
    fresh = torch.ones_like(places, dtype=torch.bool)
    fresh[:, 1:] = places[:, 1:] != places[:, :-1]
    last = torch.ones_like(fresh)
    last[:, :-1] = fresh[:, 1:]
    first = torch.where(fresh, number, 0).cummax(1).values
    end = torch.where(last, number, steps).flip(1).cummin(1).values.flip(1)
    left, right = (number - first).float(), (end - number).float()
    known = (places >= 0)[:, None].float()
    return torch.stack([left.clamp_max(8) / 4, right.clamp_max(8) / 4, torch.log1p((left + right).clamp_max(20)) / 2], 1) * known


def voice_statistics(mel: Tensor, pitch_octaves: Tensor) -> Tensor:
    """Middle and spread of a recording's spectrum and pitch, [2 * BANDS + 2].

    Args:
        mel: [2 F, BANDS] normalised log-mel spectra; the quieter two fifths are left out.
        pitch_octaves: [N] of the voiced frames.
    """
    level = mel.mean(1)
    loud = mel[level > torch.quantile(level, 0.4)] if len(mel) > 4 else mel
    enough = len(pitch_octaves) > 3
    middle = pitch_octaves.median() if enough else mel.new_zeros(())
    spread = pitch_octaves.std(correction=0).clamp(0, 0.6) if enough else mel.new_zeros(())
    return torch.cat([loud.mean(0), loud.std(0, correction=0), torch.stack([middle, spread])])
