"""`vox speak` with a tiny base model: a file or one clear line, never half of something."""

import io
import json
import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from small_disk import small_files_only
from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import load_base, save_base
from voxcommons.synth.options import MAX_CHARACTERS
from voxcommons.trust.audit import ReleaseLog, verify
from voxcommons.trust.labels import read_label

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture
def place(home, tmp_path, base_folder, monkeypatch) -> Path:
    """An empty working folder beside a home with the voice 'tester'."""
    add_tiny_voice(home, load_base(base_folder, parts=("semantic_to_wave",)))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def vox(place, home, base_folder, capsys):
    def run(*words: str):
        code = main(["speak", *words, "--base", str(base_folder)], Settings(home=home, threads=1))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def refused(vox, place, *words: str) -> str:
    """Run a command that must fail with one line and leave nothing; give the line."""
    before = sorted(place.iterdir())
    code, out, err = vox(*words)
    lines = [line for line in err.splitlines() if line.startswith("error")]
    assert (code, out, len(lines)) == (2, "", 1), err
    assert "Traceback" not in err
    assert sorted(place.iterdir()) == before
    return lines[0]


def seconds_of(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def test_a_text_becomes_a_labelled_recorded_file_and_a_closing_line(vox, place, home):
    code, out, _ = vox("Hello there.", "--voice", "tester", "-o", "out.wav")
    assert code == 0
    assert out.startswith("out.wav: ")
    assert "real-time factor" in out
    assert seconds_of(place / "out.wav") > 0.2
    label = read_label(place / "out.wav")
    record = json.loads(ReleaseLog(home).path.read_text())
    assert label is not None
    assert label["ProduceID"] == record["id"]
    assert verify(ReleaseLog(home).path).faults == ()


def test_the_closing_facts_can_be_had_as_json(vox, place):
    code, out, _ = vox("Hello \U0001f600 there.", "-v", "tester", "-o", "out.flac", "--seed", "3", "--json")
    facts = json.loads(out)
    assert code == 0
    assert (facts["path"], facts["format"], facts["voice"], facts["seed"]) == ("out.flac", "flac", "tester", 3)
    assert facts["seconds"] > 0
    assert [(w["start"], w["end"]) for w in facts["warnings"] if w["kind"] != "broken_speech"] == [(6, 7)]


def test_warnings_go_to_standard_error_with_their_positions(vox, place):
    _, out, err = vox("Hello \U0001f600 there.", "-v", "tester", "-o", "out.wav")
    assert "characters 6-7" in err
    assert "characters 6-7" not in out


def test_without_a_voice_and_a_name_there_are_defaults(vox, place):
    assert vox("Hello.")[0] == 0
    assert vox("Hello.")[0] == 0
    assert vox("Hello.", "--format", "flac")[0] == 0
    assert sorted(path.name for path in place.iterdir()) == ["speech-2.wav", "speech.flac", "speech.wav"]


def test_the_same_command_gives_the_same_sound(vox, place):
    for name in ("a.wav", "b.wav"):
        vox("Hello there.", "-v", "tester", "-o", name, "--seed", "9", "--takes", "2")
    vox("Hello there.", "-v", "tester", "-o", "c.wav", "--seed", "9", "--takes", "2", "--stream")
    a, b, c = (wave.open(name).readframes(10**6) for name in ("a.wav", "b.wav", "c.wav"))
    assert a == b == c


def test_text_comes_from_a_file_or_from_standard_input(vox, place, monkeypatch):
    (place / "text.txt").write_text("\ufeffHello there.", encoding="utf-8")
    assert vox("--file", "text.txt", "-v", "tester", "-o", "a.wav")[0] == 0
    for arguments in (["-"], ["--file", "-"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Hello there.")))
        assert vox(*arguments, "-v", "tester", "-o", "b.wav")[0] == 0
        assert seconds_of(place / "a.wav") == seconds_of(place / "b.wav")


def test_raw_sound_goes_to_standard_output_and_everything_else_aside(place, home, base_folder, capsysbinary):
    command = ["speak", "Hello there.", "-v", "tester", "-o", "-", "--json", "--base", str(base_folder)]
    assert main(command, Settings(home=home)) == 0
    captured = capsysbinary.readouterr()
    facts = json.loads(captured.err.decode().splitlines()[-1])
    assert len(captured.out) == round(facts["seconds"] * 16000) * 2 > 0
    assert [json.loads(line)["event"] for line in ReleaseLog(home).path.read_text().splitlines()] == ["open", "close"]


def test_an_older_file_is_replaced_only_by_a_whole_one(vox, place):
    (place / "out.wav").write_bytes(b"older")
    assert vox("...", "-v", "tester", "-o", "out.wav")[0] == 2
    assert (place / "out.wav").read_bytes() == b"older"
    assert vox("Hello.", "-v", "tester", "-o", "out.wav")[0] == 0
    assert seconds_of(place / "out.wav") > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no text"), ("  \n", "no text"), ("...", "no text"), ("\U0001f600", "no text"), ("\x07\x1b\x00", "no text"),
     ("a" * (MAX_CHARACTERS + 1), "too long")],
)  # fmt: skip
def test_text_that_cannot_be_spoken_is_one_line(vox, place, text, said):
    assert said in refused(vox, place, text, "-v", "tester", "-o", "out.wav")


def test_a_megabyte_of_text_is_one_line(vox, place):
    (place / "big.txt").write_text("All work and no play. " * 50_000)
    assert "too long" in refused(vox, place, "--file", "big.txt", "-v", "tester", "-o", "out.wav")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Hello.", "-v", "nobody"], "nobody"),
        (["Hello.", "-v", "../../etc"], "no such voice"),
        (["Hello.", "--lang", "tlh"], "expected one of auto, auto_yue, en"),
        (["Hello.", "-o", "out.xyz"], "wav, flac, ogg, opus, mp3"),
        (["Hello.", "-o", "nowhere/out.wav"], "folder does not exist"),
        (["Hello.", "-o", "."], "no ending"),
        (["Hello.", "-o", "-", "--format", "mp3"], "raw PCM"),
        (["Hello.", "--speed", "50"], "speed"),
        (["Hello.", "--speed", "fast"], "--speed"),
        (["Hello.", "--lexicon", "none.tsv"], "none.tsv"),
        (["--file", "none.txt"], "none.txt"),
        (["--file", "."], "."),
        (["Hello.", "--file", "text.txt"], "TEXT or --file"),
        ([], "TEXT or --file"),
    ],
)
def test_a_mistake_is_one_line(vox, place, arguments, said):
    assert said in refused(vox, place, *arguments)


