"""Stage B: teach the semantic-to-wave model to sound like the speaker.

One loop, in running order, for both halves of the stage: first spectra alone, which makes words and speaker right in
minutes, then critics that sharpen the sound. The style always comes from another clip of the speaker where there is one,
so that it cannot carry the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from voxcommons.audio.spectrogram import linear_spectrogram
from voxcommons.base.progress import Progress
from voxcommons.models.discriminators import Discriminators
from voxcommons.models.harmonic_source import track_pitch
from voxcommons.models.istft_generator import PITCH_CENTRE_HZ, IstftGenerator
from voxcommons.models.losses import adversarial_loss, critic_loss, feature_loss, prior_divergence
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.training_pass import TrainingPass, slice_starts, take_slices
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.loader import BatchPlan
from voxcommons.train.spectral import SpectralDistance
from voxcommons.train.stage import Pace, Stage
from voxcommons.train.state import MovingAverage


@dataclass(frozen=True)
class AcousticRecipe:
    """How stage B is run.

    Attributes:
        adversarial_from: step at which the critics join; ``steps`` or more leaves them out: they double the time of a step,
            and whether that pays on two processor cores has not been settled.
        prior_weight: weight of the divergence from the prior; at 1, as the public models have it, so little is left in the
            latents after these few steps that the voice whispers.
        pitch_weight: weight of the pitch that the generator reads from the latents.
        segment_frames: frames rendered per item and step.
        rendered_items: items of a batch that are rendered from the latents of their own sound; the prior learns from all.
        spoken_items: items that are rendered from codes and style alone, with the pitch that was heard, as speaking will
            do it: without them a listener hears what the prior left out.
        spoken_noise: noise scale of those.
        reference_s: seconds of each piece the style is taken from.
        references: pieces a style is averaged from.
        unaligned_share: share of the items whose places in the text are kept from the model, so that it can do without.
    """

    steps: int = 9000
    adversarial_from: int = 9000
    batch_seconds: float = 40.0
    peak_rate: float = 8e-4
    critic_rate: float = 2e-4
    warmup_steps: int = 100
    prior_weight: float = 0.2
    pitch_weight: float = 5.0
    feature_weight: float = 2.0
    segment_frames: int = 40
    rendered_items: int = 2
    spoken_items: int = 8
    spoken_noise: float = 0.5
    reference_s: float = 3.0
    references: int = 2
    unaligned_share: float = 0.05
    longest_s: float = 10.0
    shortest_s: float = 1.2
    fft_samples: int = 1024
    hop_samples: int = 320
    seed: int = 2
    record_every: int = 50
    save_every: int = 100
    test_every: int = 500


@dataclass(frozen=True)
class Utterance:
    """One clip as the model sees it."""

    clip: Clip
    phones: tuple[int, ...]
    codes: np.ndarray  # [S] int16
    places: np.ndarray | None = None  # [S] index of the phoneme each code speaks, where that is known


@dataclass(frozen=True)
class Batch:
    """One step's tensors; everything is zero padded on the right."""

    wave: Tensor  # [B, T]
    spec: Tensor  # [B, bins, F]
    frames: Tensor  # [B]
    phones: Tensor  # [B, P]
    phone_counts: Tensor  # [B]
    codes: Tensor  # [B, S]
    places: Tensor  # [B, S] index of the phoneme of each code, -1 where it is not known
    style_specs: Tensor  # [B, R, bins, F'] pieces the style is averaged from
    pitch_hz: Tensor  # [B, F]


def utterances(
    corpus: Corpus, labels: dict[int, tuple[int, ...]], codes: list[np.ndarray], split: str, recipe: AcousticRecipe,
    alignments: Mapping[int, np.ndarray] | None = None,
) -> list[Utterance]:
    """Return the clips of ``split`` that have a label and a length within the recipe's bounds."""
    known = alignments or {}
    return [
        Utterance(clip, labels[number], codes[number], known.get(number))
        for number, clip in enumerate(corpus.clips)
        if clip.split == split
        and number in labels
        and recipe.shortest_s <= clip.length_samples / corpus.rate <= recipe.longest_s
    ]


