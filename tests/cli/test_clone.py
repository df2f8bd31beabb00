"""`vox clone` on everything people may hand it: a voice and a closing line, or one clear line and nothing written."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from small_disk import small_files_only
from sounds import encode, speech_like, write_wav
from tiny_base import make_tiny_base
from tiny_sense_voice import write_sense_voice
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import save_base
from voxcommons.voicefile.check import check


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return str(folder)


@pytest.fixture
def vox(home, capsys, base):
    """Runs `vox clone` and returns (exit code, stdout lines, stderr lines without progress)."""

    def run(*words, name="a", language="en"):
        code = main(["clone", *map(str, words), "--name", name, "--base", base], Settings(home=home, language_of_messages=language))
        out, err = capsys.readouterr()
        progress = ("reading ", "loading ", "listening ", "writing ", "speaking ")
        return code, out.splitlines(), [line for line in err.splitlines() if not line.startswith(progress)]

    return run


def written(home):
    return sorted(path.name for path in home.rglob("*"))


def test_a_recording_becomes_a_voice_with_a_closing_line(vox, tmp_path, home):
    code, out, err = vox(write_wav(tmp_path / "录音.wav", speech_like((4.0, 6.0, 5.0, 3.0))), "--lang", "en", name="小明")
    assert (code, err) == (0, [])
    assert "excellent" in out[0]
    assert "小明" in out[-1]
    assert "vox speak" in out[-1]
    assert check(home / "voices" / "小明") == []


def test_a_new_voice_says_a_sentence_and_the_release_is_recorded(vox, tmp_path, home):
    recording = write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0)))
    assert vox(recording)[0] == 0
    folder = home / "voices" / "a"
    assert soundfile.info(folder / "preview.flac").frames > 0
    assert "preview.flac" in json.loads((folder / "voice.json").read_text(encoding="utf-8"))["files"]
    assert len((home / "audit" / "releases.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert vox(recording, "--no-preview", name="b")[0] == 0
    assert not (home / "voices" / "b" / "preview.flac").exists()
    assert check(folder) == check(home / "voices" / "b") == []


def test_the_facts_come_as_json_too(vox, tmp_path):
    code, out, _ = vox(write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0))), "--json", "--no-recording")
    facts = json.loads("\n".join(out))
    assert code == 0
    assert facts["advice"] == ["little_speech", "language_unclear"]
    assert 3 <= facts["prompt_s"] <= 10


COMPRESSED = [("a.mp3", "libmp3lame", 44100), ("a.m4a", "aac", 48000), ("a.webm", "libopus", 48000), ("a.ogg", "libopus", 48000)]


@pytest.mark.parametrize(("name", "codec", "rate"), COMPRESSED)
def test_compressed_recordings_are_cloned(vox, tmp_path, name, codec, rate):
    code, _, err = vox(encode(tmp_path / name, speech_like((4.0, 6.0, 6.0), rate=rate), codec, rate), "--lang", "en")
    assert (code, err) == (0, [])


def telephone(path):
    return write_wav(path, speech_like((4.0, 6.0, 6.0), rate=8000), 8000)


def stereo(path):
    sides = speech_like((4.0, 6.0, 6.0)), speech_like((4.0, 6.0, 6.0), seed=7)
    return write_wav(path, np.stack(sides, 1))


def clipped(path):
    return write_wav(path, np.clip(speech_like((4.0, 6.0, 6.0)) * 8, -1, 1))


def high(path):
    return write_wav(path, speech_like((4.0, 6.0, 6.0), rate=96000), 96000, "PCM_24")


def cut_off(path):
    data = write_wav(path, speech_like((4.0, 6.0, 6.0))).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


@pytest.mark.parametrize(("make", "word"), [
    (telephone, "telephone quality"), (stereo, "channels differ"), (clipped, "clipped"), (high, None), (cut_off, "cut off"),
])  # fmt: skip
def test_a_poor_recording_gives_a_voice_and_advice(vox, tmp_path, home, make, word):
    code, out, err = vox(make(tmp_path / "a.wav"), "--lang", "en")
    assert code == 0
    assert check(home / "voices" / "a") == []
    if word is None:
        assert err == []
    else:
        assert any(line.startswith("note: ") and word in line for line in err)
    assert "Traceback" not in "".join(out + err)


def bad_recordings(folder):
    write_wav(folder / "header", speech_like((3.0,)))
    yield "missing", folder / "none.wav", "no such recording"
    yield "folder", folder, "a folder"
    for name, data, word in [
        ("zero bytes.wav", b"", "0 bytes"),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(999), "PNG image"),
        ("文字.mp3", "不是录音\n".encode() * 99, "text file"),
        ("header only.wav", (folder / "header").read_bytes()[:44], "damaged"),
        ("random.flac", b"fLaC" + np.random.default_rng(0).bytes(5000), "damaged"),
        ("random.m4a", b"\0\0\0\x20ftypM4A " + np.random.default_rng(1).bytes(5000), "damaged"),
    ]:
        (folder / name).write_bytes(data)
        yield name, folder / name, word
    for name, samples, word in [
        ("empty.wav", np.zeros(0, np.float32), "empty"),
        ("one second.wav", speech_like((0.5,), pause_s=0.25), "at least 5 s; found 1.0 s"),
        ("silent.wav", np.zeros(160000, np.float32), "silent"),
        ("noise.wav", np.random.default_rng(0).standard_normal(160000).astype(np.float32) * 0.1, "hardly any speech"),
    ]:
        yield name, write_wav(folder / name, samples), word


def test_every_bad_recording_is_one_line_and_exit_code_2_and_nothing_is_written(vox, tmp_path, home):
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name, path, word in bad_recordings(folder):
        code, out, err = vox(path)
        assert (code, out, len(err)) == (2, [], 1), (name, out, err)
        assert word in err[0], (name, err)
        assert written(home) == [], name


def test_the_line_comes_in_chinese_too(vox, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    code, _, err = vox(tmp_path / "a.wav", language="zh")
    assert code == 2
    assert "录音是空的" in err[0]
    _, out, err = vox(telephone(tmp_path / "b.wav"), language="zh")
    assert any(line.startswith("注意：") and "电话音质" in line for line in err)
    assert "已就绪" in out[-1]


@pytest.mark.parametrize(("words", "name"), [
    ([], "../evil"), ([], "con"), (["--text", "@/no/such/text"], "a"), (["--text", "hi", "--lang", "klingon"], "a"), (["--lang", "?"], "a"),
])  # fmt: skip
def test_other_mistakes_are_one_line_as_well(vox, tmp_path, home, words, name):
    code, out, err = vox(write_wav(tmp_path / "a.wav", speech_like((4.0, 5.0))), *words, name=name)
    assert (code, out, len(err)) == (2, [], 1)
    assert written(home) == []


def test_a_missing_base_model_is_one_line(home, tmp_path, capsys):
    path = write_wav(tmp_path / "a.wav", speech_like((4.0, 5.0)))
    assert main(["clone", str(path), "--name", "a", "--base", str(tmp_path)], Settings(home=home)) == 2
    assert "base model" in capsys.readouterr().err.splitlines()[-1]
    assert written(home) == []


def test_a_taken_name_is_refused_and_replaced_on_demand(vox, tmp_path, home):
    path = write_wav(tmp_path / "a.wav", speech_like((4.0, 5.0)))
    assert vox(path)[0] == 0
    before = (home / "voices" / "a" / "voice.json").read_bytes()
    code, _, err = vox(path)
    assert code == 2
    assert "--replace" in err[0]
    assert (home / "voices" / "a" / "voice.json").read_bytes() == before
    other = write_wav(tmp_path / "b.wav", speech_like((5.0, 4.0), seed=3))
    assert vox(other, "--replace")[0] == 0
    assert (home / "voices" / "a" / "voice.json").read_bytes() != before


def test_a_text_file_is_read_for_the_words(vox, tmp_path, home):
    (tmp_path / "words.txt").write_bytes("\ufeff今天天气很好。".encode())
    code, _, err = vox(write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0, 6.0))), "--text", f"@{tmp_path / 'words.txt'}")
    assert code == 0
    assert any("does not seem to be" in line for line in err)
    assert (home / "voices" / "a" / "reference.txt").read_text("utf-8") == "今天天气很好。"
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    assert vox(tmp_path / "a.wav", "--text", f"@{tmp_path / 'bad.txt'}", name="b")[0] == 2


def process(home, base, path, **kwargs):
    environment = {**os.environ, "VOX_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "voxcommons", "clone", str(path), "--name", "a", "--base", base]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)


def test_a_full_disk_is_one_line_and_leaves_nothing(vox, tmp_path, home):
    path = write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0, 6.0)))
    with small_files_only():
        code, _, err = vox(path)
    assert (code, len(err)) == (2, 1)
    assert "disk is full" in err[0]
    assert written(home) in ([], ["voices"])


def test_ctrl_c_in_the_middle_is_one_line_and_leaves_nothing(tmp_path, home, base):
    child = process(home, base, write_wav(tmp_path / "a.wav", speech_like((9.0,) * 18)))
    for line in child.stderr:  # the first line of progress: the program is at work
        assert line.startswith("reading")
        break
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert "stopped" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert written(home) in ([], ["voices"])


def test_a_real_recording_is_cloned_by_its_file_alone(shared, vox, home):
    code, out, err = vox(shared / "speech" / "references" / "en_libri_27.flac", "--consent", "public recording")
    assert code == 0
    assert [line[:32] for line in err] == ["note: which language is this? It"]  # the tiny model hears nothing it knows
    assert "good" in out[0]
    assert json.loads((home / "voices" / "a" / "voice.json").read_text("utf-8"))["consent"]["note"] == "public recording"


def noisy(path, snr_db=9):
    sound = speech_like((4.0, 6.0, 6.0))
    noise = np.random.default_rng(0).standard_normal(len(sound)).astype(np.float32)
    return write_wav(path, (sound + noise * sound.std() * np.float32(10 ** (-snr_db / 20))) * np.float32(0.6))


def test_the_gate_refuses_what_check_rejects(vox, tmp_path, home):
    code, out, err = vox(noisy(tmp_path / "a.wav"), "--gate", "normal")
    assert (code, out, len(err)) == (2, [], 1)
    assert "needs 20 dB" in err[0]
    assert written(home) == []
    assert vox(noisy(tmp_path / "a.wav"), "--no-preview")[0] == 0


def test_noise_is_lowered_on_request_and_said(vox, tmp_path):
    code, _, err = vox(noisy(tmp_path / "a.wav", 16), "--denoise", "--no-preview")
    assert code == 0
    assert any("lowered by" in line for line in err)


def test_an_engine_may_write_down_the_words(vox, tmp_path):
    pytest.importorskip("sherpa_onnx")
    model = write_sense_voice(tmp_path / "model", ["hello", "there"])
    recording = write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0)))
    code, out, err = vox(recording, "--transcribe", f"sherpa-onnx:{model}", "--lang", "en", "--no-preview", "--json")
    assert (code, json.loads("\n".join(out))["text_from"]) == (0, "engine")
    assert any("written down by sherpa-onnx" in line for line in err)


def test_a_folder_without_a_model_is_refused_before_anything_is_written(vox, tmp_path, home):
    code, out, err = vox(write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0))), "--transcribe", f"sherpa-onnx:{tmp_path}")
    assert (code, out, len(err)) == (2, [], 1)
    assert "no model for sherpa-onnx" in err[0]
    assert written(home) == []


def test_features_are_kept_on_request_only(vox, tmp_path, home):
    recording = write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0)))
    assert vox(recording, "--no-preview")[0] == 0
    assert not (home / "cache").exists()
    assert vox(recording, "--no-preview", "--cache", name="b")[0] == 0
    assert len(list((home / "cache" / "features").rglob("*.safetensors"))) == 3
    assert (home / "voices" / "a" / "prompt.safetensors").read_bytes() == (home / "voices" / "b" / "prompt.safetensors").read_bytes()
