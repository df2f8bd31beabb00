"""`vox evaluate`: what it refuses, that what it measures spoke through the one door, and that a run can be repeated."""

import json
import re
from pathlib import Path

import pytest
import soundfile

import voxcommons
from corpus_of_two import write_corpus
from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.base.progress import NullProgress
from voxcommons.base.settings import Settings
from voxcommons.cli.figures_run import ReleasedSpeech, meters_of
from voxcommons.cli.main import main
from voxcommons.evaluate.dev_speakers import DevSpeaker
from voxcommons.models.build import load_base, save_base
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


def test_page_of_the_yardsticks_plays_natural_clips(vox, tmp_path):
    page = tmp_path / "page.html"
    words = ("--data", str(write_corpus(tmp_path / "corpus")), "--language", "en", "--sentences", "1", "--limit-speakers", "1")
    assert vox(*words, "--yardsticks-only", "--html", str(page)) == (0, [])
    text = page.read_text(encoding="utf-8")
    assert "natural recording" in text and "AI-generated speech" not in text
    assert "<audio" in text


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture(scope="module")
def vox_voice(tmp_path_factory, base_folder):
    """`vox evaluate voice` with the voices 'tester' and 'other', one Mandarin sentence, and a few seconds of a recording."""
    place = tmp_path_factory.mktemp("voices")
    base = load_base(base_folder, parts=("semantic_to_wave",))
    add_tiny_voice(place / "home", base)
    add_tiny_voice(place / "home", base, "other", seed=1)
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    soundfile.write(place / "natural.wav", samples[: 4 * rate], rate)

    def run(*words: str, out: str) -> int:
        given = ("--base", str(base_folder), "--language", "zh", "--sentences", "1", "--out", str(place / out))
        return main(["evaluate", "voice", *words, *given], Settings(home=place / "home", threads=1))

    run.place = place
    return run


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("nobody",), "no such voice"),
        (("tester", "--against", "tester"), "cannot be compared with itself"),
        (("tester", "--references", "not-there"), "not-there"),
    ],
)
def test_what_cannot_be_evaluated_is_one_line_and_leaves_nothing(vox_voice, capsys, words, named):
    assert vox_voice(*words, out="refused") == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1 and named in lines[0]
    assert not (vox_voice.place / "refused").exists()


def without_times(content: bytes) -> dict:
    record = json.loads(content)
    for part in record.values():
        for entry in part if isinstance(part, list) else []:
            for name in ("wall_s", "first_sound_s"):
                entry.pop(name, None)
            for name in ("real_time_factor", "first_sound"):
                entry.get("figures", {}).pop(name, None)
    record["facts"].pop("peak_memory_mb_of_speaking")
    return record


def times(content: bytes) -> list[float]:
    return [sentence["wall_s"] for sentence in json.loads(content)["sentences"]]


def releases(place: Path) -> int:
    return ReleaseLog(place / "home").path.read_text().count("\n")


def test_a_run_can_be_repeated_resumed_and_made_again(vox_voice, capsys):
    """One story, because every step needs the one before: a run, the same again, after a loss, and in another folder."""
    place = vox_voice.place
    page, record = place / "page.html", place / "one.json"
    words = ("tester", "--against", "other", "--references", str(place / "natural.wav"))
    assert vox_voice(*words, "--html", str(page), "--json", str(record), out="one") == 0

    printed = capsys.readouterr().out
    assert re.search(r"Mandarin: tester-[0-9a-f]{8} minus other-[0-9a-f]{8} \(1 clip, 1 speaker\)", printed)
    assert re.search(r"\| DNSMOS OVRL \| -?[\d.]+ \(.*\) \| (better|worse|none) \|", printed)
    first = record.read_bytes()
    figures = {(c["system"].split("-")[0], c["language"]): c["figures"] for c in json.loads(first)["figures"]}
    assert {"ovrl", "phone_error", "syllable_error", "cosine", "length", "broken"} <= set(figures["tester", "zh"])
    assert "cosine" not in figures["natural", "en"], "one recording cannot be compared with itself"
    assert "right_speaker" not in figures["tester", "zh"], "of one person nobody can be the nearest"

    sounds = [path for path in (place / "one").rglob("*") if path.suffix in (".wav", ".opus")]
    labels = {path: read_label(path) for path in sounds}
    assert all(labels.values())
    assert releases(place) == len(sounds) == 4
    heard = set(re.findall(r"release ([0-9a-f]{32})", page.read_text(encoding="utf-8")))
    assert heard == {label["ProduceID"] for path, label in labels.items() if path.suffix == ".opus"}

    assert vox_voice(*words, "--html", str(page), "--json", str(record), out="one") == 0
    assert releases(place) == 4
    assert record.read_bytes() == first

    next(path for path in sounds if path.suffix == ".wav" and "tester-" in str(path)).unlink()
    assert vox_voice(*words, "--json", str(record), out="one") == 0
    assert releases(place) == 5
    assert times(record.read_bytes()) != times(first), "the sentence was spoken and measured anew"
    assert without_times(record.read_bytes()) == without_times(first)

    assert vox_voice(*words, "--json", str(place / "two.json"), out="two") == 0
    assert without_times((place / "two.json").read_bytes()) == without_times(first)
