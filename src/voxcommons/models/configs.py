"""The sizes of the networks: one frozen dataclass per network, one function per size.

A model size is a function here and nowhere else. The modules themselves take plain
parameters; only `models.build` (and the training recipes) read these dataclasses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BANDS = 80  # mel bands of `mel_frames`
CORRECTION_RANK = 8  # of what a voice of the light acoustic model knows about the predictor's mistakes

# --- text to semantic ---------------------------------------------------------------


@dataclass(frozen=True)
class TextToSemanticConfig:
    """Size of the text-to-semantic transformer.

    Attributes:
        layers: Transformer layers.
        width: Embedding width; the feed-forward part is four times as wide.
        heads: Attention heads; must divide `width`.
        phones: Rows of the phoneme embedding (512 for the public v1, 732 for v2).
        codes: Semantic classes without the end token; the end token has the id `codes`.
        dropout: Probability used in training; public files store 0 for inference.
        attention_dropout: The same on attention weights, None for `dropout`.
        bert_dim: Width of the optional linguistic features, None for a model without them.
        positions: Longest phoneme or code sequence that has a position.
    """

    layers: int = 24
    width: int = 512
    heads: int = 16
    phones: int = 732
    codes: int = 1024
    dropout: float = 0.1
    attention_dropout: float | None = None
    bert_dim: int | None = 1024
    positions: int = 4000


def text_to_semantic_v1() -> TextToSemanticConfig:
    """The public v1 model: 77.5 M parameters, symbol table v1."""
    return TextToSemanticConfig(phones=512)


def text_to_semantic_v2() -> TextToSemanticConfig:
    """The public v2, v2Pro and v2ProPlus model: as v1 with symbol table v2."""
    return TextToSemanticConfig(phones=732)


def text_to_semantic_starter() -> TextToSemanticConfig:
    """The model in the package: small enough for two CPU cores, no linguistic features."""
    # No dropout on attention weights: it would lose the CPU's fused attention kernel.
    return TextToSemanticConfig(layers=5, width=224, heads=4, attention_dropout=0.0, bert_dim=None)


def text_to_semantic_tiny() -> TextToSemanticConfig:
    """A model for tests: the size of the golden fixtures."""
    return TextToSemanticConfig(layers=2, width=64, heads=4, dropout=0.0)


# --- semantic to wave ---------------------------------------------------------------


@dataclass(frozen=True)
class SemanticToWaveConfig:
    """Size of the acoustic model; the defaults are the public v2 model.

    Attributes:
        phones: Rows of the phoneme table (322 for the public v1, 732 since v2).
        hidden: Width of the prior's encoders, the flow and the posterior encoder.
        latent: Channels of the latents between encoder and generator.
        filters: Inner width of the prior's feed-forward parts.
        heads: Heads of the prior's self-attention.
        layers: Layers of the phoneme encoder; each of the two code encoders has half.
        kernel: Kernel of the feed-forward parts, in frames.
        dropout: Probability in the prior's encoders, training only.
        window: Largest learned relative distance of the self-attention.
        mrte_hidden: Width of the attention from frames to phonemes, and of the style it takes.
        mrte_heads: Its heads.
        ssl_dim: Width of the code embeddings, and of the content features codes come from.
        ssl_proj: Whether codes are made here from content features.
        codebook_size: Number of semantic tokens.
        trainable_codebook: Whether the optimiser moves the code embeddings.
        frames_per_code: Latent frames per semantic token.
        spec_bins: Bins of the linear spectrogram, n_fft // 2 + 1.
        ref_bins: Lowest bins the style encoder reads.
        style_hidden: Width of the style encoder.
        style_heads: Heads of the style encoder.
        style_kernel: Kernel of the style encoder, in frames.
        style_dropout: Probability in the style encoder, training only.
        gin: Channels of the style vector.
        speaker_dim: Width of a speaker-verification vector added to the style; 0 for none.
        posterior: Whether the posterior encoder is present; speaking does not need it.
        posterior_layers: Its layers.
        posterior_kernel: Its kernel, in frames.
        flow_count: Couplings of the flow.
        flow_layers: Layers in each coupling.
        flow_hidden: Width of the couplings; None for `hidden`.
        flow_kernel: Kernel in each coupling, in frames.
        generator_channels: Width after the generator's first convolution.
        upsample_rates: Upsampling of each hifigan stage; the product is the hop in samples.
        upsample_kernels: Kernel of each of those stages.
        block_kernels: Kernels of the residual blocks of a stage.
        block_dilations: Dilations of those blocks.
    """

    phones: int = 732
    hidden: int = 192
    latent: int = 192
    filters: int = 768
    heads: int = 2
    layers: int = 6
    kernel: int = 3
    dropout: float = 0.1
    window: int = 4
    mrte_hidden: int = 512
    mrte_heads: int = 4
    ssl_dim: int = 768
    ssl_proj: bool = True
    codebook_size: int = 1024
    trainable_codebook: bool = False
    frames_per_code: int = 2
    spec_bins: int = 1025
    ref_bins: int = 704
    style_hidden: int = 128
    style_heads: int = 2
    style_kernel: int = 5
    style_dropout: float = 0.1
    gin: int = 512
    speaker_dim: int = 0
    posterior: bool = True
    posterior_layers: int = 16
    posterior_kernel: int = 5
    flow_count: int = 4
    flow_layers: int = 4
    flow_hidden: int | None = None
    flow_kernel: int = 5
    generator_channels: int = 512
    upsample_rates: tuple[int, ...] = (10, 8, 2, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 8, 2, 2)
    block_kernels: tuple[int, ...] = (3, 7, 11)
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))


def semantic_to_wave_v1() -> SemanticToWaveConfig:
    """The public v1 model: 51.3 M parameters with the posterior encoder, 32 kHz."""
    return SemanticToWaveConfig(phones=322, ref_bins=1025)


def semantic_to_wave_v2() -> SemanticToWaveConfig:
    """The public v2 model: as v1 with symbol table v2 and a style encoder up to 11 kHz."""
    return SemanticToWaveConfig()


def semantic_to_wave_v2pro() -> SemanticToWaveConfig:
    """The public v2Pro model: a wider style that also hears a speaker-verification vector."""
    return SemanticToWaveConfig(gin=1024, speaker_dim=20480, dropout=0.0)


def semantic_to_wave_v2proplus() -> SemanticToWaveConfig:
    """The public v2ProPlus model: v2Pro with a wider generator."""
    return replace(semantic_to_wave_v2pro(), generator_channels=768, upsample_kernels=(20, 16, 8, 2, 2))


def semantic_to_wave_tiny() -> SemanticToWaveConfig:
    """A public model for tests, a few thousand parameters wide, 16 kHz."""
    return SemanticToWaveConfig(
        hidden=16, latent=8, filters=16, layers=2, dropout=0.0, mrte_hidden=16, mrte_heads=2, ssl_dim=12, ssl_proj=False, spec_bins=513,
        ref_bins=513, style_hidden=16, style_dropout=0.0, gin=16, posterior_layers=2, flow_count=2, flow_layers=2, flow_hidden=16,
        flow_kernel=3, generator_channels=16, upsample_rates=(10, 8, 2, 2), upsample_kernels=(16, 16, 8, 2), block_kernels=(3,),
        block_dilations=((1, 3),),
    )


@dataclass(frozen=True)
class MelAcousticConfig:
    """Size of the light acoustic model; the defaults are the starter's.

    Attributes:
        kind: Tells it from `SemanticToWaveConfig` in a file.
        phones: Rows of the phoneme table.
        codes: Number of semantic tokens.
        code_dim: Channels of a token's embedding.
        phone_dim: Channels of the text.
        width: Channels of the predictor.
        heads: Heads of its attentions.
        style: Channels of the style.
        vector: Size of the timbre encoder's vector.
        memory: Channels of the memory.
        blocks_before: Blocks at the rate of the tokens.
        blocks_after: Blocks at frame rate, behind the pitch.
        kernel: Kernel of those blocks, in tokens or frames.
        dropout: Probability on the style, training only.
        remembered_codes: Tokens of a person's recording that a voice keeps, 40 ms each.
        timbre_width: Channels of the timbre encoder.
        timbre_blocks: Its blocks.
        generator_channels: Channels of the generator.
        generator_blocks: Its blocks.
        n_fft: Transform length of the generator in samples.
    """

    kind: str = "mel"
    phones: int = 732
    codes: int = 1024
    code_dim: int = 64
    phone_dim: int = 128
    width: int = 192
    heads: int = 4
    style: int = 128
    vector: int = 256
    memory: int = 128
    blocks_before: int = 3
    blocks_after: int = 4
    kernel: int = 5
    dropout: float = 0.1
    remembered_codes: int = 250
    timbre_width: int = 96
    timbre_blocks: int = 3
    generator_channels: int = 224
    generator_blocks: int = 5
    n_fft: int = 640

    @property
    def gin(self) -> int:
        """How many numbers a voice has."""
        return voice_size(self.style, self.width, self.remembered_codes)


def correction_size(width: int) -> int:
    """How many numbers `models.correction` keeps of a person whose predictor has so many channels."""
    return 2 + 2 * BANDS + CORRECTION_RANK * (width + 2 * BANDS)


def voice_size(style: int, width: int, remembered_codes: int) -> int:
    """How many numbers a voice of the light model has.

    They are style, middle of the pitch, how it moves, correction of the frames, and per remembered code itself and its spectrum.
    """
    return style + 3 + correction_size(width) + remembered_codes * (1 + BANDS)


def mel_acoustic_starter() -> MelAcousticConfig:
    """The acoustic model in the package: 16 kHz, a mel predictor with a memory and an inverse-transform generator."""
    return MelAcousticConfig()


def mel_acoustic_tiny() -> MelAcousticConfig:
    """A model for tests: the shape of the starter's, a few thousand parameters wide."""
    return MelAcousticConfig(
        code_dim=8, phone_dim=8, width=16, heads=2, style=8, vector=16, memory=8, blocks_before=1, blocks_after=1, remembered_codes=20,
        timbre_width=8, timbre_blocks=1, generator_channels=16, generator_blocks=2,
    )


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Size of the waveform critics used in training.

    Attributes:
        periods: One critic per period, in samples; beside them stands one critic of the whole wave.
        period_channels: Widths of a period critic's layers.
        scale_channels: Widths of the whole-wave critic's layers.
        scale_groups: Groups of those layers.
        resolutions: (transform, hop) in samples of the critics that read spectrograms; the public models have none.
        spectrogram_channels: Widths of their layers.
    """

    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    period_channels: tuple[int, ...] = (32, 128, 512, 1024, 1024)
    scale_channels: tuple[int, ...] = (16, 64, 256, 1024, 1024, 1024)
    scale_groups: tuple[int, ...] = (1, 4, 16, 64, 256, 1)
    resolutions: tuple[tuple[int, int], ...] = ()
    spectrogram_channels: tuple[int, ...] = ()


def discriminators_v2() -> DiscriminatorConfig:
    """The critics of the public v1 and v2: 46.7 M parameters."""
    return DiscriminatorConfig()


def discriminators_v2pro() -> DiscriminatorConfig:
    """The critics of the public v2Pro and v2ProPlus: two more periods, 63.2 M parameters."""
    return DiscriminatorConfig(periods=(2, 3, 5, 7, 11, 17, 23))


def discriminators_starter() -> DiscriminatorConfig:
    """Critics light enough for two CPU cores."""
    return DiscriminatorConfig(
        periods=(2, 3, 5, 7),
        period_channels=(8, 16, 32, 64, 64),
        scale_channels=(4, 8, 16, 16, 16, 16),
        scale_groups=(1,) * 6,
        resolutions=((512, 128), (1024, 256), (256, 64)),
        spectrogram_channels=(16, 16, 16, 16),
    )


# --- content encoder ----------------------------------------------------------------


@dataclass(frozen=True)
class ContentConfig:
    """Size of the phonetic content encoder; the defaults are the starter's.

    Attributes:
        width: Channels.
        heads: Attention heads; must divide `width`.
        blocks_before: Conformer blocks in front of the quantiser.
        blocks_after: Conformer blocks behind it.
        kernel: Depthwise kernel in steps of 40 ms.
        levels: Levels of the scalar quantiser; their product is the number of codes.
        phones: Rows of the symbol table.
        dropout: Probability, training only.
    """

    width: int = 192
    heads: int = 4
    blocks_before: int = 4
    blocks_after: int = 2
    kernel: int = 15
    levels: tuple[int, ...] = (4, 4, 4, 4, 4)
    phones: int = 732
    dropout: float = 0.1


def content_starter() -> ContentConfig:
    """The content encoder in the package: 1024 codes at 25 Hz."""
    return ContentConfig()


def content_tiny() -> ContentConfig:
    """A content encoder for tests."""
    return ContentConfig(width=16, heads=2, blocks_before=1, blocks_after=1, dropout=0.0)
