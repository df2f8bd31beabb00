"""A public base model from its published files to speech, with the commands a person gives and no path but the files' own."""

import json

import pytest
import soundfile

from public_bases import write_base_files, write_critics_file, write_speaker_file
from public_layout import write_published
from sounds import speech_like, write_wav
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.trust.labels import read_label
from voxcommons.voicefile.tensors import TensorFile

NAME = "gpt-sovits-v2"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A folder as people have it: two base models and the networks they need, in the public layout."""
    folder = tmp_path_factory.mktemp("public") / "files"
    write_published(folder)
    for version in ("v1", "v2"):
        write_base_files(folder, version)
    return folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("recording") / "me.wav", speech_like((3.5, 2.0)))


@pytest.fixture
def vox(home, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = main([*map(str, words)], Settings(home=home, threads=1))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_pulled_base_model_clones_and_speaks_by_its_name(vox, home, published, recording, tmp_path):
    code, out, err = vox("models", "pull", NAME, "chinese-hubert-base", "--from", published)
    assert code == 0, err
    assert "licence MIT" in err
    assert "s2G2333k.pth is not the published file" in err
    assert {one["name"] for one in json.loads(vox("models", "list", "--json", "--check")[1]) if one["installed"] == "yes"} == {
        NAME, "chinese-hubert-base",
    }  # fmt: skip
    made_from = json.loads((home / "models" / NAME / "set.json").read_text())["made_from"]
    assert [one["published"] for one in made_from] == [False, False]

    code, out, err = vox("clone", recording, "--name", "me", "--base", NAME, "--json")
    assert code == 0, err
    assert vox("voices", "show", "me", "--json")[0] == 0
    assert (home / "voices" / "me" / "preview.flac").is_file()
    voice = json.loads((home / "voices" / "me" / "voice.json").read_text())
    assert (voice["base"]["name"], voice["sample_rate"]) == (NAME, 32000)

    code, out, err = vox("speak", "Hello, 你好.", "-v", "me", "-o", "by-itself.wav", "--json")
    assert code == 0, err
    assert json.loads(out)["base"] == NAME
    code, out, err = vox("speak", "Hello, 你好.", "-v", "me", "--base", NAME.upper(), "-o", "by-name.wav")
    assert code == 0, err
    first, second = (soundfile.read(tmp_path / f"{name}.wav") for name in ("by-itself", "by-name"))
    assert first[1] == 32000
    assert len(first[0]) > 8000
    assert abs(first[0]).max() > 0.01
    assert (first[0] == second[0]).all()
    assert read_label(tmp_path / "by-name.wav")["Label"] == "1"


def test_a_model_that_whispers_below_hearing_is_not_said_to_lack_words(vox, published, recording, tmp_path):
    folder = write_base_files(tmp_path / "quiet", "v2", louder=0.0)
    assert vox("models", "pull", NAME, "--from", folder)[0] == 0
    assert vox("models", "pull", "chinese-hubert-base", "--from", published)[0] == 0
    assert vox("clone", recording, "--name", "me", "--base", NAME, "--no-preview")[0] == 0
    code, _, err = vox("speak", "Hello.", "-v", "me", "-o", "a.wav")
    assert (code, "came out silent" in err) == (2, True)
    assert not (tmp_path / "a.wav").exists()
    code, _, err = vox("speak", "Hello.", "-v", "me", "-o", "-")
    assert (code, "came out silent" in err) == (2, True)


def test_the_older_table_of_symbols_works_too(vox, published, recording):
    assert vox("models", "pull", "gpt-sovits-v1", "chinese-hubert-base", "--from", published)[0] == 0
    assert vox("clone", recording, "--name", "me", "--base", "gpt-sovits-v1", "--no-preview")[0] == 0
    code, _, err = vox("speak", "Hello, 你好.", "-v", "me", "-o", "a.wav")
    assert code == 0, err


def test_without_the_network_that_hears_it_says_which_to_pull(vox, home, published, recording):
    assert vox("models", "pull", NAME, "--from", published)[0] == 0
    code, _, err = vox("clone", recording, "--name", "me", "--base", NAME)
    assert code == 2
    assert err.strip().splitlines()[-1].endswith("for a converted public model run: vox models pull chinese-hubert-base")
    assert not (home / "voices").exists() or not list((home / "voices").iterdir())


@pytest.mark.parametrize(
    ("command", "name", "said"),
    [
        (("clone", "{recording}", "--name", "me"), "gpt-sovits-v3", "expected starter, or a folder with base.json; found gpt-sovits-v3"),
        (("speak", "Hello.", "-v", "kathleen"), "gpt-sovits-v2", "run: vox models pull gpt-sovits-v2"),
        (("serve",), "gpt-sovits-v2", "run: vox models pull gpt-sovits-v2"),
        (("demo", "--rec", "{recording}"), "nothing", "see: vox models list"),
    ],
)
def test_a_name_that_is_not_installed_is_one_line(vox, recording, command, name, said):
    code, out, err = vox(*(word.format(recording=recording) for word in command), "--base", name)
    assert code == 2
    lines = [line for line in err.splitlines() if line.startswith("error")]
    assert len(lines) == 1, err
    assert said in lines[0]


def test_a_model_that_hears_who_speaks_asks_for_that_network_and_uses_it(vox, published, recording, tmp_path):
    folder = write_base_files(tmp_path / "pro", "v2ProPlus")
    write_speaker_file(folder)
    assert vox("models", "pull", "gpt-sovits-v2ProPlus", "--from", folder)[0] == 0
    assert vox("models", "pull", "chinese-hubert-base", "--from", published)[0] == 0
    clone = ("clone", recording, "--name", "me", "--base", "gpt-sovits-v2ProPlus", "--no-preview")
    code, _, err = vox(*clone)
    assert (code, "vox models pull eres2netv2" in err) == (2, True)
    assert vox("models", "pull", "eres2netv2", "--from", folder)[0] == 0
    code, _, err = vox(*clone)
    assert code == 0, err
    code, out, err = vox("speak", "Hello.", "-v", "me", "-o", "a.wav", "--json")
    assert (code, json.loads(out)["base"]) == (0, "gpt-sovits-v2ProPlus"), err


def test_for_training_the_critics_and_the_posterior_encoder_come_along(vox, home, tmp_path):
    folder = write_base_files(tmp_path / "files", "v2")
    write_critics_file(folder, "v2")
    assert vox("models", "pull", NAME, "--from", folder)[0] == 0
    files = json.loads((home / "models" / NAME / "set.json").read_text())["files"]
    assert "critics.safetensors" not in files
    code, _, err = vox("models", "pull", NAME, "--for-training", "--replace", "--from", folder)
    assert code == 0, err
    files = json.loads((home / "models" / NAME / "set.json").read_text())["files"]
    assert "critics.safetensors" in files
    assert any(name.startswith("enc_q.") for name in TensorFile.at(home / "models" / NAME / "semantic_to_wave.safetensors"))


def test_training_needs_the_critics_too_and_nothing_is_left_without_them(vox, home, published):
    code, _, err = vox("models", "pull", NAME, "--for-training", "--from", published)
    assert code == 2
    assert "s2D2333k.pth" in err
    assert list((home / "models").iterdir()) == [] if (home / "models").exists() else True


def test_a_file_of_another_network_under_the_published_name_is_refused(vox, home, published, tmp_path):
    folder = tmp_path / "mixed" / "gsv-v2final-pretrained"
    folder.mkdir(parents=True)
    source = published / "gsv-v2final-pretrained"
    for path in source.iterdir():
        (folder / path.name).write_bytes((source / "s2G2333k.pth").read_bytes())
    code, _, err = vox("models", "pull", NAME, "--from", tmp_path / "mixed")
    assert code in (2, 3)
    assert len([line for line in err.splitlines() if line.startswith(("error", "refused"))]) == 1, err
    assert not (home / "models" / NAME).exists()
