"""The phonetic content encoder: sound in, codes of what is said out.

It takes the place that HuBERT has in the public models, at a hundredth of the size: a small Conformer
trained with CTC on phonemes *through* a quantiser, so that the codes carry the words and not the speaker
(the supervised semantic tokeniser of CosyVoice, arXiv 2407.05407). Its CTC head is also the project's own
recogniser. It must not know about files, voices or languages.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.audio.spectrogram import mel_filterbank
from voxcommons.models.fsq import FiniteScalarQuantizer

RATE = 16000
WINDOW_SAMPLES = 400
FFT_SAMPLES = 512
HOP_SAMPLES = 160  # 100 mel frames per second
MELS = 80
STRIDE = 4  # mel frames per code: 25 codes per second


class LogMel(nn.Module):
    """16 kHz waveform -> mean-normalised log-mel frames at 100 Hz."""

    window: Tensor
    bank: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(WINDOW_SAMPLES), persistent=False)
        self.register_buffer("bank", mel_filterbank(RATE, FFT_SAMPLES, MELS, fmin_hz=20.0), persistent=False)

    def forward(self, wave: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return (log-mel [B, F100, MELS] with zeros in the padding, frame counts [B]).

        Args:
            wave: [B, T] in [-1, 1] at 16 kHz, zero padded.
            lengths: samples per item [B].
        """
        spectrum = torch.stft(
            wave.float(), FFT_SAMPLES, HOP_SAMPLES, WINDOW_SAMPLES, self.window, center=True, pad_mode="constant",
            return_complex=True,
        )  # [B, 257, F100]
        mel = torch.log(self.bank @ spectrum.abs().square() + 1e-6).transpose(1, 2)  # [B, F100, MELS]
        frames = torch.div(lengths, HOP_SAMPLES, rounding_mode="floor")
        mel = mel[:, : max(int(frames.max()), 1)]
        valid = (torch.arange(mel.shape[1], device=mel.device) < frames[:, None]).unsqueeze(-1)
        mean = (mel * valid).sum(1, keepdim=True) / frames.clamp(min=1)[:, None, None]
        return (mel - mean) * valid, frames