def collate(
    corpus: Corpus, items: Sequence[Utterance], references: Sequence[Sequence[Clip]], recipe: AcousticRecipe,
    rng: np.random.Generator,
) -> Batch:
    """Load one batch; ``references`` are each item's clips to draw the pieces of its style from."""
    code_samples = 2 * recipe.hop_samples
    counts = torch.tensor([min(len(item.codes), item.clip.length_samples // code_samples) for item in items])
    phone_counts = torch.tensor([len(item.phones) for item in items])
    wave = torch.zeros(len(items), int(counts.max()) * code_samples)
    codes = torch.zeros(len(items), int(counts.max()), dtype=torch.long)
    phones = torch.zeros(len(items), int(phone_counts.max()), dtype=torch.long)
    places = torch.full_like(codes, -1)
    for row, (item, count) in enumerate(zip(items, counts.tolist(), strict=True)):
        wave[row, : count * code_samples] = torch.from_numpy(corpus.wave(item.clip)[: count * code_samples])
        codes[row, :count] = torch.from_numpy(item.codes[:count].astype(np.int64))
        phones[row, : len(item.phones)] = torch.tensor(item.phones)
        if item.places is not None and rng.random() >= recipe.unaligned_share:
            places[row, : min(count, len(item.places))] = torch.from_numpy(item.places[:count].astype(np.int64))
    drawn = [clips[int(rng.integers(len(clips)))] for clips in references for _ in range(recipe.references)]
    styles = torch.from_numpy(np.stack([piece(corpus.wave(clip), corpus.rate, recipe, rng) for clip in drawn]))
    spec, style_specs = (linear_spectrogram(sound, recipe.fft_samples, recipe.hop_samples) for sound in (wave, styles))
    pitch_hz = track_pitch(wave, spec.shape[2], recipe.hop_samples, corpus.rate)
    style_specs = style_specs.unflatten(0, (len(items), recipe.references))
    return Batch(wave, spec, 2 * counts, phones, phone_counts, codes, places, style_specs, pitch_hz)


def piece(wave: np.ndarray, rate: int, recipe: AcousticRecipe, rng: np.random.Generator) -> np.ndarray:
    """Cut a random ``reference_s`` from a clip [T]; a shorter clip is repeated to fill it."""
    size = int(recipe.reference_s * rate)
    wave = np.resize(wave, size) if len(wave) < size else wave
    start = int(rng.integers(0, len(wave) - size + 1))
    return wave[start : start + size]


@dataclass(frozen=True)
class Drawn:
    """Some items of a batch as latents to render.

    Attributes:
        rows: [N] which items.
        z: [N, L, F].
    """

    rows: Tensor
    z: Tensor


def spoken(
    model: SemanticToWave, made: TrainingPass, rows: Tensor, noise_scale: float, generator: torch.Generator
) -> Drawn:
    """Latents of some items from the prior alone, as speaking makes them."""
    mean, spread, mask = made.m_p[rows], torch.exp(made.logs_p[rows]), made.mask[rows]
    noise = torch.randn(mean.shape, generator=generator)
    return Drawn(rows, model.flow((mean + noise_scale * noise * spread) * mask, mask, made.ge[rows], reverse=True))


def rendered(
    model: SemanticToWave, batch: Batch, parts: Sequence[Drawn], ge: Tensor, recipe: AcousticRecipe, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Render a random segment of each drawn item and return (made [N, T], wanted [N, T])."""
    rows, z = torch.cat([part.rows for part in parts]), torch.cat([part.z for part in parts])
    start = slice_starts(batch.frames[rows], recipe.segment_frames, generator=generator)
    latents = take_slices(z, start, recipe.segment_frames)
    hop = recipe.hop_samples
    wanted = take_slices(batch.wave[rows, None], start * hop, recipe.segment_frames * hop)
    pitch_hz = take_slices(batch.pitch_hz[rows, None], start, recipe.segment_frames)[:, 0]
    return model.render(latents, ge[rows], pitch_hz=pitch_hz)[:, 0].float(), wanted[:, 0]


def pitch_distance(model: SemanticToWave, z: Tensor, ge: Tensor, pitch_hz: Tensor, mask: Tensor) -> Tensor:
    """How far the pitch a model reads from latents is from the one heard: octaves where voiced, plus voiced or not.

    Args:
        model: with a generator that has a pitch; others give 0.
        z: [B, L, F] latents.
        ge: [B, G, 1] style.
        pitch_hz: [B, F], 0 where unvoiced.
        mask: [B, 1, F], 1 at real frames.
    """
    if not isinstance(model.dec, IstftGenerator):
        return z.new_zeros(())
    octaves, odds = model.dec.pitch_parts(z, ge).float().unbind(1)
    real, voiced = mask[:, 0].float(), (pitch_hz > 0).float() * mask[:, 0]
    wanted = torch.log2(pitch_hz.clamp_min(1.0) / PITCH_CENTRE_HZ)
    off = ((octaves - wanted).abs() * voiced).sum() / voiced.sum().clamp_min(1)
    undecided = torch.nn.functional.binary_cross_entropy_with_logits(odds, voiced, weight=real, reduction="sum") / real.sum()
    return off + 0.5 * undecided


@dataclass(frozen=True)
class AcousticModels:
    """The model and, for the second half, its critics."""

    model: SemanticToWave
    critics: Discriminators


def train_acoustic(
    models: AcousticModels, corpus: Corpus, train: Sequence[Utterance], held_out: Sequence[Utterance], folder: Path,
    recipe: AcousticRecipe, progress: Progress | None = None,
) -> MovingAverage:
    """Run or resume stage B and return the averaged weights."""
    torch.manual_seed(recipe.seed)
    model, critics = models.model, models.critics
    distance = SpectralDistance(corpus.rate)
    plan = BatchPlan(
        tuple(item.clip.length_samples / corpus.rate for item in train), recipe.batch_seconds, recipe.seed, max_items=40
    )
    by_speaker = clips_by_speaker(train)
    optimizer = torch.optim.AdamW(model.parameters(), recipe.peak_rate, betas=(0.8, 0.99), eps=1e-8)
    critic_optimizer = torch.optim.AdamW(critics.parameters(), recipe.critic_rate, betas=(0.8, 0.99), eps=1e-8)
    pace = Pace(recipe.steps, recipe.peak_rate, recipe.warmup_steps, recipe.save_every, recipe.test_every, recipe.record_every)
    networks, optimizers = {"acoustic": model, "critics": critics}, {"acoustic": optimizer, "critics": critic_optimizer}
    stage = Stage(folder, networks, optimizers, pace, clip=200.0, progress=progress)
    for step in stage.steps():
        rng = np.random.default_rng((recipe.seed, step))
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
        items = [train[index] for index in plan.batch(step)]
        batch = collate(corpus, items, [by_speaker[item.clip.speaker] for item in items], recipe, rng)
        own, others = (torch.randperm(len(items), generator=generator)[:n] for n in (recipe.rendered_items, recipe.spoken_items))
        with torch.autocast("cpu", torch.bfloat16):
            made = forward(model, batch, generator)
            said = spoken(model, made, others, recipe.spoken_noise, generator)
            wave, wanted = rendered(model, batch, (Drawn(own, made.z[own]), said), made.ge, recipe, generator)
        spectral, mel = distance(wave, wanted)
        prior = prior_divergence(made.z_p, made.logs_q, made.m_p, made.logs_p, made.mask)
        pitch = pitch_distance(model, made.z, made.ge, batch.pitch_hz, made.mask)
        said_pitch = pitch_distance(model, said.z, made.ge[others], batch.pitch_hz[others], made.mask[others])
        loss = spectral + recipe.prior_weight * prior + recipe.pitch_weight * (pitch + said_pitch)
        figures = {"mel": mel, "prior": prior, "pitch": pitch, "said_pitch": said_pitch}
        if step >= recipe.adversarial_from:
            adversarial, lesson = critic_step(critics, critic_optimizer, wave, wanted, recipe)
            loss = loss + adversarial
            figures |= {"adversarial": adversarial, "critic": lesson}
        figures["gradient"] = stage.learn(loss)
        stage.finish(step, figures, lambda: held_out_prior(model, corpus, held_out, recipe))
    return stage.average


def forward(model: SemanticToWave, batch: Batch, generator: torch.Generator) -> TrainingPass:
    """One variational pass without rendering; segments are rendered apart, for some of the items."""
    items, pieces = batch.style_specs.shape[:2]
    ge = model.style(batch.style_specs.flatten(0, 1)).unflatten(0, (items, pieces)).mean(1)
    return model(
        batch.spec, batch.frames, batch.phones, batch.phone_counts, codes=batch.codes, ge=ge, segment_frames=None,
        generator=generator, places=batch.places,
    )


def critic_step(
    critics: Discriminators, optimizer: torch.optim.Optimizer, made: Tensor, wanted: Tensor, recipe: AcousticRecipe
) -> tuple[Tensor, Tensor]:
    """Teach the critics once, then return (the generator's adversarial loss, the critics' loss)."""
    with torch.autocast("cpu", torch.bfloat16):
        real, fake = critics.compare(wanted[:, None], made.detach()[:, None])
    lesson = critic_loss(real, fake)
    optimizer.zero_grad(set_to_none=True)
    lesson.backward()
    optimizer.step()
    critics.requires_grad_(requires_grad=False)
    with torch.autocast("cpu", torch.bfloat16):
        real, fake = critics.compare(wanted[:, None], made[:, None])
    critics.requires_grad_(requires_grad=True)
    return adversarial_loss(fake) + recipe.feature_weight / 2 * feature_loss(real, fake), lesson


def clips_by_speaker(items: Sequence[Utterance]) -> dict[str, list[Clip]]:
    """Group the clips that styles may come from."""
    found: dict[str, list[Clip]] = {}
    for item in items:
        found.setdefault(item.clip.speaker, []).append(item.clip)
    return found


@torch.inference_mode()
def held_out_prior(
    model: SemanticToWave, corpus: Corpus, items: Sequence[Utterance], recipe: AcousticRecipe
) -> dict[str, float]:
    """Divergence of the posterior from the prior on unseen speakers, per language: what speaking will miss."""
    model.eval()
    by_speaker = clips_by_speaker(items)
    figures: dict[str, float] = {}
    for language in sorted({item.clip.language for item in items}):
        chosen = [item for item in items if item.clip.language == language][:48]
        values = []
        for start in range(0, len(chosen), 8):
            rng, generator = np.random.default_rng(start), torch.Generator().manual_seed(start)
            group = chosen[start : start + 8]
            voices = [by_speaker[item.clip.speaker] for item in group]
            made = forward(model, collate(corpus, group, voices, recipe, rng), generator)
            values.append(float(prior_divergence(made.z_p, made.logs_q, made.m_p, made.logs_p, made.mask)))
        figures[f"unseen_prior_{language}"] = float(np.mean(values))
    return figures
