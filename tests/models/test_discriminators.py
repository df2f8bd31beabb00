"""Critics of spectrograms: what they see, and that they can be taught."""

from dataclasses import asdict

import torch

from voxcommons.models import configs
from voxcommons.models.discriminators import Discriminators, SpectrogramDiscriminator
from voxcommons.models.losses import adversarial_loss, critic_loss


def test_a_spectrogram_critic_gives_one_feature_map_per_layer_and_a_score_per_place():
    critic = SpectrogramDiscriminator(512, 128, (4, 6))
    verdict = critic(torch.randn(2, 1, 4000))
    frames = 4000 // 128 + 1
    assert [tuple(feature.shape) for feature in verdict.features] == [(2, 4, frames, 129), (2, 6, frames, 65), (2, 1, frames, 65)]
    assert tuple(verdict.score.shape) == (2, frames * 65)


def test_silence_is_judged_without_infinities():
    critic = SpectrogramDiscriminator(512, 128, (4, 6))
    assert bool(critic(torch.zeros(1, 1, 2000)).score.isfinite().all())


def test_the_public_critics_have_no_spectrogram_critic():
    names = Discriminators(**asdict(configs.discriminators_v2())).state_dict()
    assert len({name.split(".")[1] for name in names}) == 6


def test_the_starters_critics_learn_to_tell_a_tone_from_noise_and_teach_its_maker():
    torch.manual_seed(0)
    critics = Discriminators(**asdict(configs.discriminators_starter()))
    optimizer = torch.optim.AdamW(critics.parameters(), 2e-3)
    tone = torch.sin(torch.arange(4000) * 0.2)[None, None].repeat(2, 1, 1)
    noise = 0.3 * torch.randn(2, 1, 4000)
    first = None
    for _ in range(12):
        real, fake = critics.compare(tone, noise)
        lesson = critic_loss(real, fake)
        first = float(lesson.detach()) if first is None else first
        optimizer.zero_grad()
        lesson.backward()
        optimizer.step()
    assert float(lesson.detach()) < 0.7 * first
    made = noise.clone().requires_grad_()
    adversarial_loss(critics(made)).backward()
    assert float(made.grad.abs().max()) > 0
