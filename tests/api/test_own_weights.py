"""Voices with weights of their own on a server: each sounds as `vox speak` makes it, and none costs the others anything."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from tiny_base import add_tiny_voice
from tiny_server import running
from tuned_voices import add_tuned_voice
from voxcommons.api.folders import AllowedFolders
from voxcommons.api.studio import Studio
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import load_base
from voxcommons.voicefile.manifest import WEIGHTS_FILE
from voxcommons.voices.library import Library

VOICES = ("anna", "bert", "plain")
TEXT, SEED = "Hello there. How are you?", 5


@pytest.fixture(scope="module")
def tuned_home(tmp_path_factory, tiny_folder):
    """Two voices with weights of their own and one without, alike in everything else."""
    home = tmp_path_factory.mktemp("tuned-home")
    add_tuned_voice(home, tiny_folder, "anna", 1)
    add_tuned_voice(home, tiny_folder, "bert", 2)
    add_tiny_voice(home, load_base(tiny_folder, parts=("semantic_to_wave",)), "plain")
    return home


@pytest.fixture(scope="module")
def alone(tuned_home, tiny_folder, tmp_path_factory):
    """What `vox speak` makes of each voice by itself."""
    folder, made = tmp_path_factory.mktemp("alone"), {}
    for name in VOICES:
        path = folder / f"{name}.wav"
        command = ["speak", TEXT, "-v", name, "--base", str(tiny_folder), "--seed", str(SEED), "-o", str(path)]
        assert main(command, Settings(home=tuned_home, threads=1)) == 0
        made[name] = soundfile.read(path, dtype="int16")[0]
    return made


def spoken(server, name: str, interface: str) -> np.ndarray:
    if interface == "openai":
        asked = {"model": "tts-1", "voice": name, "input": TEXT, "response_format": "wav", "seed": SEED}
        answer = server.post("/v1/audio/speech", json=asked)
    else:
        asked = {"text": TEXT, "text_lang": "auto", "ref_audio_path": f"voice:{name}", "text_split_method": "cut0", "seed": SEED}
        answer = server.post("/tts", json=asked)
    assert answer.status_code == 200, answer.text
    return soundfile.read(io.BytesIO(answer.content), dtype="int16")[0]


def test_the_voices_differ_by_their_weights_alone(alone):
    assert all(len(sound) > 2000 for sound in alone.values())
    pairs = [(first, second) for first in VOICES for second in VOICES if first < second]
    assert not any(np.array_equal(alone[first], alone[second]) for first, second in pairs)


@pytest.mark.parametrize("kept", [4, 1])
def test_many_at_once_each_sound_as_alone(tuned_home, tiny_folder, alone, kept):
    with running(tuned_home, tiny_folder, queue=20, tuned_kept=kept) as server, ThreadPoolExecutor(9) as pool:
        names = VOICES * 3
        sounds = list(pool.map(lambda name: spoken(server, name, "openai"), names))
    for name, sound in zip(names, sounds, strict=True):
        np.testing.assert_array_equal(sound, alone[name])


def test_the_other_interface_speaks_with_them_too(tuned_home, tiny_folder):
    with running(tuned_home, tiny_folder) as server:
        first, second = (spoken(server, name, "api_v2") for name in ("anna", "bert"))
    assert len(first) > 2000
    assert not np.array_equal(first, second)


@pytest.fixture
def studio(tuned_home, tiny_folder):
    return Studio(tuned_home, {"tiny": str(tiny_folder)}, AllowedFolders(()), 1, tuned_kept=1)


def test_the_base_model_is_read_once_and_what_a_voice_does_not_change_is_shared(studio):
    plain = studio.engine(studio.default)
    anna = studio.engine(studio.default, studio.voice("anna"))
    assert studio.engine(studio.default, studio.voice("plain")) is plain is studio.engine(studio.default)
    before, after = (engine.base.semantic_to_wave.state_dict() for engine in (plain, anna))
    differing = [name for name in before if before[name].data_ptr() != after[name].data_ptr()]
    assert sorted(differing) == ["dec.conv_pre.weight", "predictor.out.weight"]
    assert anna.base.content is plain.base.content


def test_the_one_unused_for_longest_makes_room_and_comes_back(studio):
    anna = studio.engine(studio.default, studio.voice("anna"))
    assert studio.engine(studio.default, studio.voice("anna")) is anna
    bert = studio.engine(studio.default, studio.voice("bert"))
    again = studio.engine(studio.default, studio.voice("anna"))
    assert again is not anna
    assert again.base.own_weights == anna.base.own_weights != bert.base.own_weights
    studio.forget()
    assert studio.engine(studio.default, studio.voice("anna")) is not again


def test_weights_made_anew_are_read_anew(tuned_home, tiny_folder, home):
    from shutil import copytree

    copytree(tuned_home / "voices", home / "voices")
    studio = Studio(home, {"tiny": str(tiny_folder)}, AllowedFolders(()), 1)
    before = studio.engine(studio.default, studio.voice("anna"))
    add_tuned_voice(home, tiny_folder, "fresh", 3)
    (home / "voices" / "anna").rename(home / "voices" / "old")
    (home / "voices" / "fresh").rename(home / "voices" / "anna")
    after = studio.engine(studio.default, studio.voice("anna"))
    assert after.base.own_weights != before.base.own_weights


def test_damaged_weights_are_one_answer_and_the_others_go_on(tuned_home, tiny_folder, home):
    from shutil import copytree

    copytree(tuned_home / "voices", home / "voices")
    path = Library(home).get("anna").folder / WEIGHTS_FILE
    path.write_bytes(b"\xff" * path.stat().st_size)
    with running(home, tiny_folder) as server:
        asked = {"model": "tiny", "voice": "anna", "input": TEXT, "response_format": "wav"}
        answer = server.post("/v1/audio/speech", json=asked)
        assert answer.status_code == 400
        assert "weights of the voice cannot be read" in answer.json()["error"]["message"]
        assert len(spoken(server, "bert", "openai")) > 2000


def test_a_voice_of_another_base_model_is_refused_with_or_without_weights(tuned_home, other_folder):
    with running(tuned_home, other_folder) as server:
        for name in ("anna", "plain"):
            answer = server.post("/v1/audio/speech", json={"model": "tts-1", "voice": name, "input": TEXT})
            assert answer.status_code == 400
            assert "another base model" in answer.json()["error"]["message"]
