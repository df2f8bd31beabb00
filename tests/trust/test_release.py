"""The door: what comes out is labelled and recorded, and nothing half-made ever stands there."""

import json
import wave
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import av
import numpy as np
import pytest

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.trust.audit import ReleaseLog, verify
from voxcommons.trust.labels import read_label
from voxcommons.trust.release import Provenance, release_stream, release_to_file, text_sha256
from voxcommons.trust.sinks import FORMATS, pcm16

RATE = 16000
MADE = Provenance("kathleen", "id-1", "aa", "starter", "bb", text_sha256("hello"), 7, {"speed": 1.0})


@dataclass(frozen=True)
class Piece:
    samples: np.ndarray
    rate: int = RATE


def tone(seconds: float = 0.5, rate: int = RATE) -> Piece:
    time = np.arange(round(seconds * rate)) / rate
    return Piece((0.4 * np.sin(2 * np.pi * 220 * time)).astype(np.float32), rate)


@pytest.fixture
def log(home: Path) -> ReleaseLog:
    numbers = count(1)
    return ReleaseLog(home, clock=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), make_id=lambda: f"release-{next(numbers)}")


def decoded(path: Path) -> np.ndarray:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_sound_and_the_label(name, tmp_path, log):
    path = tmp_path / f"out.{name}"
    released = release_to_file([tone(), tone()], path, provenance=MADE, log=log)
    sound = decoded(path)
    assert abs(len(sound) / RATE - 1.0) < 0.1
    assert 0.2 < np.abs(sound[2000:12000]).max() < 0.6
    label = read_label(path)
    assert label is not None
    assert list(label) == ["Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2"]
    assert label["Label"] == "1"
    assert label["ContentProducer"] == "VoxCommons"
    assert label["ProduceID"] == released.release_id == "release-1"


@pytest.mark.parametrize("rate", [16000, 24000, 32000, 48000])
@pytest.mark.parametrize("name", ["opus", "mp3", "flac"])
def test_every_rate_of_our_models_can_be_encoded(name, rate, tmp_path, log):
    path = tmp_path / f"out.{name}"
    release_to_file([tone(0.5, rate)], path, provenance=MADE, log=log)
    assert abs(len(decoded(path)) / RATE - 0.5) < 0.1


def test_a_wav_is_plain_16_bit_mono_that_other_programs_read(tmp_path, log):
    piece = tone()
    path = release_to_file([piece], tmp_path / "out.wav", provenance=MADE, log=log).path
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        assert file.readframes(file.getnframes()) == pcm16(piece.samples)
    content = path.read_bytes()
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    assert b"LIST" in content
    assert "人工智能合成".encode() in content


def test_flac_holds_the_same_samples_as_wav(tmp_path, log):
    piece = tone()
    path = release_to_file([piece], tmp_path / "out.flac", provenance=MADE, log=log).path
    np.testing.assert_array_equal(np.round(decoded(path) * 32768).astype("<i2"), np.frombuffer(pcm16(piece.samples), "<i2"))


def test_the_record_tells_what_was_made_and_not_what_was_said(tmp_path, log):
    released = release_to_file([tone()], tmp_path / "secret-name.wav", provenance=MADE, log=log)
    line = log.path.read_text()
    record = json.loads(line)
    assert record["event"] == "release"
    assert record["time"] == "2026-01-02T03:04:05+00:00"
    assert (record["voice"], record["base_sha256"], record["seed"]) == ("kathleen", "bb", 7)
    assert record["text_sha256"] == text_sha256("hello")
    size = released.path.stat().st_size
    assert record["output"] == {"format": "wav", "sha256": released.sha256, "bytes": size, "seconds": 0.5, "rate": RATE}
    assert "hello" not in line
    assert "secret-name" not in line


