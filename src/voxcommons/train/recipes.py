"""The recipes of the four stages: every number a person may change, with what it does.

They are apart from the loops because people read and change them, and because a recipe file, the loop and the error about
a wrong value must speak of the same knobs. The defaults are the starter's.
"""

from __future__ import annotations

from dataclasses import dataclass

from voxcommons.train.knobs import again, knob

_BY_LENGTH = "Whether clips of like length share a batch; false wastes about a third of the work on padding, for comparison."


@dataclass(frozen=True)
class StageRecipe:
    """What every stage has."""

    steps: int = knob(5000, "Optimiser steps in all. More is longer; a run that is resumed may get more.", least=1)
    peak_rate: float = knob(
        1e-3, "Highest learning rate; it falls along half a cosine to 2 % of it at the last step.", least=1e-8, most=1
    )
    warmup_steps: int = knob(150, "Steps over which the learning rate rises in a line to its peak.", least=0)
    accumulate: int = knob(
        1, "Parts a batch is worked through in: N makes it N times as large, in the memory of one part.", least=1, most=4096
    )
    seed: int = knob(1, "Decides the weights at the start, the order of the clips and every disturbance.", least=0)
    record_every: int = knob(50, "Steps whose mean figures make one line of the curve.", least=1)
    save_every: int = knob(200, "Steps between checkpoints: what a killed run loses at most.", least=1)
    test_every: int = knob(400, "Steps between figures on people not heard in training.", least=1)
    precision: str = knob(
        "auto", "Numbers in the networks: bf16 where the device has instructions for it (auto), always (bf16) or never (fp32).",
        choices=("auto", "bf16", "fp32"),
    )
    compile: bool = knob(
        False, "Translate the networks with torch.compile: minutes at the start (it needs a C++ compiler), perhaps faster steps then."
    )


@dataclass(frozen=True)
class ContentRecipe(StageRecipe):
    """Stage A: the content encoder learns to hear phonemes through its quantiser.

    With large batches of long clips CTC stays on its first plateau (blank everywhere) for many hundred steps; hence the easy ones.
    """

    steps: int = again(StageRecipe, "steps", 5200)
    batch_seconds: float = knob(40.0, "Seconds of sound in a batch, padding included.", least=0.1)
    by_length: bool = knob(True, _BY_LENGTH)
    early_weight: float = knob(0.5, "Weight of the loss before the quantiser, which teaches long before the codes mean anything.", least=0)
    weight_decay: float = knob(0.02, "How strongly weights are pulled to nothing.", least=0)
    shortest_s: float = knob(0.6, "Shorter clips are left out.", least=0, not_above="longest_s")
    longest_s: float = knob(14.0, "Longer clips are left out.", least=0.1)
    easy_steps: int = knob(1000, "Steps at the start that see few short, undisturbed clips.", least=0)
    easy_longest_s: float = knob(4.0, "Longest clip of those steps in seconds.", least=0)
    easy_batch_seconds: float = knob(24.0, "Seconds of sound in a batch of those steps.", least=0.1)
    clean_share: float = knob(
        0.3, "Share of the later steps whose clips stay undisturbed, as they are when a voice is cloned.", least=0, most=1
    )


@dataclass(frozen=True)
class AutoencoderRecipe(StageRecipe):
    """Stage B, warm start: posterior encoder, style encoder and generator learn to copy sound."""

    steps: int = again(StageRecipe, "steps", 3000)
    warmup_steps: int = again(StageRecipe, "warmup_steps", 100)
    seed: int = again(StageRecipe, "seed", 7)
    test_every: int = again(StageRecipe, "test_every", 500)
    items: int = knob(12, "Clips per batch.", least=1)
    crop_frames: int = knob(125, "Frames of each clip that the posterior encoder reads.", least=8)
    segment_frames: int = knob(50, "Frames of those that are rendered and compared.", least=4, not_above="crop_frames")
    reference_frames: int = knob(150, "Frames of another clip of the speaker that the style is taken from.", least=8)
    normal_weight: float = knob(0.1, "Weight of the divergence from the standard normal, reached after settle_steps.", least=0)
    pitch_weight: float = knob(5.0, "Weight of the pitch that the generator reads from the latents.", least=0)
    settle_steps: int = knob(500, "Steps over which that divergence comes in.", least=1)
    shortest_s: float = knob(1.6, "Shorter clips are left out.", least=0)
    fft_samples: int = knob(1024, "Transform length of the spectrogram; belongs to the model's size.", least=64)
    hop_samples: int = knob(320, "Samples per frame; belongs to the model's size.", least=16, not_above="fft_samples")


