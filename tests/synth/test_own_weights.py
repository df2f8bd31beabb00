"""A voice with weights of its own speaks with them, and nobody else's are taken for them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import OwnWeights, load_base, save_base
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.delta import BASE_KEY
from voxcommons.voicefile.manifest import WEIGHTS_FILE
from voxcommons.voices.library import Library
from voxcommons.voices.own_weights import own_weights

TENSOR = "dec.head.bias"


@pytest.fixture
def tuned(tmp_path):
    """(folder of the plain base, the tuned base in memory, a voice that keeps the difference)."""
    base = make_tiny_base(for_training=True, ending="soon")
    folder = tmp_path / "base"
    plain = replace(base, sha256=save_base(base, folder))
    voice = add_tiny_voice(tmp_path / "home", plain)
    changed = base.semantic_to_wave.state_dict()[TENSOR].half() + 0.5
    save_file({f"semantic_to_wave.{TENSOR}": changed}, voice.folder / WEIGHTS_FILE, {BASE_KEY: plain.sha256})
    write_manifest(voice.folder, voice.manifest)
    base.semantic_to_wave.load_state_dict({TENSOR: changed.float()}, strict=False)
    save_base(base, tmp_path / "tuned")
    return folder, load_base(tmp_path / "tuned"), Library(tmp_path / "home").get(voice.name)


def sound(base, voice) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in Engine(base).speak("Hello there.", voice, SpeakOptions(takes=1))])


def test_a_voice_speaks_as_the_model_it_was_tuned_to(tuned):
    folder, whole, voice = tuned
    own = load_base(folder, own_weights=own_weights(voice))
    other = replace(whole, sha256=own.sha256, own_weights=own.own_weights)
    np.testing.assert_array_equal(sound(own, voice), sound(other, voice))
    plain = replace(load_base(folder), own_weights=own.own_weights)
    assert not np.array_equal(sound(own, voice), sound(plain, voice))


def test_a_voice_is_not_spoken_without_its_weights_nor_another_with_them(tuned, tmp_path):
    folder, _, voice = tuned
    with pytest.raises(InputError, match="weights of the voice tester are not loaded"):
        sound(load_base(folder), voice)
    own = load_base(folder, own_weights=own_weights(voice))
    with pytest.raises(InputError, match="expected the plain base model; found those of another voice"):
        sound(own, add_tiny_voice(tmp_path / "home", own, "plain"))


def test_the_command_speaks_with_a_voice_of_its_own_weights(tuned, tmp_path, monkeypatch):
    folder, _, voice = tuned
    monkeypatch.chdir(tmp_path)
    command = ["speak", "Hello there.", "-v", voice.name, "--base", str(folder), "-o", "a.wav"]
    assert main(command, Settings(home=tmp_path / "home", threads=1)) == 0
    assert (tmp_path / "a.wav").stat().st_size > 1000


def test_weights_of_another_model_or_with_strange_names_are_refused(tuned):
    folder, _, _ = tuned
    right = load_base(folder).sha256
    with pytest.raises(InputError, match="belong to another base model"):
        load_base(folder, own_weights=OwnWeights("", "0" * 64, {f"semantic_to_wave.{TENSOR}": torch.zeros(3)}))
    strangers = ("content.head.bias", "semantic_to_wave.x")
    for name, found in ((f"semantic_to_wave.{TENSOR}", "has shape"), *((stranger, "unknown tensor") for stranger in strangers)):
        with pytest.raises(CorruptFileError, match=found):
            load_base(folder, own_weights=OwnWeights("", right, {name: torch.zeros(3)}))


def test_a_damaged_file_of_weights_is_told(tuned):
    _, _, voice = tuned
    (voice.folder / WEIGHTS_FILE).write_bytes(b"\xff" * 40)
    with pytest.raises(CorruptFileError, match="weights of the voice cannot be read"):
        own_weights(voice)
