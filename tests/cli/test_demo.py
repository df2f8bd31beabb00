"""`vox demo` with a tiny base model: from a recording to files, a picture and one closing line."""

from pathlib import Path

import pytest
import soundfile

import voxcommons
from tiny_base import make_tiny_base
from voxcommons.base.settings import Settings
from voxcommons.cli import demo as demo_verb
from voxcommons.cli.main import main
from voxcommons.models.build import save_base
from voxcommons.trust.labels import read_label
from voxcommons.voices.library import Library

SAMPLE = Path(voxcommons.__file__).parent / "cli" / "data" / "demo_sample.flac"


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture
def vox(home, tmp_path, base_folder, capsys):
    def run(*words: str):
        code = main(["demo", *words, "--base", str(base_folder), "--out", str(tmp_path / "out")], Settings(home=home, threads=1))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def recording(tmp_path) -> Path:
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    path = tmp_path / "me.wav"
    soundfile.write(path, samples[: 12 * rate], rate)
    return path


def test_a_recording_becomes_three_labelled_files_and_a_picture_as_often_as_it_is_run(vox, home, tmp_path, recording):
    code, out, err = vox("--rec", str(recording))
    assert code == 0, err
    made = tmp_path / "out"
    assert sorted(path.name for path in made.iterdir()) == ["english.wav", "mandarin.wav", "mixed.wav", "spectrograms.png"]
    assert all(read_label(made / f"{name}.wav") for name in ("english", "mandarin", "mixed"))
    closing = out.splitlines()[-1]
    assert str(made) in closing
    assert "real-time factor" in closing
    assert Library(home).get("demo").name == "demo"
    assert vox("--rec", str(recording))[0] == 0


def test_without_a_recording_it_says_what_it_took(monkeypatch, tmp_path):
    monkeypatch.setattr("voxcommons.evaluate.dev_speakers.corpus_beside_checkout", lambda: None)
    source = demo_verb._source(None)
    assert source.recording == SAMPLE
    assert "espeak-ng" in source.story
    assert source.text and source.text.startswith("This recording was made by a machine")


def test_a_real_recording_is_preferred(shared):
    source = demo_verb._source(None)
    assert source.recording.parent == shared / "speech" / "references"
    assert source.text


def test_a_transcript_is_taken_only_from_beside_a_reference(recording):
    recording.with_suffix(".txt").write_text("not what is said")
    assert demo_verb._source(recording).text is None


def test_the_sample_is_about_a_minute_and_says_what_it_is():
    facts = soundfile.info(SAMPLE)
    assert 50 < facts.duration < 70
    assert (facts.samplerate, facts.channels) == (16000, 1)
    assert "espeak-ng" in (SAMPLE.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, b"", b"this is no sound"])
def test_a_useless_recording_is_one_line_and_leaves_nothing(vox, tmp_path, content):
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    code, _, err = vox("--rec", str(path))
    assert code == 2
    assert len([line for line in err.splitlines() if line.startswith("error")]) == 1
    assert "Traceback" not in err
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True
