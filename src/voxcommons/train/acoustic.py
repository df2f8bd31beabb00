"""Stage B: teach the semantic-to-wave model to sound like the speaker.

One loop for both halves of the stage: first spectra alone, which makes words and speaker right in minutes, then critics
that sharpen the sound. The style always comes from another clip of the speaker where there is one, so that it cannot carry
the words. The critics learn from the sounds of a step while the model is judged by what they knew before it, so that a
batch can be worked through in parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from voxcommons.models.discriminators import Discriminators
from voxcommons.models.losses import adversarial_loss, critic_loss, feature_loss, prior_divergence
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.training_pass import TrainingPass, slice_starts, take_slices
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.acoustic_batch import AcousticPart, Loader, Utterance, clips_by_speaker
from voxcommons.train.loader import BatchPlan
from voxcommons.train.pitch import pitch_distance
from voxcommons.train.recipes import AcousticRecipe
from voxcommons.train.samples import draw_samples
from voxcommons.train.spectral import SpectralDistance
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.workplace import Workplace


def forward(model: SemanticToWave, part: AcousticPart) -> TrainingPass:
    """One variational pass without rendering; segments are rendered apart, for some of the items."""
    items, pieces = part.style_specs.shape[:2]
    ge = model.style(part.style_specs.flatten(0, 1)).unflatten(0, (items, pieces)).mean(1)
    return model(
        part.spec, part.frames, part.phones, part.phone_counts, codes=part.codes, ge=ge, segment_frames=None,
        noise=part.noise, places=part.places,
    )


def spoken(model: SemanticToWave, made: TrainingPass, part: AcousticPart, noise_scale: float) -> Tensor:
    """Latents [M, L, F] of the part's spoken rows from the prior alone, as speaking makes them."""
    rows = part.spoken
    mean, spread, mask = made.m_p[rows], torch.exp(made.logs_p[rows]), made.mask[rows]
    return model.flow((mean + noise_scale * part.spoken_noise[rows] * spread) * mask, mask, made.ge[rows], reverse=True)


def rendered(model: SemanticToWave, part: AcousticPart, z: Tensor, ge: Tensor, recipe: AcousticRecipe) -> tuple[Tensor, Tensor]:
    """Render a random segment of the own and the spoken rows, whose latents are ``z``: (made [N, T], wanted [N, T])."""
    rows = torch.cat([part.own, part.spoken])
    start = slice_starts(part.frames[rows], recipe.segment_frames, part.slice_rand)
    latents = take_slices(z, start, recipe.segment_frames)
    hop = recipe.hop_samples
    wanted = take_slices(part.wave[rows, None], start * hop, recipe.segment_frames * hop)
    pitch_hz = take_slices(part.pitch_hz[rows, None], start, recipe.segment_frames)[:, 0]
    return model.render(latents, ge[rows], pitch_hz=pitch_hz)[:, 0].float(), wanted[:, 0]