@dataclass(frozen=True)
class AcousticRecipe(StageRecipe):
    """Stage B: codes, phonemes and style become sound."""

    steps: int = again(StageRecipe, "steps", 9000)
    peak_rate: float = again(StageRecipe, "peak_rate", 8e-4)
    warmup_steps: int = again(StageRecipe, "warmup_steps", 100)
    seed: int = again(StageRecipe, "seed", 2)
    save_every: int = again(StageRecipe, "save_every", 100)
    test_every: int = again(StageRecipe, "test_every", 500)
    adversarial_from: int = knob(
        9000, "Step at which critics join; as many as steps leaves them out: they double the time of a step.", least=0
    )
    batch_seconds: float = knob(40.0, "Seconds of sound in a batch, padding included.", least=0.1)
    by_length: bool = knob(True, _BY_LENGTH)
    critic_rate: float = knob(2e-4, "Learning rate of the critics.", least=1e-8, most=1)
    prior_weight: float = knob(
        0.2, "Weight of the divergence from the prior; at 1 so little is left in the latents after so few steps that the voice whispers.",
        least=0,
    )
    pitch_weight: float = knob(5.0, "Weight of the pitch that the generator reads from the latents.", least=0)
    feature_weight: float = knob(2.0, "Weight of what the critics see in their layers.", least=0)
    segment_frames: int = knob(40, "Frames rendered per item and step.", least=4)
    rendered_items: int = knob(
        2, "Items of a batch that are rendered from the latents of their own sound; the prior learns from all.", least=0
    )
    spoken_items: int = knob(
        8, "Items rendered from codes and style alone, as speaking will do it: without them a listener hears what the prior left out.",
        least=1,
    )
    spoken_noise: float = knob(0.5, "Noise scale of those.", least=0)
    reference_s: float = knob(3.0, "Seconds of each piece the style is taken from.", least=0.2)
    references: int = knob(2, "Pieces a style is averaged from.", least=1)
    unaligned_share: float = knob(
        0.05, "Share of the items whose places in the text are kept from the model, so that it can do without.", least=0, most=1
    )
    shortest_s: float = knob(1.2, "Shorter clips are left out.", least=0, not_above="longest_s")
    longest_s: float = knob(10.0, "Longer clips are left out.", least=0.1)
    fft_samples: int = knob(1024, "Transform length of the spectrogram; belongs to the model's size.", least=64)
    hop_samples: int = knob(320, "Samples per frame; belongs to the model's size.", least=16, not_above="fft_samples")
    pictures: int = knob(
        4, "Clips of people not heard in training that are drawn, natural and spoken, at every test; 0 draws none.", least=0, most=32
    )


@dataclass(frozen=True)
class SemanticRecipe(StageRecipe):
    """Stage C: text becomes codes."""

    steps: int = again(StageRecipe, "steps", 14000)
    peak_rate: float = again(StageRecipe, "peak_rate", 1.2e-3)
    seed: int = again(StageRecipe, "seed", 3)
    batch_seconds: float = knob(40.0, "Seconds of speech in a batch, padding included.", least=0.1)
    by_length: bool = knob(True, _BY_LENGTH)
    easy_steps: int = knob(
        6000, "Steps at the start that see short clips in small batches, never joined; without them it does not learn to read the text.",
        least=0,
    )
    easy_longest_s: float = knob(5.0, "Longest clip of those steps in seconds.", least=0)
    easy_batch_seconds: float = knob(28.0, "Seconds of speech in a batch of those steps.", least=0.1)
    guide_weight: float = knob(1.0, "Weight of the guided attention: some heads look at the phoneme that is spoken.", least=0)
    weight_decay: float = knob(0.05, "How strongly weights are pulled to nothing.", least=0)
    joined_share: float = knob(0.3, "Share of the later steps whose clips have another clip of the speaker in front.", least=0, most=1)
    misheard_share: float = knob(
        0.08, "Share of the codes heard wrong while the true ones are asked for, so that one bad choice does not lose it its place.",
        least=0, most=1,
    )
    shortest_s: float = knob(0.8, "Shorter clips are left out.", least=0, not_above="longest_s")
    longest_s: float = knob(14.0, "Longer clips are left out.", least=0.1)
