"""The acoustic model: semantic tokens, phonemes and a style vector in, sound out.

One class serves every public size (v1, v2, v2Pro, v2ProPlus); what differs is constructor parameters, and
its state-dict keys are the public ones. The starter has a lighter model behind the same calls, `mel_acoustic`.
It is a conditional variational autoencoder after VITS (Kim et al., arXiv 2106.06103) without a duration model: the tokens
carry the timing.

Shapes: B batch, T samples, F frames (two per token), S semantic tokens, P phonemes, G style channels, L latent channels.

How far a sample can see: `flow.receptive_frames` latent frames to each side through the flow and `dec.receptive_frames`
through the generator (32 and 12 at the public sizes). The prior sees its whole sequence. So a piece of sound equals the same
piece of the whole when `render` gets that many frames of context around it, and `latent_of_prior` likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from voxcommons.models.flow import CouplingFlow
from voxcommons.models.hifigan import HifiganGenerator
from voxcommons.models.posterior_encoder import PosteriorEncoder
from voxcommons.models.quantizer import ResidualQuantizer
from voxcommons.models.style_encoder import MelStyleEncoder, Reference
from voxcommons.models.text_code_encoder import Prior, TextCodeEncoder, stretch
from voxcommons.models.training_pass import TrainingPass, length_mask, slice_starts, take_slices

__all__ = [
    "PosteriorEncoder",
    "Prior",
    "Reference",
    "SemanticToWave",
    "StreamPiece",
    "TrainingPass",
    "length_mask",
    "slice_starts",
    "take_slices",
]


@dataclass(frozen=True)
class StreamPiece:
    """One answer of `decode_streaming`.

    Attributes:
        wave: [1, 1, T].
        hidden: [1, hidden, F] prior features of the piece; its last frames are the next call's `overlap`.
        mask: [1, 1, F].
    """

    wave: Tensor
    hidden: Tensor
    mask: Tensor


class SemanticToWave(nn.Module):
    """Semantic tokens + phonemes + style -> waveform. Defaults are the public v2 model."""

    def __init__(
        self,
        *,
        phones: int = 732,
        hidden: int = 192,
        latent: int = 192,
        filters: int = 768,
        heads: int = 2,
        layers: int = 6,
        kernel: int = 3,
        dropout: float = 0.1,
        window: int = 4,
        mrte_hidden: int = 512,
        mrte_heads: int = 4,
        ssl_dim: int = 768,
        ssl_proj: bool = True,
        codebook_size: int = 1024,
        trainable_codebook: bool = False,
        frames_per_code: int = 2,
        spec_bins: int = 1025,
        ref_bins: int = 704,
        style_hidden: int = 128,
        style_heads: int = 2,
        style_kernel: int = 5,
        style_dropout: float = 0.1,
        gin: int = 512,
        speaker_dim: int = 0,
        posterior: bool = True,
        posterior_layers: int = 16,
        posterior_kernel: int = 5,
        flow_count: int = 4,
        flow_layers: int = 4,
        flow_hidden: int | None = None,
        flow_kernel: int = 5,
        generator_channels: int = 512,
        upsample_rates: tuple[int, ...] = (10, 8, 2, 2, 2),
        upsample_kernels: tuple[int, ...] = (16, 16, 8, 2, 2),
        block_kernels: tuple[int, ...] = (3, 7, 11),
        block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    ) -> None:
        """Build the model; `SemanticToWaveConfig` describes every parameter."""
        super().__init__()
        self.latent_channels, self.spec_bins, self.gin = latent, spec_bins, gin
        self.frames_per_code, self.speaker_dim = frames_per_code, speaker_dim
        self.enc_p = TextCodeEncoder(
            ssl_dim, phones, latent, hidden, filters, heads, layers, kernel, dropout, window, mrte_hidden, mrte_heads
        )
        self.dec = HifiganGenerator(
            latent, gin, generator_channels, upsample_rates, upsample_kernels, block_kernels, block_dilations
        )
        self.hop = int(torch.Size(upsample_rates).numel())
        if posterior:
            self.enc_q = PosteriorEncoder(spec_bins, latent, hidden, posterior_kernel, posterior_layers, gin)
        self.flow = CouplingFlow(latent, flow_hidden or hidden, flow_kernel, flow_layers, flow_count, gin)
        self.ref_enc = MelStyleEncoder(ref_bins, style_hidden, gin, style_kernel, style_heads, style_dropout)
        if ssl_proj:
            self.ssl_proj = nn.Conv1d(ssl_dim, ssl_dim, frames_per_code, stride=frames_per_code)
        self.quantizer = ResidualQuantizer(codebook_size, ssl_dim, trainable_codebook)
        if speaker_dim:
            self.sv_emb = nn.Linear(speaker_dim, gin)
            self.prelu = nn.PReLU(gin)
        if gin != mrte_hidden:  # the text side keeps its own, smaller style
            self.ge_to512 = nn.Linear(gin, mrte_hidden)

    @property
    def receptive_frames(self) -> int:
        """Latent frames on each side that can influence one frame of sound, behind the prior."""
        return self.flow.receptive_frames + self.dec.receptive_frames

    # --- style -------------------------------------------------------------------------------------------------------

    def style(
        self,
        spec: Tensor,
        lengths: Tensor | None = None,
        sv: Tensor | None = None,
        *,
        compat: bool = False,
    ) -> Tensor:
        """Describe how the speakers of some recordings sound.

        Args:
            spec: [B, bins, F] linear magnitudes; at least the model's `ref_bins`.
            lengths: [B] real frames, or a float mask [B, 1, F]; None when all are real.
            sv: [B, speaker_dim] speaker-verification vectors; needed exactly by models that take them.
            compat: Padding leaks into the style as in the public program.

        Returns:
            [B, G, 1].

        Raises:
            ValueError: If sv is given to a model without it, or missing.
        """
        if (sv is None) == bool(self.speaker_dim):
            wanted = f"a speaker vector of {self.speaker_dim} values" if self.speaker_dim else "no speaker vector"
            raise ValueError(f"style of this model: expected {wanted}, found {'none' if sv is None else 'one'}")
        mask = lengths if lengths is None or lengths.dim() == 3 else length_mask(lengths, spec.shape[-1])
        ge = self.ref_enc(spec, mask, compat)
        if sv is not None:
            ge = self.prelu(ge + self.sv_emb(sv).unsqueeze(-1))
        return ge

    def style_of_references(self, references: Sequence[Reference]) -> Tensor:
        """Average style [1, G, 1] of several clips; their order does not matter."""
        return torch.stack([self.style(r.spec, sv=r.sv) for r in references]).mean(dim=0)

    def text_style(self, ge: Tensor) -> Tensor:
        """The style [B, mrte_hidden, 1] that the text side takes."""
        if not hasattr(self, "ge_to512"):
            return ge
        return self.ge_to512(ge.transpose(1, 2)).transpose(1, 2)

    # --- tokens ------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def extract_codes(self, ssl: Tensor) -> Tensor:
        """Semantic tokens [B, 1, S] of content features ssl [B, ssl_dim, F]; an odd last frame is dropped."""
        return self.quantizer.encode(self.ssl_proj(ssl))

    # --- speaking ----------------------------------------------------------------------------------------------------

    def prior(
        self,
        codes: Tensor,
        phones: Tensor,
        ge: Tensor,
        code_lengths: Tensor | None = None,
        phone_lengths: Tensor | None = None,
        speed: float = 1.0,
        *,
        compat: bool = False,
        places: Tensor | None = None,
    ) -> Prior:
        """What the latents should be, frame by frame.

        Args:
            codes: [B, S] int64 tokens.
            phones: [B, P] int64 phoneme ids of the same words.
            ge: [B, G, 1] style.
            code_lengths: [B] real tokens; None when all are.
            phone_lengths: [B] real phonemes; None when all are.
            speed: Above 1 is faster; the result has round(F / speed) frames.
            compat: int(F / speed) + 1 frames, as the public program when speed is not 1.
            places: not needed: cross-attention finds the phonemes.

        Returns:
            The prior of F = frames_per_code * S (stretched) frames.
        """
        del places
        features = self._code_features(codes)
        mask = _mask(code_lengths, codes.shape[1], features).repeat_interleave(self.frames_per_code, dim=2)
        phone_mask = _mask(phone_lengths, phones.shape[1], features)
        return self.enc_p(features, mask, phones, phone_mask, self.text_style(ge), speed, compat)

    def latent_of_prior(
        self,
        prior: Prior,
        ge: Tensor,
        noise_scale: float = 0.5,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw latents z [B, L, F] from a prior and bring them through the flow; see `latent`."""
        z_p = prior.m
        if noise_scale:
            if noise is None:
                noise = torch.randn(z_p.shape, dtype=z_p.dtype, device=z_p.device, generator=generator)
            z_p = z_p + noise * torch.exp(prior.logs) * noise_scale
        return self.flow(z_p * prior.mask, prior.mask, ge, reverse=True)

    def latent(
        self,
        codes: Tensor,
        phones: Tensor,
        ge: Tensor,
        code_lengths: Tensor | None = None,
        phone_lengths: Tensor | None = None,
        *,
        speed: float = 1.0,
        noise_scale: float = 0.5,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
        compat: bool = False,
    ) -> Tensor:
        """Everything of speaking but the generator.

        Args:
            codes: [B, S] int64 tokens.
            phones: [B, P] int64 phoneme ids.
            ge: [B, G, 1] style.
            code_lengths: [B] real tokens; None when all are.
            phone_lengths: [B] real phonemes; None when all are.
            speed: Above 1 is faster.
            noise_scale: 0 speaks the mean; larger is livelier and rougher.
            noise: [B, L, F] standard normal values to use, F after stretching.
            generator: Source of the draw when no noise is given.
            compat: Reproduce the public program's frame count.

        Returns:
            z [B, L, F], zero beyond each item's length.
        """
        prior = self.prior(codes, phones, ge, code_lengths, phone_lengths, speed, compat=compat)
        return self.latent_of_prior(prior, ge, noise_scale, noise, generator)

    def pitch(self, z: Tensor, ge: Tensor) -> None:
        """None: pitch and timbre are one in its latents; other acoustic models tell the pitch they would render."""

    def render(self, z: Tensor, ge: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Sound of latents in a style.

        Args:
            z: [B, L, F] latents.
            ge: [B, G, 1] style; one style serves a whole batch too.
            lengths: [B] real frames. Shorter items are rendered alone, for the generator would hear the padding in their
                last `dec.receptive_frames` frames; beyond its length an item is silent.

        Returns:
            [B, 1, F * hop].
        """
        if lengths is None or bool((lengths >= z.shape[2]).all()):
            return self.dec(z, ge)
        styles = ge.expand(z.shape[0], -1, -1)
        wave = z.new_zeros(z.shape[0], 1, z.shape[2] * self.hop)
        for item, frames in enumerate(lengths.tolist()):
            wave[item, :, : frames * self.hop] = self.dec(z[item : item + 1, :, :frames], styles[item : item + 1])[0]
        return wave

    def decode(
        self,
        codes: Tensor,
        phones: Tensor,
        style: Tensor | Sequence[Reference],
        code_lengths: Tensor | None = None,
        phone_lengths: Tensor | None = None,
        *,
        speed: float = 1.0,
        noise_scale: float = 0.5,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
        compat: bool = False,
    ) -> Tensor:
        """Speak: `latent` then `render`, from a ready style [B, G, 1] or from references to average.

        The other arguments are those of `latent`.

        Returns:
            [B, 1, F * hop], silent beyond each item's length.
        """
        ge = style if isinstance(style, Tensor) else self.style_of_references(style)
        prior = self.prior(codes, phones, ge, code_lengths, phone_lengths, speed, compat=compat)
        z = self.latent_of_prior(prior, ge, noise_scale, noise, generator)
        return self.render(z, ge, None if code_lengths is None else prior.mask.sum(dim=(1, 2)).long())

    def decode_streaming(
        self,
        codes: Tensor,
        phones: Tensor,
        ge: Tensor,
        *,
        new_codes: int | None = None,
        overlap: Tensor | None = None,
        speed: float = 1.0,
        noise_scale: float = 0.5,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
        compat: bool = False,
    ) -> StreamPiece:
        """Speak the newest tokens of a growing sequence.

        The prior reads all tokens so far, only the frames of the last `new_codes` go on to the flow and the generator.

        Args:
            codes: [1, S] all tokens so far.
            phones: [1, P] phonemes of the whole sentence.
            ge: [1, G, 1] style.
            new_codes: How many of the last tokens to render; None for all.
            overlap: [1, hidden, N] last features of the previous piece, cross-faded into the first N frames.
            speed: Above 1 is faster.
            noise_scale: As in `latent`.
            noise: [1, L, F] values to use.
            generator: Source of the draw.
            compat: The public program's frame count.

        Returns:
            The piece's sound and the features to hand to the next call.
        """
        features = self._code_features(codes)
        mask, phone_mask = features.new_ones(1, 1, features.shape[2]), features.new_ones(1, 1, phones.shape[1])
        hidden = self.enc_p.features(features, mask, phones, phone_mask, self.text_style(ge))
        if new_codes is not None:
            frames = new_codes * self.frames_per_code
            hidden, mask = hidden[:, :, -frames:], mask[:, :, -frames:]
        if speed != 1.0:
            hidden, mask = stretch(hidden, mask, speed, compat)
        if overlap is not None:
            hidden = _cross_fade(overlap, hidden)
        prior = self.enc_p.project(hidden, mask)
        z = self.latent_of_prior(prior, ge, noise_scale, noise, generator)
        return StreamPiece(self.render(z, ge), hidden, mask)

    # --- training ----------------------------------------------------------------------------------------------------

    def forward(
        self,
        spec: Tensor,
        spec_lengths: Tensor,
        phones: Tensor,
        phone_lengths: Tensor,
        *,
        codes: Tensor | None = None,
        ssl: Tensor | None = None,
        style_spec: Tensor | None = None,
        style_lengths: Tensor | None = None,
        sv: Tensor | None = None,
        ge: Tensor | None = None,
        segment_frames: int | None = 32,
        slice_rand: Tensor | None = None,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
        detach_style: bool = False,
        detach_posterior_style: bool = True,
        detach_posterior: bool = False,
        compat: bool = False,
    ) -> TrainingPass:
        """One pass of variational training: posterior, prior, flow and a rendered segment.

        Args:
            spec: [B, bins, F] linear magnitudes of the target, zero-padded.
            spec_lengths: [B] real frames.
            phones: [B, P] phoneme ids.
            phone_lengths: [B] real phonemes.
            codes: [B, S] ready tokens, about F / frames_per_code; or None to take them from ssl.
            ssl: [B, ssl_dim, F] content features.
            style_spec: [B, bins, F'] recordings to take the style from (another utterance of the speaker); the target by
                default.
            style_lengths: [B] real frames of style_spec; needed with it when padded.
            sv: [B, speaker_dim] speaker vectors of models that take them.
            ge: [B, G, 1] ready style, instead of style_spec and sv.
            segment_frames: Frames to render; None renders nothing (training the prior alone), 0 the whole batch.
            slice_rand: [B] values in [0, 1) that choose the segments; drawn when None.
            noise: [B, L, F] standard normal values of the posterior sample; drawn when None.
            generator: Source of both draws.
            detach_style: No gradient reaches the style encoder.
            detach_posterior_style: No gradient reaches it through the posterior encoder (the public program's way).
            detach_posterior: No gradient of the prior's loss reaches the posterior (z is detached before the flow).
            compat: The style sees padding as in the public program.

        Returns:
            All tensors of the pass.
        """
        mask = length_mask(spec_lengths, spec.shape[2]).to(spec.dtype)
        if ge is None:
            if style_spec is None:
                style_spec, style_lengths = spec, spec_lengths
            ge = self.style(style_spec, style_lengths, sv, compat=compat)
        ge = ge.detach() if detach_style else ge
        if codes is None:
            if ssl is None:
                raise ValueError("a training pass needs codes or ssl, found neither")
            codes = self.extract_codes(ssl).squeeze(1)
        features = self._code_features(codes, spec.shape[2])
        phone_mask = _mask(phone_lengths, phones.shape[1], spec)
        prior = self.enc_p(features, mask, phones, phone_mask, self.text_style(ge))
        z, m_q, logs_q = self.posterior(spec, ge.detach() if detach_posterior_style else ge, mask, noise, generator)
        z_p = self.flow(z.detach() if detach_posterior else z, mask, ge)
        wave, start = None, torch.zeros_like(spec_lengths)
        if segment_frames is not None:
            piece = z
            if segment_frames:
                start = slice_starts(spec_lengths, segment_frames, slice_rand, generator)
                piece = take_slices(z, start, segment_frames)
            wave = self.render(piece, ge)
        return TrainingPass(wave, start, mask, z, z_p, prior.m, prior.logs, m_q, logs_q, ge, codes)

    def posterior(
        self,
        spec: Tensor,
        ge: Tensor,
        mask: Tensor | None = None,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Latents of a recording; the arguments are those of `PosteriorEncoder.forward`.

        Returns:
            (z, mean, log deviation), each [B, L, F].
        """
        return self.enc_q(spec, mask, ge, noise, generator)

    def _code_features(self, codes: Tensor, frames: int | None = None) -> Tensor:
        """Entries of codes [B, S] repeated to frame rate: [B, ssl_dim, F], cut or extended to `frames`."""
        x = self.quantizer.decode(codes).repeat_interleave(self.frames_per_code, dim=-1)
        if frames is None or x.shape[-1] == frames:
            return x
        missing = frames - x.shape[-1]
        if missing < 0:
            return x[..., :frames]
        return torch.cat((x, x[..., -1:].expand(*x.shape[:-1], missing)), dim=-1)


def _mask(lengths: Tensor | None, size: int, like: Tensor) -> Tensor:
    if lengths is None:
        return like.new_ones(like.shape[0], 1, size)
    return length_mask(lengths, size).to(like.dtype)


def _cross_fade(old: Tensor, new: Tensor) -> Tensor:
    """Blend the first N frames of new [B, D, F] with old [B, D, N] under quarter-sine windows."""
    n = old.shape[2]
    window = torch.sin(torch.arange(2 * n, dtype=new.dtype, device=new.device) * (torch.pi / (2 * n)))
    return torch.cat((new[:, :, :n] * window[:n] + old * window[n:], new[:, :, n:]), dim=2)
