"""Streams in every format: heard while they are made, labelled where the format has room, recorded to the byte."""

import hashlib
import json
from pathlib import Path

import av
import numpy as np
import pytest

from voxcommons.trust.audit import ReleaseLog
from voxcommons.trust.labels import read_label
from voxcommons.trust.release import Provenance, new_label, release_stream, text_sha256
from voxcommons.trust.sinks import STREAM_FORMATS, pcm16

RATE = 16000
MADE = Provenance("kathleen", "id-1", "aa", "starter", "bb", text_sha256("hello"))
LABELLED = sorted(set(STREAM_FORMATS) - {"pcm", "wav_bare"})


class Piece:
    def __init__(self, seconds: float = 0.5, rate: int = RATE) -> None:
        time = np.arange(round(seconds * rate)) / rate
        self.samples = (0.4 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
        self.rate = rate


@pytest.fixture
def log(home: Path) -> ReleaseLog:
    return ReleaseLog(home)


def decoded(path: Path) -> np.ndarray:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize("name", sorted(set(STREAM_FORMATS) - {"pcm"}))
def test_a_stream_that_was_saved_is_a_sound_file(name, tmp_path, log):
    path = tmp_path / "saved"
    path.write_bytes(b"".join(release_stream([Piece(), Piece()], provenance=MADE, log=log, file_format=name)))
    sound = decoded(path)
    assert abs(len(sound) / RATE - 1.0) < 0.1
    assert 0.2 < np.abs(sound[2000:12000]).max() < 0.6


@pytest.mark.parametrize("name", LABELLED)
def test_a_stream_with_room_carries_the_label_it_was_given(name, tmp_path, log):
    label = new_label(MADE, log)
    path = tmp_path / "saved"
    path.write_bytes(b"".join(release_stream([Piece()], provenance=MADE, log=log, file_format=name, label=label)))
    assert read_label(path)["ProduceID"] == label.release_id
    assert {json.loads(line)["id"] for line in log.path.read_text().splitlines()} == {label.release_id}


@pytest.mark.parametrize("rate", [16000, 24000, 32000, 48000])
@pytest.mark.parametrize("name", ["aac", "ogg", "mp3"])
def test_every_rate_of_our_models_can_be_streamed(name, rate, tmp_path, log):
    path = tmp_path / "saved"
    path.write_bytes(b"".join(release_stream([Piece(0.5, rate)], provenance=MADE, log=log, file_format=name)))
    assert abs(len(decoded(path)) / RATE - 0.5) < 0.15


@pytest.mark.parametrize("name", STREAM_FORMATS)
def test_most_of_a_piece_leaves_before_the_next_is_made(name, log):
    taken = []

    def pieces():
        for _ in range(4):
            yield Piece(1.0)
            taken.append(heard)

    heard = 0
    for content in release_stream(pieces(), provenance=MADE, log=log, file_format=name):
        heard += len(content)
    assert len(taken) == 4
    # What was heard after three of four seconds is more than half of everything.
    assert taken[2] > 0.5 * heard


def test_the_bare_wav_begins_with_44_bytes_that_claim_no_samples(log):
    piece = Piece()
    content = b"".join(release_stream([piece], provenance=MADE, log=log, file_format="wav_bare"))
    assert (content[:4], content[36:44]) == (b"RIFF", b"data\0\0\0\0")
    assert content[44:] == pcm16(piece.samples)


@pytest.mark.parametrize("name", STREAM_FORMATS)
def test_the_record_holds_the_hash_of_what_left(name, log):
    content = b"".join(release_stream([Piece(), Piece()], provenance=MADE, log=log, file_format=name))
    closed = json.loads(log.path.read_text().splitlines()[-1])
    assert closed["output"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert (closed["output"]["bytes"], closed["output"]["seconds"], closed["complete"]) == (len(content), 1.0, True)


@pytest.mark.parametrize("name", STREAM_FORMATS)
def test_an_encoder_that_is_hung_up_is_recorded_as_far_as_it_went(name, log):
    stream = release_stream([Piece(), Piece()], provenance=MADE, log=log, file_format=name)
    next(stream)
    stream.close()
    closed = json.loads(log.path.read_text().splitlines()[-1])
    assert closed["complete"] is False
    assert closed["output"]["bytes"] > 0