def test_text_that_is_not_utf_8_is_one_line(vox, place):
    (place / "text.txt").write_bytes(b"\xff\xfeH\x00")
    assert "UTF-8" in refused(vox, place, "--file", "text.txt")


@pytest.mark.parametrize("file", ["prompt.safetensors", "voice.json"])
def test_a_half_deleted_voice_is_one_line(vox, place, home, file):
    (home / "voices" / "tester" / file).unlink()
    assert "damaged" in refused(vox, place, "Hello.", "-v", "tester")


def test_a_missing_or_damaged_base_model_is_one_line(place, home, base_folder, capsys):
    for folder in (place, "no/where"):
        assert main(["speak", "Hello.", "-v", "tester", "--base", str(folder)], Settings(home=home)) == 2
        assert "no such base model" in capsys.readouterr().err


def test_control_characters_inside_a_text_are_told_and_the_rest_is_spoken(vox, place):
    code, _, err = vox("Hello \x07\x1b there.", "-v", "tester", "-o", "out.wav")
    assert code == 0
    assert "warning" in err


def command(base_folder: Path, home: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    environment = os.environ | {"VOX_HOME": str(home), "VOX_THREADS": "1", "PYTHONPATH": str(SRC)}
    return [sys.executable, "-m", "voxcommons", "speak", *words, "-v", "tester", "--base", str(base_folder)], environment


def test_a_full_disk_is_one_line_and_no_file(vox, place, home):
    with small_files_only():
        line = refused(vox, place, "Hello there, this is long enough. " * 20, "-v", "tester", "-o", "out.wav")
    assert "disk is full" in line
    assert list(place.iterdir()) == []
    assert not ReleaseLog(home).path.exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle_it_leaves_nothing(place, home, base_folder, number, code):
    words, environment = command(base_folder, home, "Hello there, this is a long text to be stopped. " * 400, "-o", "out.wav")
    running = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    assert "speaking" in running.stderr.readline()  # said when the first sentence is ready
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == code, err
    assert "Traceback" not in err
    assert list(place.iterdir()) == []
    assert not ReleaseLog(home).path.exists()


def test_nobody_listening_any_more_ends_quietly_and_is_recorded(place, home, base_folder):
    words, environment = command(base_folder, home, "Hello there, this is a long text to be stopped. " * 400, "-o", "-")
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(1000)
        running.stdout.close()
        assert "Traceback" not in running.stderr.read().decode()
    assert running.returncode == 141
    closed = json.loads(ReleaseLog(home).path.read_text().splitlines()[-1])
    assert (closed["event"], closed["complete"]) == ("close", False)


def test_ssml_is_spoken_and_a_mistake_in_it_is_one_line(vox, place):
    spoken = '<speak>Hello <prosody rate="slow" pitch="+2st">there</prosody>.<break time="900ms"/>Fine.<audio src="x"/></speak>'
    code, _, err = vox(spoken, "--ssml", "-v", "tester", "-o", "out.wav", "--takes", "1")
    assert code == 0
    assert "<audio> has no effect" in err
    assert seconds_of(place / "out.wav") > 1.3
    assert "line 1, column 10: mismatched tag" in refused(vox, place, "<speak></break></speak>", "--ssml", "-v", "tester")
    assert "document type" in refused(vox, place, "<!DOCTYPE a><speak>a</speak>", "--ssml", "-v", "tester")


def test_ssml_that_is_not_called_so_gets_a_note(vox, place):
    assert "--ssml follows it" in vox("<speak>Hello.</speak>", "-v", "tester", "-o", "out.wav", "--takes", "1")[2]


def test_pauses_pitch_and_range_are_options_of_every_text(vox, place):
    for name, words in (("a.wav", ["Hello there."]), ("b.wav", ["Hello [pause 2s] there."]), ("c.wav", ["Hello there.", "--pitch", "3"])):
        assert vox(*words, "-v", "tester", "-o", name, "--takes", "1")[0] == 0
    assert seconds_of(place / "b.wav") > 2 + 0.3
    assert seconds_of(place / "c.wav") == pytest.approx(seconds_of(place / "a.wav"), abs=0.1)
    assert "pitch from -12 to 12" in refused(vox, place, "Hello.", "--pitch", "13")
    assert "too long" in refused(vox, place, "Hello [pause 1000s] there.", "-v", "tester")


def test_subtitles_lie_beside_the_sound(vox, place):
    for name in ("out.srt", "out.vtt"):
        code, out, _ = vox(
            "Hello there. [pause 1s] Friend.", "-v", "tester", "-o", "out.wav", "--takes", "1", "--subtitles", name, "--json"
        )
        assert (code, json.loads(out)["subtitles"]) == (0, name)
    assert "Hello there." in (place / "out.srt").read_text()
    assert (place / "out.vtt").read_text().startswith("WEBVTT\n\n00:00:00.000 --> ")
    for name in ("out.txt", "nowhere/out.srt"):
        refused(vox, place, "Hello.", "-v", "tester", "-o", "new.wav", "--subtitles", name)
    refused(vox, place, "...", "-v", "tester", "-o", "new.wav", "--subtitles", "new.srt")
