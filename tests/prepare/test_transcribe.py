"""Speech is written down by an engine on this machine, or the folder that holds no model is named."""

import numpy as np
import pytest

from sounds import speech_like
from tiny_sense_voice import write_sense_voice
from voxcommons.base.errors import InputError
from voxcommons.prepare.transcribe import Heard, open_transcriber, sherpa_files, transcript_of


def test_the_real_engine_writes_what_its_network_hears(tmp_path):
    pytest.importorskip("sherpa_onnx")
    engine = open_transcriber("sherpa-onnx", write_sense_voice(tmp_path / "m", ["hello", "there"]))
    heard = engine.transcribe(speech_like((2.0,), rate=24000), 24000, "en")
    assert heard == Heard("hello there", "en")
    assert engine.transcribe(speech_like((2.0,)), 16000).text == "hello there"
    assert "sense-voice" in engine.name


def layout(folder, *names, words=b""):
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"onnx" + words)
    return folder


@pytest.mark.parametrize(("names", "words", "kind"), [
    (("model.onnx", "tokens.txt"), b"lfr_window_size text_norm", "sense-voice"),
    (("model.int8.onnx", "tokens.txt"), b"lfr_window_size", "paraformer"),
    (("tiny-encoder.onnx", "tiny-decoder.onnx", "tiny-tokens.txt"), b"n_text_layer", "whisper"),
    (("encoder-1.onnx", "decoder-1.onnx", "joiner-1.onnx", "tokens.txt"), b"", "transducer"),
])  # fmt: skip
def test_a_folder_shows_its_kind(tmp_path, names, words, kind):
    found, files = sherpa_files(layout(tmp_path / "m", *names, words=words))
    assert found == kind
    assert set(files) >= {"tokens"}


def test_eight_bit_weights_are_preferred(tmp_path):
    folder = layout(tmp_path / "m", "model.onnx", "model.int8.onnx", "tokens.txt", words=b"lfr_window_size")
    assert sherpa_files(folder)[1]["model"].endswith("model.int8.onnx")


@pytest.mark.parametrize(("engine", "names"), [
    ("sherpa-onnx", ()), ("sherpa-onnx", ("model.onnx",)), ("sherpa-onnx", ("model.onnx", "tokens.txt")),
    ("sherpa-onnx", ("encoder.onnx", "decoder.onnx", "tokens.txt")), ("faster-whisper", ("model.bin",)),
])  # fmt: skip
def test_a_folder_without_a_known_model_is_refused_before_the_engine_sees_it(tmp_path, engine, names):
    with pytest.raises(InputError, match="no model"):
        open_transcriber(engine, layout(tmp_path / "m", *names))


def test_unknown_engines_and_missing_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="sherpa-onnx or faster-whisper"):
        open_transcriber("parrot", tmp_path)
    with pytest.raises(InputError, match="no such model folder"):
        open_transcriber("sherpa-onnx", tmp_path / "none")


class Echo:
    """Writes the length of what it is given."""

    name = "echo"

    def transcribe(self, samples, rate, language=None):
        return Heard(f"{len(samples) / rate:.0f}" if len(samples) else "")


def test_pieces_are_joined_and_silent_ones_left_out():
    pieces = [(np.zeros(size, np.float32), 10) for size in (10, 0, 30)]
    assert transcript_of(Echo(), pieces) == ("1\n3", ["1", "", "3"])
