"""Whether a model lets its pitch be told, and where the middle of a voice's intonation lies.

A generator that is driven by a pitch track speaks at another pitch with the same latents, which is to say with the same mouth. One
that has learned pitch and timbre as one thing cannot, and moving its finished sound would move the timbre too, so it is refused.
"""

from __future__ import annotations

import torch

from voxcommons.base.errors import InputError
from voxcommons.models.build import BaseModel
from voxcommons.synth.options import SpeakOptions
from voxcommons.synth.speaker import Speaker
from voxcommons.text.script import Script


def check_pitch(base: BaseModel, speaker: Speaker, script: Script, options: SpeakOptions) -> None:
    """Refuse a change of pitch that a base model cannot make.

    Raises:
        InputError: the text or the options ask for it, and the model's generator takes no pitch.
    """
    if not (options.moves_pitch or script.moves_pitch):
        return
    model = base.semantic_to_wave
    with torch.inference_mode():
        told = model.pitch(speaker.style.new_zeros(1, model.latent_channels, 4), speaker.style)
    if told is not None and not options.compat:
        return
    raise InputError(
        f"the pitch of the base model {base.name} cannot be moved", expected="a model that speaks at a given pitch, as the starter",
        found="one whose pitch and timbre are one", do="leave pitch and pitch range out, or speak with the starter",
    )  # fmt: skip


@torch.inference_mode()
def middle_hz(base: BaseModel, speaker: Speaker) -> float:
    """The median pitch at which the model speaks the voice's own prompt, in Hz; 0 when there is no prompt that tells it."""
    if not len(speaker.prompt_codes) or not len(speaker.prompt_phones):
        return 0.0
    model = base.semantic_to_wave
    latent = model.latent(speaker.prompt_codes[None], speaker.prompt_phones[None], speaker.style, noise_scale=0.0)
    pitch_hz = model.pitch(latent, speaker.style)
    voiced = pitch_hz[pitch_hz > 0] if pitch_hz is not None else None
    return float(voiced.median()) if voiced is not None and len(voiced) else 0.0
