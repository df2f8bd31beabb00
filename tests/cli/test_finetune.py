"""`vox finetune` on everything people may hand it: a closer voice and its curve, or one clear line and the voice as it was."""

import json

import pytest

from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import load_base, save_base
from voxcommons.voicefile.check import check
from voxcommons.voices.enrolment import enrol
from voxcommons.voices.library import Library

LONG = (4.0, 5.0, 4.0, 3.0, 4.0)
SHORT_WORK = ("--steps", "2", "--batch-seconds", "8", "--no-check")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture
def vox(home, capsys, base, tmp_path):
    """Runs `vox finetune a` on a fresh clone and returns (exit code, standard output, standard error)."""
    enrol(write_wav(tmp_path / "a.wav", speech_like(LONG, 1.0)), "a", base=load_base(base), library=Library(home))

    def run(*words, name="a"):
        code = main(["finetune", name, *map(str, words), "--base", str(base)], Settings(home=home, threads=1))
        return code, *capsys.readouterr()

    return run


def test_a_voice_is_tuned_and_told_about(vox, home):
    code, out, err = vox("--steps", "10", "--batch-seconds", "8", "--no-check")
    assert code == 0
    assert "on phrases kept back; kept step" in out
    assert "kB" in out
    assert "MB at most" in out
    assert "tuning.png" in out
    assert "s left" in err
    assert check(home / "voices" / "a") == []


def test_facts_come_as_json(vox, home):
    code, out, _ = vox("--steps", "10", "--batch-seconds", "8", "--no-check", "--json", "--name", "b", "--way", "last")
    facts = json.loads(out)
    assert code == 0
    assert facts["name"] == "b"
    assert facts["courses"][0]["points"][0]["step"] == 0
    assert facts["weights_bytes"] > 0
    assert (home / "voices" / "b" / "weights.safetensors").stat().st_size == facts["weights_bytes"]


def test_a_folder_of_recordings_is_added_with_the_words_beside_them(vox, home, tmp_path):
    folder = tmp_path / "evening"
    folder.mkdir()
    write_wav(folder / "one.wav", speech_like((3.0, 4.0), seed=3))
    (folder / "one.txt").write_text("These words were said in the evening.", encoding="utf-8")
    assert vox(*SHORT_WORK, "--steps", "10", "--add", folder)[0] == 0
    assert "said in the evening" in (home / "voices" / "a" / "reference.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--add", "none.wav"), "no such file: expected a recording or a folder of them"),
        (("--domain", "none.tsv"), "no such file: expected a list of recordings and their words"),
        (("--domain", "none.tsv", "--add", "none.wav"), "a domain is tuned by itself"),
        (("--text", "words"), "--text is for one recording"),
        (("--name", "a"), "already there"),
        (("--way", "magic"), "'magic' is not one of"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(vox, home, words, line):
    before = (home / "voices" / "a" / "voice.json").read_bytes()
    code, out, err = vox(*words)
    assert (code, out) == (2, "")
    assert line in err.splitlines()[-1]
    assert len(err.splitlines()) == 1
    assert (home / "voices" / "a" / "voice.json").read_bytes() == before


def test_an_unknown_voice_is_found_out_before_anything_is_loaded(vox):
    code, _, err = vox(name="nobody")
    assert code == 2
    assert "no such voice" in err
