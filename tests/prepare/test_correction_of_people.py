"""What a voice knows about the mistakes of the starter's predictor helps with speech of the person that it never heard."""

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


@pytest.mark.parametrize("person", ["en-GB_vctk_p225", "zh-CN_cv-zh-061da964212e"])
def test_speech_that_was_not_heard_is_foretold_better(base, shared, person):
    audio = load(shared / "speech" / "references" / f"{person}.flac")
    sound = resample(audio.samples, audio.rate, 16000)
    size = PIECE_S * 16000
    clips = [np.ascontiguousarray(sound[start : start + size]) for start in range(0, len(sound) - size + 1, size)]
    voice = style_of(base, clips[::2], 16000)
    model, plain = base.semantic_to_wave, voice.copy()
    told, nothing = model.style_channels + 1, no_correction(model.width, torch.zeros(1))[0].numpy()
    plain[told : told + len(nothing)] = nothing
    assert distance(base, voice, clips[1::2]) < 0.95 * distance(base, plain, clips[1::2])
