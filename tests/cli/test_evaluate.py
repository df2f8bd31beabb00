"""`vox evaluate base`: what it refuses, and that its candidate speaks through the one door."""

from pathlib import Path

import pytest
import soundfile

import voxcommons
from corpus_of_two import write_corpus
from tiny_base import make_tiny_base
from voxcommons.base.progress import NullProgress
from voxcommons.base.settings import Settings
from voxcommons.cli.figures_run import ReleasedSpeech, meters_of
from voxcommons.cli.main import main
from voxcommons.evaluate.dev_speakers import DevSpeaker
from voxcommons.trust.audit import ReleaseLog
from voxcommons.trust.labels import read_label
from voxcommons.voices.library import Library

SAMPLE = Path(voxcommons.__file__).parent / "cli" / "data" / "demo_sample.flac"


@pytest.fixture
def vox(home, tmp_path, capsys):
    def run(*words: str):
        code = main(["evaluate", "base", "--out", str(tmp_path / "out"), *words], Settings(home=home, threads=1))
        captured = capsys.readouterr()
        return code, [line for line in captured.err.splitlines() if line.startswith("error")]

    return run


def test_folder_that_is_no_corpus_is_one_line(vox, tmp_path):
    code, lines = vox("--data", str(tmp_path))
    assert code == 2
    assert len(lines) == 1 and "manifest.tsv" in lines[0]
    assert not (tmp_path / "out").exists()


def test_base_model_that_is_not_there_is_one_line(vox, tmp_path):
    code, lines = vox("--data", str(write_corpus(tmp_path / "corpus")), "--language", "en", "--base", str(tmp_path / "none"))
    assert code == 2
    assert len(lines) == 1 and "no such base model" in lines[0]


def test_language_nobody_speaks_is_one_line(vox, tmp_path):
    code, lines = vox("--data", str(write_corpus(tmp_path / "corpus")), "--language", "zh", "--yardsticks-only")
    assert code == 2
    assert len(lines) == 1 and "zh" in lines[0]


def test_without_a_base_model_phones_are_left_out_with_a_note(home, tmp_path):
    notes: list[str] = []
    meters = meters_of(Settings(home=home), str(tmp_path / "none"), notes.append)
    assert any("phones" in note for note in notes)
    assert not any("CTC" in name for name in meters.names)


def test_candidate_speaks_labelled_and_recorded_and_leaves_the_users_voices_alone(home, tmp_path):
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    reference = tmp_path / "reference.flac"
    soundfile.write(reference, samples[: 12 * rate], rate)
    person = DevSpeaker("ann", "en", "F", reference, "This recording was made by a machine.", ())
    candidate = ReleasedSpeech(make_tiny_base(ending="soon"), Settings(home=home, threads=1), tmp_path / "library", NullProgress())
    path = tmp_path / "one.wav"
    timing = candidate.speak(candidate.clone(person), "A short sentence.", "en", path)
    assert read_label(path)
    assert ReleaseLog(home).path.read_text().count("\n") == 1
    assert 0 < timing.first_sound_s <= timing.wall_s
    assert "ann" not in Library(home).names()
