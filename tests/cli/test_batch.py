"""`vox batch` speaks a script to files of one loudness, goes on where it was left, and names every fault before it begins."""

import csv
import json

import numpy as np
import pytest
import soundfile

from cloned_voices import cloned
from small_voices import put, small_features
from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.audio.loudness import lufs
from voxcommons.base.database import Database
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.jobs.durable import DurableQueue
from voxcommons.models.build import load_base, save_base
from voxcommons.synth.chunks import AudioChunk
from voxcommons.voices.editing import Style, add_style
from voxcommons.voices.library import Library
from voxcommons.voices.speak_job import matched


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture
def vox(home, capsys, base):
    def run(*words):
        code = main(list(map(str, words)), Settings(home=home))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def spoken(home, base, tmp_path):
    """A library with a voice that can be heard."""
    library = Library(home)
    voice = cloned(write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0))), "小明", base=load_base(base), library=library)
    add_style(library, "小明", "calm", Style(voice.features))


@pytest.fixture
def listed(home):
    """A library with a voice for those who only look at it."""
    add_style(Library(home), put(Library(home), "小明").name, "calm", Style(small_features(3)))


@pytest.fixture
def speak(vox, base, tmp_path):
    """Writes a script and speaks it; (exit code, what was said on standard output, on standard error)."""

    def run(*rows, head="voice,text,style,file", words=()):
        script = tmp_path / "script.csv"
        script.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        return vox("batch", script, "-o", tmp_path / "out", "--base", base, "--takes", "1", *words)

    return run


@pytest.fixture
def jobs(home):
    def find():
        database = Database.of(Settings(home=home))
        try:
            return DurableQueue(database).list(most=1000)
        finally:
            database.close()

    return find


def manifest(folder):
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_script_is_spoken_and_taken_up_again(spoken, speak, vox, jobs, tmp_path):
    rows = ["小明,Hello you.,,", '小明,"Well, well. Yes.",calm,hall/two.flac', "小明/calm,One more here.,,"]
    code, out, err = speak(*rows, words=["--subtitles", "srt"])
    assert (code, out.startswith("3 of 3 lines spoken")) == (0, True), err
    folder = tmp_path / "out"
    told = manifest(folder)
    assert [(line["file"], line["state"], line["style"]) for line in told] == [
        ("001.wav", "done", ""), ("hall/two.flac", "done", "calm"), ("003.wav", "done", "calm")
    ]  # fmt: skip
    for line in told:
        samples, rate = soundfile.read(folder / line["file"], dtype="float32")
        assert float(line["seconds"]) == pytest.approx(len(samples) / rate, abs=0.002)
        assert float(line["lufs"]) == pytest.approx(lufs(samples, rate), abs=0.1)
        assert "-->" in (folder / line["file"]).with_suffix(".srt").read_text("utf-8")
    history = json.loads(vox("voices", "history", "--json", "--batch", jobs()[0].batch)[1])
    assert sorted(entry["text"] for entry in history) == ["Hello you.", "One more here.", "Well, well. Yes."]

    # The same again finds everything done; what is gone or changed is spoken anew, and nothing else.
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.wav")}
    assert speak(*rows, words=["--subtitles", "srt"])[0] == 0
    assert len(jobs()) == 3
    (folder / "003.wav").unlink()
    rows[0] = "小明,Hello them.,,"
    assert speak(*rows, words=["--subtitles", "srt"])[0] == 0
    assert len(jobs()) == 5
    assert {path for path, stamp in before.items() if path.stat().st_mtime_ns != stamp} == {folder / "001.wav", folder / "003.wav"}


def test_lines_may_be_left_to_workers_and_an_older_script_is_dropped(listed, speak, jobs):
    assert "2 lines ordered" in speak("小明,Hello you.,,", "小明,And you.,,", words=["--queue-only"])[1]
    assert "1 lines ordered" in speak("小明,Hello you.,,", "小明,And them.,,", words=["--queue-only"])[1]
    assert sorted((job.payload["text"], job.state.value) for job in jobs()) == [
        ("And them.", "queued"), ("And you.", "cancelled"), ("Hello you.", "queued")
    ]  # fmt: skip


def test_a_line_that_fails_costs_only_itself(spoken, speak, tmp_path):
    code, out, err = speak("小明,!?,,", "小明,Hello you.,,")
    assert (code, out.startswith("1 of 2 lines spoken")) == (2, True)
    assert "line 1: " in err
    assert [line["state"] for line in manifest(tmp_path / "out")] == ["failed", "done"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Bert,Hello,,", "no such voice"), ("小明,,,", "no text"), (",Hello,,", "no voice"), ("小明,Hello,sad,", "no such style"),
        ("小明/calm,Hello,sad,", "two styles"), ("小明,Hello,,../x.wav", "outside"), ("小明,Hello,,/etc/x.wav", "outside"),
        ("小明,Hello,,C:\\x.wav", "outside"), ("小明,Hello,,x.exe", "exe"), ("小明,Hello,,x", "no name for a sound"),
        ("小明,Hello,,manifest.csv", "no name for a sound"), ("小明,a,b,c,d", "columns"), ("小明,a", "columns"),
        ("小明,Hello,,good.wav", "line 1 too"),
    ],
)  # fmt: skip
def test_every_fault_is_named_before_anything_is_spoken(listed, speak, tmp_path, jobs, row, said):
    code, out, err = speak("小明,Hello,,good.wav", row, "小明,,,")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "line 2: " in err
    assert said in err
    assert "line 3: no text" in err
    assert not (tmp_path / "out").exists()
    assert jobs() == []


@pytest.mark.parametrize("head", ["voice,words", "voice,text,colour", "voice,voice,text", ""])
def test_a_script_with_other_columns_is_refused(listed, speak, head):
    code, _, err = speak("小明,Hello", head=head)
    assert (code, len(err.splitlines())) == (2, 1)


@pytest.mark.parametrize("level", [0.01, 0.9])
def test_speech_is_brought_to_a_loudness_piece_by_piece(level):
    rng = np.random.default_rng(1)
    sound = (level * np.sin(np.arange(32000) * 0.3) * rng.uniform(0.5, 1, 32000)).astype(np.float32)
    pieces = [AudioChunk(piece, 16000, 0, 1, 0, 1) for piece in np.split(sound, [5, 16000])]
    whole = np.concatenate([chunk.samples for chunk in matched(pieces, -23.0)])
    assert lufs(whole, 16000) == pytest.approx(-23.0, abs=0.05)
    assert np.corrcoef(whole, sound)[0, 1] == pytest.approx(1.0, abs=1e-5)
    loudest = np.concatenate([chunk.samples for chunk in matched(pieces, 0.0)])
    assert np.max(np.abs(loudest)) == pytest.approx(0.97, abs=1e-4)


def test_silence_stays_silent():
    silent = [AudioChunk(np.zeros(100, np.float32), 16000, 0, 1, 0, 1)]
    assert matched(silent, -23.0) == silent
    assert matched([], -23.0) == []