class RotaryAttention(nn.Module):
    """Multi-head self attention with rotary positions (Su et al., arXiv 2104.09864)."""

    frequencies: Tensor

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.packed = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        half = width // heads // 2
        self.register_buffer("frequencies", 10000.0 ** (-torch.arange(half) / half), persistent=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Attend within [B, S, D]; ``mask`` [B, S] is True at real positions."""
        batch, steps, width = x.shape
        angles = torch.arange(steps, device=x.device)[:, None] * self.frequencies  # [S, half]
        cos, sin = angles.cos(), angles.sin()

        def turn(t: Tensor) -> Tensor:
            a, b = t.float().chunk(2, -1)
            return torch.cat([a * cos - b * sin, a * sin + b * cos], -1).to(t.dtype)

        q, k, v = self.packed(x).view(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # each [B, H, S, D/H]
        y = F.scaled_dot_product_attention(
            turn(q), turn(k), v, attn_mask=mask[:, None, None], dropout_p=self.dropout if self.training else 0.0
        )
        return self.out(y.transpose(1, 2).reshape(batch, steps, width))


class ConformerBlock(nn.Module):
    """Half feed-forward, attention, depthwise convolution, half feed-forward (arXiv 2005.08100), pre-norm.

    The convolution is normalised by LayerNorm instead of batch statistics, so an item's codes never depend on its batch.
    """

    def __init__(self, width: int, heads: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.feed_in = self._feed_forward(width, dropout)
        self.attention_norm, self.attention = nn.LayerNorm(width), RotaryAttention(width, heads, dropout)
        self.conv_norm, self.conv_in = nn.LayerNorm(width), nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.depthwise_norm, self.conv_out = nn.LayerNorm(width), nn.Linear(width, width)
        self.feed_out = self._feed_forward(width, dropout)
        self.final_norm, self.drop = nn.LayerNorm(width), nn.Dropout(dropout)

    @staticmethod
    def _feed_forward(width: int, dropout: float) -> nn.Sequential:
        return nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map [B, S, D] to [B, S, D]; ``mask`` [B, S] is True at real positions."""
        x = x + 0.5 * self.drop(self.feed_in(x))
        x = x + self.drop(self.attention(self.attention_norm(x), mask))
        gated = F.glu(self.conv_in(self.conv_norm(x)), dim=-1) * mask.unsqueeze(-1)
        local = self.depthwise(gated.transpose(1, 2)).transpose(1, 2)
        x = x + self.drop(self.conv_out(F.silu(self.depthwise_norm(local))))
        x = x + 0.5 * self.drop(self.feed_out(x))
        return self.final_norm(x)


class PhoneticContentEncoder(nn.Module):
    """Log-mel -> strided convolutions -> Conformer -> quantiser -> Conformer -> CTC over phonemes.

    Args:
        width: channels D.
        heads: attention heads.
        blocks_before, blocks_after: Conformer blocks on each side of the quantiser.
        kernel: depthwise kernel in 40 ms steps.
        levels: levels of the finite scalar quantiser; their product is the number of codes.
        phones: rows of the symbol table; the CTC blank is the class after the last phone.
        dropout: used in training only.
    """

    def __init__(
        self, *, width: int = 192, heads: int = 4, blocks_before: int = 4, blocks_after: int = 2, kernel: int = 15,
        levels: tuple[int, ...] = (4, 4, 4, 4, 4), phones: int = 732, dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.blank_id = phones
        self.log_mel = LogMel()
        self.conv1 = nn.Conv1d(MELS, width, 5, stride=2, padding=2)
        self.conv2 = nn.Conv1d(width, width, 5, stride=2, padding=2)
        self.before = nn.ModuleList(ConformerBlock(width, heads, kernel, dropout) for _ in range(blocks_before))
        self.quantizer = FiniteScalarQuantizer(width, levels)
        self.after = nn.ModuleList(ConformerBlock(width, heads, kernel, dropout) for _ in range(blocks_after))
        self.head = nn.Linear(width, phones + 1)

    def features(self, mel: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Describe log-mel frames, still unquantised.

        Args:
            mel: [B, F100, MELS]; zeros in the padding.
            frames: real mel frames per item [B].

        Returns:
            (features [B, S, D], mask [B, S] True at real positions).
        """
        x = F.gelu(self.conv1(mel.transpose(1, 2)))
        half = torch.div(frames + 1, 2, rounding_mode="floor")
        x = x * (torch.arange(x.shape[2], device=x.device) < half[:, None]).unsqueeze(1)
        x = F.gelu(self.conv2(x)).transpose(1, 2)  # [B, S, D]
        steps = torch.div(frames, STRIDE, rounding_mode="floor").clamp(min=1)
        x = x[:, : int(steps.max())]
        mask = torch.arange(x.shape[1], device=x.device) < steps[:, None]
        for block in self.before:
            x = block(x, mask)
        return x, mask

    def forward(self, mel: Tensor, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (phone log-probabilities [B, S, phones + 1], those before the quantiser, steps [B]).

        The early ones come through the same head; their loss teaches the first blocks long before the codes mean anything.
        """
        early, mask = self.features(mel, frames)
        x = self.quantizer(early)[0].to(early.dtype)
        for block in self.after:
            x = block(x, mask)
        return self.head(x).float().log_softmax(-1), self.head(early).float().log_softmax(-1), mask.sum(1)

    def tokens(self, wave: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return semantic codes [B, S] (25 per second) of 16 kHz sound [B, T]; padding positions are 0."""
        mel, frames = self.log_mel(wave, self._lengths(wave, lengths))
        x, mask = self.features(mel, frames)
        return self.quantizer(x)[1] * mask

    def log_probs(self, wave: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return CTC log-probabilities [B, S, phones + 1] of 16 kHz sound [B, T]; the blank is ``blank_id``."""
        return self(*self.log_mel(wave, self._lengths(wave, lengths)))[0]

    def log_probs_of_codes(self, codes: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return CTC log-probabilities [B, S, phones + 1] of codes [B, S]: what a listener would make of them, without sound.

        Args:
            codes: padded with any code.
            lengths: real codes per item [B]; None when all are.
        """
        counts = torch.full((codes.shape[0],), codes.shape[1], device=codes.device) if lengths is None else lengths
        mask = torch.arange(codes.shape[1], device=codes.device) < counts[:, None]
        x = self.quantizer.embed(codes).to(self.head.weight.dtype)
        for block in self.after:
            x = block(x, mask)
        return self.head(x).float().log_softmax(-1)

    def phones(self, wave: Tensor) -> list[int]:
        """Recognise the phoneme ids of one recording [T] or [1, T] by the best CTC path."""
        best = self.log_probs(wave.reshape(1, -1))[0].argmax(-1)
        return [int(phone) for phone in torch.unique_consecutive(best) if phone != self.blank_id]

    @staticmethod
    def _lengths(wave: Tensor, lengths: Tensor | None) -> Tensor:
        return torch.full((wave.shape[0],), wave.shape[1], device=wave.device) if lengths is None else lengths