def test_a_failure_in_the_middle_leaves_neither_file_nor_record(tmp_path, log):
    def broken():
        yield tone()
        raise KeyboardInterrupt

    for name in FORMATS:
        with pytest.raises(KeyboardInterrupt):
            release_to_file(broken(), tmp_path / f"out.{name}", provenance=MADE, log=log)
    assert list(tmp_path.glob("*out*")) == []
    assert list(tmp_path.glob(".*")) == []
    assert not log.path.exists()


def test_an_older_file_survives_a_failure(tmp_path, log):
    path = tmp_path / "out.wav"
    path.write_bytes(b"older")
    with pytest.raises(InputError):
        release_to_file([], path, provenance=MADE, log=log)
    assert path.read_bytes() == b"older"


def test_when_the_record_cannot_be_written_there_is_no_file(tmp_path, home, log):
    (home / "audit").write_text("in the way")
    with pytest.raises(OSError):
        release_to_file([tone()], tmp_path / "out.wav", provenance=MADE, log=log)
    assert not (tmp_path / "out.wav").exists()


def test_no_sound_at_all_is_an_error(tmp_path, log):
    with pytest.raises(InputError, match="came out silent"):
        release_to_file([Piece(np.zeros(0, np.float32))], tmp_path / "out.wav", provenance=MADE, log=log)


@pytest.mark.parametrize("name", ["out.xyz", "out", ".wav"])
def test_an_unknown_ending_lists_what_is_known(name, tmp_path, log):
    with pytest.raises(InputError, match="wav, flac, ogg, opus, mp3"):
        release_to_file([tone()], tmp_path / name, provenance=MADE, log=log)


def test_a_format_can_be_asked_for_whatever_the_ending(tmp_path, log):
    path = release_to_file([tone()], tmp_path / "out.sound", provenance=MADE, log=log, file_format="FLAC").path
    assert path.read_bytes()[:4] == b"fLaC"


def test_a_missing_folder_is_named(tmp_path, log):
    with pytest.raises(InputError, match="nowhere"):
        release_to_file([tone()], tmp_path / "nowhere" / "out.wav", provenance=MADE, log=log)


def test_a_stream_is_recorded_when_it_opens_and_when_it_ends(log):
    pieces = [tone(0.1), Piece(np.zeros(0, np.float32)), tone(0.2)]
    stream = release_stream(pieces, provenance=MADE, log=log)
    first = next(stream)
    assert json.loads(log.path.read_text())["event"] == "open"
    assert first + b"".join(stream) == b"".join(pcm16(piece.samples) for piece in pieces)
    opened, closed = map(json.loads, log.path.read_text().splitlines())
    assert closed["id"] == opened["id"]
    assert closed["complete"] is True
    assert closed["output"]["seconds"] == 0.3
    assert verify(log.path).faults == ()


def test_a_stream_that_is_hung_up_is_recorded_as_far_as_it_went(log):
    stream = release_stream([tone(0.1), tone(0.2)], provenance=MADE, log=log)
    next(stream)
    stream.close()
    closed = json.loads(log.path.read_text().splitlines()[-1])
    assert closed["complete"] is False
    assert closed["output"]["seconds"] == 0.1


def test_samples_beyond_full_scale_are_clipped_and_never_wrap():
    assert np.frombuffer(pcm16(np.array([2.0, -2.0, 0.0], np.float32)), "<i2").tolist() == [32767, -32767, 0]


def test_a_file_without_a_label_has_none(tmp_path):
    path = tmp_path / "plain.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 100)
    assert read_label(path) is None


@pytest.mark.parametrize("content", [b"", b"RIF", b"not a sound at all" * 20])
def test_a_file_that_is_no_sound_says_so(content, tmp_path):
    path = tmp_path / "odd.mp3"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError):
        read_label(path)


@pytest.mark.parametrize("tail", [b"AIGC\xff\xff\xff\xff{", b"AIGC\x04\0\0\0[1]x", b"junk\xff\xff\xff\x7f"])
def test_a_hostile_label_is_no_label(tail, tmp_path):
    path = tmp_path / "hostile.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + tail)
    assert read_label(path) is None
