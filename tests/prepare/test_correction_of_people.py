"""What a voice knows about the mistakes of the starter's predictor helps with speech of the person that it never heard."""

import math

import numpy as np
import pytest
import torch

from voxcommons.audio.files import load
from voxcommons.audio.resample import resample
from voxcommons.models.build import STARTER, base_folder, load_base
from voxcommons.models.correction import no_correction
from voxcommons.prepare.corpus import level
from voxcommons.prepare.features import content_wave, style_of
from voxcommons.prepare.recogniser import content_of

PIECE_S = 6


@pytest.fixture(scope="module")
def base():
    return load_base(base_folder(STARTER), parts=("content", "semantic_to_wave"))


@torch.inference_mode()
def distance(base, voice, clips):
    """Mean distance of predicted mel frames of some clips from their own."""
    model, ge, found = base.semantic_to_wave, torch.from_numpy(voice)[None, :, None], []
    for clip in clips:
        heard = model.hear(torch.from_numpy(level(clip))[None], content_of(base).tokens(content_wave(base, clip, 16000))[0])
        hidden = model.prior(heard.codes[None], torch.zeros(1, 1, dtype=torch.long), ge).m
        said = model.mel(hidden, ge, heard.pitch_hz[None])[0]
        loud = heard.mel.mean(0) > torch.quantile(heard.mel.mean(0), 0.5)
        found.append((said - heard.mel)[:, loud].abs().mean())
    return float(torch.stack(found).mean())


def halves(shared, person):
    """The even and the odd pieces of a recording of a person."""
    audio = load(shared / "speech" / "references" / f"{person}.flac")
    sound = resample(audio.samples, audio.rate, 16000)
    size = PIECE_S * 16000
    clips = [np.ascontiguousarray(sound[start : start + size]) for start in range(0, len(sound) - size + 1, size)]
    return clips[::2], clips[1::2]


@pytest.mark.parametrize("person", ["en-GB_vctk_p225", "zh-CN_cv-zh-061da964212e"])
def test_speech_that_was_not_heard_is_foretold_better(base, shared, person):
    heard, others = halves(shared, person)
    voice = style_of(base, heard, 16000)
    model, plain = base.semantic_to_wave, voice.copy()
    told, nothing = model.style_channels + 3, no_correction(model.width, torch.zeros(1))[0].numpy()
    plain[told : told + len(nothing)] = nothing
    assert distance(base, voice, others) < 0.95 * distance(base, plain, others)


@torch.inference_mode()
def spreads(base, voice, clips):
    """Octaves between the lowest and the highest tenth of the pitch of some clips, foretold and their own, creaks left out."""
    model, ge, pitches = base.semantic_to_wave, torch.from_numpy(voice)[None, :, None], []
    for clip in clips:
        heard = model.hear(torch.from_numpy(level(clip))[None], content_of(base).tokens(content_wave(base, clip, 16000))[0])
        foretold = model.pitch(model.prior(heard.codes[None], torch.zeros(1, 1, dtype=torch.long), ge).m, ge)[0]
        voiced = (foretold > 0) & (heard.pitch_hz > 0)
        pitches.append(torch.log2(torch.stack([foretold, heard.pitch_hz])[:, voiced]))
    near = [each[(each - each.median()).abs() < 0.5] for each in torch.cat(pitches, 1)]
    return [float(each.quantile(0.9) - each.quantile(0.1)) for each in near]


@pytest.mark.parametrize("person", ["en_libri_27", "en_libri_5652", "zh-CN_cv-zh-7a39dd1ad05f"])
def test_speech_that_was_not_heard_is_foretold_nearer_to_how_lively_the_person_speaks(base, shared, person):
    heard, others = halves(shared, person)
    voice = style_of(base, heard, 16000)
    plain = voice.copy()
    plain[base.semantic_to_wave.style_channels + 2] = 0
    (flat, _), (lively, own) = (spreads(base, each, others) for each in (plain, voice))
    assert flat < 0.8 * own
    assert abs(math.log(lively / own)) < 0.6 * abs(math.log(flat / own))
