"""Synthetic sound leaves through `trust.release` and through nothing else: the source is searched for other exits."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "voxcommons"

# What writes sound -> the files that may.
EXITS = {
    r"\bsoundfile\.write\(|\bsf\.write\(": {"audio/files.py"},  # recordings
    r"SoundFile\([^)]*[\"'](w|x|r\+)": set(),
    r"\bwave\.open\(|\bwavfile\.write\(|^\s*import wave\b|torchaudio\.save\(": set(),
    r"\.add_stream\(|av\.open\([^)]*[\"'](w|a)[\"']": {"trust/sinks.py"},
    r"WAVEfmt": {"trust/sinks.py"},
    r"\b(open_sink|open_stream|WavSink|EncodedSink|PlainStream|EncodedStream|pcm16)\b": {"trust/sinks.py", "trust/release.py"},
}
# Writers of recordings stay away from the rooms where sound is made or served.
ROOMS_WITHOUT_RECORDINGS = ("synth", "models", "trust", "cli", "evaluate", "api", "web")


def sources() -> dict[str, str]:
    return {path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}


def trespassers(pattern: str, allowed: set[str], files: dict[str, str]) -> list[str]:
    return [name for name, text in files.items() if name not in allowed and re.search(pattern, text, re.MULTILINE)]


@pytest.mark.parametrize("pattern", EXITS)
def test_no_other_file_writes_sound(pattern):
    assert trespassers(pattern, EXITS[pattern], sources()) == []


def test_writers_of_recordings_are_not_used_where_sound_is_made():
    files = {name: text for name, text in sources().items() if name.split("/")[0] in ROOMS_WITHOUT_RECORDINGS}
    assert trespassers(r"\bsave_(wav|flac)\b", set(), files) == []


def test_the_search_finds_an_exit_when_there_is_one():
    files = {"cli/leak.py": "import soundfile as sf\nsf.write('out.wav', samples, 16000)\n", "synth/leak.py": "box.add_stream('flac')"}
    assert sum(bool(trespassers(pattern, allowed, files)) for pattern, allowed in EXITS.items()) == 2


def test_nothing_in_the_allowed_list_is_out_of_date():
    files = sources()
    assert all(name in files and re.search(pattern, files[name], re.MULTILINE) for pattern, names in EXITS.items() for name in names)
