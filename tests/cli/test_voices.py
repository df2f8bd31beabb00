"""`vox voices` shows, checks, removes and moves voices, and says what is wrong with them."""

import json

import numpy as np
import pytest

from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import BaseFacts, Consent, PromptFacts, RecordingFacts, VoiceManifest


@pytest.fixture
def vox(home, capsys):
    def run(*words):
        code = main(["voices", *map(str, words)], Settings(home=home))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def folder(home):
    """The folder of one voice, 小明."""
    folder = home / "voices" / "小明"
    folder.mkdir(parents=True)
    features = Features(np.ones(8, np.float32), np.arange(50), np.arange(20))
    write_features(folder / "prompt.safetensors", features)
    base, created = BaseFacts("tiny", "ab" * 32), "2026-11-21T05:00:00+00:00"
    made = VoiceManifest(
        "小明", features.voice_id, "zh", base, 16000, {}, created, consent=Consent("yes\n\x1b[31m", created),
        prompt=PromptFacts(1.0, 6.5, "今天", "text"), recording=RecordingFacts(60, 50, 33, 8000, "good"),
    )  # fmt: skip
    write_manifest(folder, made)
    return folder


def test_the_list_shows_every_voice(vox, folder):
    code, out, err = vox()
    assert (code, err) == (0, "")
    assert "小明" in out
    assert "2026-11-21" in out
    facts = json.loads(vox("--json")[1])
    assert facts[0]["name"] == "小明"
    assert facts[0]["faults"] == []


def test_no_voices_is_said(vox, home):
    code, out, _ = vox()
    assert code == 0
    assert "vox clone" in out or "package" in out


def test_show_tells_everything_in_plain_characters(vox, folder):
    code, out, _ = vox("show", "小明")
    assert code == 0
    for word in ("zh", "tiny", "33 dB", "今天", "prompt.safetensors"):
        assert word in out
    assert "\x1b" not in out
    assert json.loads(vox("show", "小明", "--json")[1])["consent"]["note"].startswith("yes")


def test_a_half_deleted_voice_is_marked_and_its_faults_are_named(vox, folder):
    (folder / "prompt.safetensors").unlink()
    code, out, err = vox()
    assert code == 0
    assert "DAMAGED" in out
    assert "prompt.safetensors: is missing" in err
    code, out, err = vox("show", "小明")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "prompt.safetensors: is missing" in err
    for target in (folder, "小明"):
        code, out, err = vox("check", target)
        assert (code, out, err) == (2, "prompt.safetensors: is missing\n", "")
    assert json.loads(vox("check", "小明", "--json")[1]) == [{"file": "prompt.safetensors", "problem": "is missing"}]
    assert vox("remove", "小明", "--yes")[0] == 0
    assert not folder.exists()


def test_removing_asks_first(vox, folder):
    code, _, err = vox("remove", "小明")
    assert code == 2
    assert "--yes" in err
    assert folder.exists()


def test_an_unknown_voice_is_one_line(vox, folder):
    for words in (["show", "小红"], ["remove", "小红", "--yes"], ["export", "小红"], ["check", "小红"]):
        code, out, err = vox(*words)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert "小明" in err


def test_a_voice_is_exported_checked_and_imported(vox, folder, tmp_path):
    target = tmp_path / "x y.voice"
    assert vox("export", "小明", "-o", target)[0] == 0
    assert vox("check", target)[0] == 0
    assert vox("import", target)[0] == 2
    assert vox("import", target, "--replace")[0] == 0
    code, out, _ = vox("import", target, "--name", "two")
    assert (code, "two" in out) == (0, True)
    assert len([entry for entry in json.loads(vox("--json")[1]) if not entry["bundled"]]) == 2


def test_a_bad_archive_is_one_line_and_leaves_nothing(vox, home, tmp_path):
    (tmp_path / "a.voice").write_bytes(b"PK\x03\x04 and nothing more, but long enough to hold an end record")
    for path in (tmp_path / "a.voice", tmp_path / "none.voice"):
        code, out, err = vox("import", path)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert list(home.rglob("*")) == []
