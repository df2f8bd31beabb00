"""A voice tuned to a real person keeps what its clone had."""

import numpy as np

from real_people import halves, spreads
from voxcommons.audio.files import save_flac
from voxcommons.models.build import STARTER, base_folder, load_base
from voxcommons.models.overlay import overlaid
from voxcommons.train.few_shot import SOUND, FewShotRecipe
from voxcommons.voices.enrolment import EnrolOptions, enrol
from voxcommons.voices.library import Library
from voxcommons.voices.own_weights import own_weights
from voxcommons.voices.tuning import TuneOptions, finetune


def test_a_tuned_voice_moves_its_pitch_as_far_as_its_clone(shared, tmp_path):
    heard, others = halves(shared, "zh-CN_cv-zh-7a39dd1ad05f")
    save_flac(tmp_path / "heard.flac", np.concatenate(heard), 16000)
    place, library = base_folder(STARTER), Library(tmp_path / "home")
    base = load_base(place)
    enrol(tmp_path / "heard.flac", "he", base=base, library=library, options=EnrolOptions())
    clone = spreads(base, library.get("he").features.style, others)[0]
    recipe = FewShotRecipe(parts=(SOUND,), steps=25)
    assert finetune(library, "he", base_place=place, home=tmp_path, options=TuneOptions(recipe, checked=False)).changed
    voice = library.get("he")
    assert spreads(overlaid(base, own_weights(voice)), voice.features.style, others)[0] > 0.85 * clone
