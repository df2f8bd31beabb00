"""`vox check` says in words and figures what class a recording belongs to, and touches nothing."""

import json

import numpy as np
import pytest

from sounds import encode, speech_like, write_wav
from voxcommons.audio.activity import speech_frames
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main

LONG = (4.0, 5.0, 4.0, 5.0)


@pytest.fixture
def vox(home, capsys):
    def run(*words, language="en"):
        code = main(["check", *map(str, words)], Settings(home=home, language_of_messages=language))
        return code, *(text.splitlines() for text in capsys.readouterr())

    return run


def noisy(snr_db):
    sound = speech_like(LONG)
    return sound + np.random.default_rng(0).standard_normal(len(sound)).astype(np.float32) * sound.std() * 10 ** (-snr_db / 20)


def test_a_good_recording_is_accepted(vox, tmp_path, home):
    code, out, err = vox(write_wav(tmp_path / "录音.wav", speech_like(LONG)), "--quick")
    assert (code, err, len(out)) == (0, [], 2)
    assert out[0].endswith("录音.wav: accept (excellent)")
    assert "dB above the noise" in out[1]
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(("snr_db", "decision"), [(16, "accept with fixes (usable)"), (8, "reject (poor)")])
def test_noise_decides_the_class_and_is_explained(vox, tmp_path, snr_db, decision):
    code, out, _ = vox(write_wav(tmp_path / "a.wav", noisy(snr_db)), "--quick")
    assert out[0].endswith(decision)
    assert "20 dB" in out[2]
    assert code == (2 if "reject" in decision else 0)


def test_the_gate_can_be_stricter_and_more_tolerant(vox, tmp_path):
    path = write_wav(tmp_path / "a.wav", noisy(15.5))
    assert [vox(path, "--quick", "--gate", gate)[0] for gate in ("tolerant", "normal", "strict")] == [0, 0, 2]


def test_it_speaks_chinese(vox, tmp_path):
    _, out, _ = vox(write_wav(tmp_path / "a.wav", noisy(8)), "--quick", language="zh")
    assert out[0].endswith("不通过 (差)")
    assert "请重新录音" in out[2]


def test_what_a_browser_and_a_phone_record_is_read(vox, tmp_path):
    sound = speech_like(LONG, rate=48000)
    paths = [encode(tmp_path / name, sound, codec, 48000) for name, codec in (("a.webm", "libopus"), ("a.m4a", "aac"))]
    code, out, _ = vox(*paths, "--quick", "--json")
    facts = [json.loads(line) for line in out]
    assert code == 0
    assert [fact["decision"] for fact in facts] == ["accept", "accept"]
    assert [fact["codec"] for fact in facts] == ["opus", "aac"]


def test_one_bad_file_does_not_hide_the_others(vox, tmp_path):
    (tmp_path / "text.wav").write_text("hello")
    good = write_wav(tmp_path / "good.wav", speech_like(LONG))
    code, out, _ = vox(tmp_path / "text.wav", good, "--quick", "--json")
    facts = [json.loads(line) for line in out]
    assert code == 2
    assert [fact["decision"] for fact in facts] == ["reject", "accept"]
    assert "not a recording" in facts[0]["error"]


def test_zeros_between_words_have_no_level_and_json_stays_json(vox, tmp_path):
    sound = speech_like(LONG)
    sound[~np.repeat(speech_frames(sound, 16000), 160)[: len(sound)]] = 0.0
    code, out, _ = vox(write_wav(tmp_path / "a.wav", sound, subtype="FLOAT"), "--quick", "--json")
    fact = json.loads(out[0])
    assert (code, fact["noise_dbfs"], fact["decision"]) == (0, None, "accept_with_fixes")
    assert [note["kind"] for note in fact["advice"]] == ["noise_suppression"]
