"""What a voice knows about the mistakes of the starter's predictor helps with speech of the person that it never heard."""

import math

import pytest
import torch

from real_people import halves, heard_in, spreads
from voxcommons.models.build import STARTER, base_folder, load_base
from voxcommons.models.correction import no_correction
from voxcommons.prepare.features import style_of


@pytest.fixture(scope="module")
def base():
    return load_base(base_folder(STARTER), parts=("content", "semantic_to_wave"))


@torch.inference_mode()
def distance(base, voice, clips):
    """Mean distance of predicted mel frames of some clips from their own."""
    model, ge, found = base.semantic_to_wave, torch.from_numpy(voice)[None, :, None], []
    for clip in clips:
        heard = heard_in(base, clip)
        hidden = model.prior(heard.codes[None], torch.zeros(1, 1, dtype=torch.long), ge).m
        said = model.mel(hidden, ge, heard.pitch_hz[None])[0]
        loud = heard.mel.mean(0) > torch.quantile(heard.mel.mean(0), 0.5)
        found.append((said - heard.mel)[:, loud].abs().mean())
    return float(torch.stack(found).mean())


@pytest.mark.parametrize("person", ["en-GB_vctk_p225", "zh-CN_cv-zh-061da964212e"])
def test_speech_that_was_not_heard_is_foretold_better(base, shared, person):
    heard, others = halves(shared, person)
    voice = style_of(base, heard, 16000)
    model, plain = base.semantic_to_wave, voice.copy()
    told, nothing = model.style_channels + 3, no_correction(model.width, torch.zeros(1))[0].numpy()
    plain[told : told + len(nothing)] = nothing
    assert distance(base, voice, others) < 0.95 * distance(base, plain, others)


@pytest.mark.parametrize("person", ["en_libri_27", "en_libri_5652", "zh-CN_cv-zh-7a39dd1ad05f"])
def test_speech_that_was_not_heard_is_foretold_nearer_to_how_lively_the_person_speaks(base, shared, person):
    heard, others = halves(shared, person)
    voice = style_of(base, heard, 16000)
    plain = voice.copy()
    plain[base.semantic_to_wave.style_channels + 2] = 0
    (flat, _), (lively, own) = (spreads(base, each, others) for each in (plain, voice))
    assert flat < 0.8 * own
    assert abs(math.log(lively / own)) < 0.6 * abs(math.log(flat / own))
