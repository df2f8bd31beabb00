"""`vox voices` finds voices, changes what is known of them, gives them styles and words, and shows what they spoke."""

import json

import pytest

from cloned_voices import cloned
from small_voices import put
from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import load_base, save_base
from voxcommons.voicefile.check import check
from voxcommons.voices.library import Library


@pytest.fixture
def vox(home, capsys):
    def run(*words):
        code = main(list(map(str, words)), Settings(home=home))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def library(home):
    library = Library(home)
    put(library, "Anna", 1)
    put(library, "小明", 2, language="zh")
    return library


def test_a_described_voice_is_found_and_shown(vox, library):
    facts = ["--gender", "female", "--age", "30s", "--fact", "mood=jolly", "--consent", "yes"]
    code, out, err = vox("voices", "describe", "anna", *facts, "--tag", "Warm", "--tag", "old")
    assert (code, err) == (0, "")
    assert out == "Anna: en; gender female; age 30s; mood jolly; tags old, warm\n"
    assert vox("voices", "describe", "Anna", "--age", "", "--untag", "old")[1] == "Anna: en; gender female; mood jolly; tags warm\n"
    found = json.loads(vox("voices", "search", "jolly", "--gender", "female", "--tag", "warm", "--consent", "--json")[1])
    assert [voice["name"] for voice in found] == ["Anna"]
    assert "Anna" in vox("voices", "search", "--tag", "warm")[1]
    shown = vox("voices", "show", "Anna")[1]
    for word in ("female", "jolly", "warm"):
        assert word in shown
    assert check(library.get("Anna").folder) == []


def test_nothing_found_is_said(vox, library):
    assert vox("voices", "search", "zzzz")[1].startswith("no voice")
    assert vox("voices", "history")[1] == "nothing was spoken yet\n"
    assert vox("voices", "history", "--words", "x")[1] == "nothing like that was spoken\n"


@pytest.mark.parametrize(
    "words",
    [
        ["describe", "Bert", "--age", "3"], ["describe", "Anna", "--fact", "x"], ["describe", "Anna", "--tag", "a,b"],
        ["describe", "Anna", "--language", "../"], ["lexicon", "Anna", "/none.tsv"], ["lexicon", "Anna", "x", "--remove"],
        ["style", "remove", "Anna", "calm"], ["style", "add", "Anna", "calm", "/none.wav"], ["history", "--forget"],
        ["history", "--forget", "--words", "x", "--yes"],
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(vox, library, words):
    code, out, err = vox("voices", *words)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: ")
    assert check(library.get("Anna").folder) == []


def test_a_lexicon_is_given_shown_and_taken(vox, library, tmp_path):
    (tmp_path / "words.tsv").write_text("GIF\tJH IH1 F\n", encoding="utf-8")
    assert vox("voices", "lexicon", "Anna")[1] == "Anna has no lexicon of its own\n"
    assert vox("voices", "lexicon", "Anna", tmp_path / "words.tsv")[0] == 0
    assert vox("voices", "lexicon", "Anna")[1] == "GIF\tJH IH1 F\n"
    assert vox("voices", "lexicon", "Anna", "--remove")[0] == 0
    assert library.get("Anna").lexicon is None


def test_a_voice_speaks_in_a_style_by_its_words_and_it_is_remembered(vox, home, tmp_path):
    """From a recording to a style, a sound in it, and the line in the history."""
    folder, library = tmp_path / "tiny", Library(home)
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    cloned(write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0))), "mine", base=load_base(folder), library=library)
    angry = write_wav(tmp_path / "angry.wav", speech_like((4.0, 6.0), seed=9))
    assert vox("voices", "style", "add", "mine", "愤怒", angry, "--base", folder)[0] == 0
    voice = library.get("mine")
    assert check(voice.folder) == []
    assert (voice.folder / "style-01.flac").is_file()
    assert (voice.in_style("愤怒").features.style != voice.features.style).any()
    sounds = {}
    for name in ("mine", "mine/愤怒"):
        sounds[name] = tmp_path / f"{len(sounds)}.wav"
        code, _, err = vox("speak", "Hello you.", "--voice", name, "-o", sounds[name], "--base", folder, "--takes", "1")
        assert code == 0, err
    assert sounds["mine"].read_bytes() != sounds["mine/愤怒"].read_bytes()
    told = json.loads(vox("voices", "history", "mine", "--json")[1])
    assert [(entry["style"], entry["text"], entry["path"]) for entry in told] == [
        ("愤怒", "Hello you.", str(sounds["mine/愤怒"])), ("", "Hello you.", str(sounds["mine"]))
    ]  # fmt: skip
    assert all(entry["seconds"] > 0 and entry["release_id"] for entry in told)
    assert vox("voices", "history", "--forget", "--yes")[1] == "forgotten: 2\n"
    assert vox("speak", "A secret.", "--voice", "mine", "-o", tmp_path / "s.wav", "--base", folder, "--takes", "1", "--no-history")[0] == 0
    assert json.loads(vox("voices", "history", "--json")[1]) == []
    assert vox("speak", "Hello", "--voice", "mine/sad", "--base", folder)[0] == 2
