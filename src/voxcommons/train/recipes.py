"""The recipes of the stages: every number a person may change, with what it does.

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
class TimbreRecipe(StageRecipe):
    """Stage B: the timbre encoder learns to tell people apart, from the vectors of a larger network.

    Pieces of clips are shorter than what a voice is cloned from, so that every step sees many people; the loudness and the colour of
    the recording are disturbed, because neither is the person's.
    """

    steps: int = again(StageRecipe, "steps", 4000)
    peak_rate: float = again(StageRecipe, "peak_rate", 2e-3)
    warmup_steps: int = again(StageRecipe, "warmup_steps", 200)
    seed: int = again(StageRecipe, "seed", 4)
    test_every: int = again(StageRecipe, "test_every", 500)
    items: int = knob(24, "Pieces per batch.", least=2)
    shortest_frames: int = knob(
        75, "Shortest piece in frames of 20 ms; all pieces of a batch have one length.", least=4, not_above="longest_frames"
    )
    longest_frames: int = knob(199, "Longest piece in frames.", least=4)
    even_share: float = knob(
        0.5, "Share of the pieces that are drawn by speaker first, so that people with few clips count as much.", least=0, most=1
    )
    contrast_weight: float = knob(0.05, "Weight of telling the clip's vector from those of the other clips in the batch.", least=0)
    contrast_scale: float = knob(15.0, "What cosines are multiplied by for that.", least=0)
    level_spread: float = knob(0.15, "Standard deviation of the loudness that is added, in units of the mel frames.", least=0)
    colour_spread: float = knob(0.01, "Standard deviation by which the colour that is added walks from one mel band to the next.", least=0)
    weight_decay: float = knob(0.05, "How strongly weights are pulled to nothing.", least=0)


@dataclass(frozen=True)
class VocoderRecipe(StageRecipe):
    """Stage B: the generator learns to make sound of the mel frames and the pitch of recordings."""

    steps: int = again(StageRecipe, "steps", 3000)
    warmup_steps: int = again(StageRecipe, "warmup_steps", 100)
    seed: int = again(StageRecipe, "seed", 7)
    test_every: int = again(StageRecipe, "test_every", 500)
    items: int = knob(12, "Segments per batch.", least=1)
    segment_frames: int = knob(50, "Frames of 20 ms of each segment; shorter clips are left out.", least=8)
    shortest_s: float = knob(1.2, "Shorter clips are left out.", least=0)
    pictures: int = knob(
        4, "Clips of people not heard in training that are drawn, natural and made, at every test; 0 draws none.", least=0, most=32
    )


@dataclass(frozen=True)
class AcousticRecipe(StageRecipe):
    """Stage B: codes, phonemes and a person become pitch and mel frames."""

    steps: int = again(StageRecipe, "steps", 9000)
    peak_rate: float = again(StageRecipe, "peak_rate", 1.5e-3)
    warmup_steps: int = again(StageRecipe, "warmup_steps", 200)
    seed: int = again(StageRecipe, "seed", 2)
    test_every: int = again(StageRecipe, "test_every", 500)
    batch_seconds: float = knob(40.0, "Seconds of sound in a batch, padding included.", least=0.1)
    by_length: bool = knob(True, _BY_LENGTH)
    pitch_weight: float = knob(0.5, "Weight of the octaves that the pitch of voiced frames is off.", least=0)
    voiced_weight: float = knob(0.1, "Weight of the surprise at a frame being voiced or not.", least=0)
    references: int = knob(
        3, "Most other clips of the speaker that the person is described by; chance decides how many.", least=1
    )
    unaligned_share: float = knob(
        0.03, "Share of the items whose places in the text are kept from the model, so that it can do without.", least=0, most=1
    )
    weight_decay: float = knob(0.02, "How strongly weights are pulled to nothing.", least=0)
    shortest_s: float = knob(1.0, "Shorter clips are left out.", least=0, not_above="longest_s")
    longest_s: float = knob(10.5, "Longer clips are left out.", least=0.1)
    pictures: int = again(VocoderRecipe, "pictures", 4)


@dataclass(frozen=True)
class FinishRecipe(VocoderRecipe):
    """Stage B: the generator goes on with predicted mel frames among natural ones, and with critics that sharpen the sound."""

    steps: int = again(VocoderRecipe, "steps", 2500)
    peak_rate: float = again(StageRecipe, "peak_rate", 4e-4)
    seed: int = again(StageRecipe, "seed", 8)
    items: int = again(VocoderRecipe, "items", 10)
    segment_frames: int = again(VocoderRecipe, "segment_frames", 40)
    predicted_share: float = knob(
        0.75, "Share of the segments whose mel frames are those of stage acoustic: what the generator gets when it speaks.", least=0, most=1
    )
    adversarial_from: int = knob(
        1600, "Step at which critics join; as many as steps leaves them out: with them a step takes three to four times as long.", least=0
    )
    critic_rate: float = knob(4e-4, "Learning rate of the critics.", least=1e-8, most=1)
    spectral_weight: float = knob(0.6, "Weight of the spectra's distance once the critics take part.", least=0)
    feature_weight: float = knob(2.0, "Weight of what the critics see in their layers.", least=0)


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