class AcousticLesson(nn.Module):
    """Describe sound, foretell that description from codes and text, and render both.

    Attributes:
        criticised: whether the critics take part in this step.
    """

    def __init__(self, models: AcousticModels, recipe: AcousticRecipe, rate: int, place: Workplace) -> None:
        super().__init__()
        self.model, self.critics, self.recipe, self.place = models.model, models.critics, recipe, place
        self.distance = SpectralDistance(rate).to(place.device)
        self.criticised = False

    def forward(self, part: AcousticPart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per frame, voiced frame and rendered item of the batch."""
        model, recipe = self.model, self.recipe
        wave = wanted = said = None
        with self.place.autocast(recipe.precision):
            made = forward(model, part)
            z = [made.z[part.own]]
            if len(part.spoken):
                said = spoken(model, made, part, recipe.spoken_noise)
                z.append(said)
            if part.counts["rendered"]:
                wave, wanted = rendered(model, part, torch.cat(z), made.ge, recipe)
        prior = part.share("frames", totals) * prior_divergence(made.z_p, made.logs_q, made.m_p, made.logs_p, made.mask)
        off, undecided = pitch_distance(model, made.z, made.ge, part.pitch_hz, made.mask)
        pitch = part.share("voiced", totals) * off + part.share("frames", totals) * undecided
        loss, figures = recipe.prior_weight * prior + recipe.pitch_weight * pitch, {"prior": prior, "pitch": pitch}
        if said is not None:
            rows = part.spoken
            off, undecided = pitch_distance(model, said, made.ge[rows], part.pitch_hz[rows], made.mask[rows])
            figures["said_pitch"] = part.share("spoken_voiced", totals) * off + part.share("spoken_frames", totals) * undecided
            loss = loss + recipe.pitch_weight * figures["said_pitch"]
        if wave is not None and wanted is not None:
            share = part.share("rendered", totals)
            spectral, mel = self.distance(wave, wanted)
            loss, figures["mel"] = loss + share * spectral, share * mel
            if self.criticised:
                adversarial, lesson = self._criticise(wave, wanted)
                loss = loss + share * (adversarial + lesson)
                figures |= {"adversarial": share * adversarial, "critic": share * lesson}
        return loss, figures

    def _criticise(self, made: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Return (the model's adversarial loss, the critics' own); neither moves the weights of the other."""
        with self.place.autocast(self.recipe.precision):
            real, fake = self.critics.compare(wanted[:, None], made.detach()[:, None])
            lesson = critic_loss(real, fake)
            self.critics.requires_grad_(requires_grad=False)
            real, fake = self.critics.compare(wanted[:, None], made[:, None])
            self.critics.requires_grad_(requires_grad=True)
        return adversarial_loss(fake) + self.recipe.feature_weight / 2 * feature_loss(real, fake), lesson


@dataclass(frozen=True)
class AcousticModels:
    """The model and, for the second half, its critics."""

    model: SemanticToWave
    critics: Discriminators


def train_acoustic(
    models: AcousticModels, corpus: Corpus, train: Sequence[Utterance], held_out: Sequence[Utterance], folder: Path,
    recipe: AcousticRecipe, place: Workplace | None = None,
) -> MovingAverage:
    """Run or resume stage B and return the averaged weights."""
    place = place or Workplace()
    model, critics = models.model.to(place.device), models.critics.to(place.device)
    plan = BatchPlan(
        tuple(item.clip.length_samples / corpus.rate for item in train), recipe.batch_seconds * recipe.accumulate, recipe.seed,
        max_items=40 * recipe.accumulate, by_length=recipe.by_length,
    )
    loader, unseen = (Loader(corpus, recipe, model.latent_channels, clips_by_speaker(items)) for items in (train, held_out))
    optimizer = torch.optim.AdamW(model.parameters(), recipe.peak_rate, betas=(0.8, 0.99), eps=1e-8)
    critic_optimizer = torch.optim.AdamW(critics.parameters(), recipe.critic_rate, betas=(0.8, 0.99), eps=1e-8)
    networks, optimizers = {"acoustic": model, "critics": critics}, {"acoustic": optimizer, "critics": critic_optimizer}
    lesson, inner = AcousticLesson(models, recipe, corpus.rate, place), [model.enc_p, model.enc_q, model.flow, model.dec]
    stage = Stage(folder, networks, optimizers, lesson, recipe, place, clip=200.0, compiled=inner, partly=True)

    def test(done: int) -> dict[str, float]:
        if recipe.pictures:
            draw_samples(lesson, unseen, held_out, folder.parent / "samples" / f"acoustic-{done:08d}.png")
        return held_out_prior(model, unseen, held_out)

    for step in stage.steps():
        lesson.criticised = step >= recipe.adversarial_from
        items = [train[index] for index in plan.batch(step)]
        stage.learn(step, len(items), partial(loader.part, items, (recipe.seed, step)))
        stage.finish(step, partial(test, step + 1))
    return stage.average


@torch.inference_mode()
def held_out_prior(model: SemanticToWave, loader: Loader, items: Sequence[Utterance]) -> dict[str, float]:
    """Divergence of the posterior from the prior on unseen speakers, per language: what speaking will miss."""
    model.eval()
    device = next(model.parameters()).device
    figures: dict[str, float] = {}
    for language in sorted({item.clip.language for item in items}):
        chosen = [item for item in items if item.clip.language == language][:48]
        values = []
        for start in range(0, len(chosen), 8):
            group = chosen[start : start + 8]
            made = forward(model, loader.part(group, (loader.recipe.seed, start), range(len(group))).to(device))
            values.append(float(prior_divergence(made.z_p, made.logs_q, made.m_p, made.logs_p, made.mask)))
        figures[f"unseen_prior_{language}"] = float(np.mean(values))
    return figures
