"""Recordings of real people in two halves, and how far their pitch moves beside what a base model foretells of it."""

import numpy as np
import torch

from voxcommons.audio.files import load
from voxcommons.audio.resample import resample
from voxcommons.prepare.corpus import level
from voxcommons.prepare.features import content_wave
from voxcommons.prepare.recogniser import content_of

PIECE_S = 6


def halves(shared, person):
    """The even and the odd pieces of a recording of a person."""
    audio = load(shared / "speech" / "references" / f"{person}.flac")
    sound = resample(audio.samples, audio.rate, 16000)
    size = PIECE_S * 16000
    clips = [np.ascontiguousarray(sound[start : start + size]) for start in range(0, len(sound) - size + 1, size)]
    return clips[::2], clips[1::2]


def heard_in(base, clip):
    """A clip [T] of 16 kHz as the acoustic model listens to it, its words unknown."""
    return base.semantic_to_wave.hear(torch.from_numpy(level(clip))[None], content_of(base).tokens(content_wave(base, clip, 16000))[0])


@torch.inference_mode()
def spreads(base, voice, clips):
    """Octaves between the lowest and the highest tenth of the pitch of some clips, foretold and their own, creaks left out."""
    model, ge, pitches = base.semantic_to_wave, torch.from_numpy(voice)[None, :, None], []
    for clip in clips:
        heard = heard_in(base, clip)
        foretold = model.pitch(model.prior(heard.codes[None], torch.zeros(1, 1, dtype=torch.long), ge).m, ge)[0]
        voiced = (foretold > 0) & (heard.pitch_hz > 0)
        pitches.append(torch.log2(torch.stack([foretold, heard.pitch_hz])[:, voiced]))
    near = [each[(each - each.median()).abs() < 0.5] for each in torch.cat(pitches, 1)]
    return [float(each.quantile(0.9) - each.quantile(0.1)) for each in near]
