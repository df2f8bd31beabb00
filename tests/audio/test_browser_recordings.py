"""What browsers and phones send while they record is read whole: no length in the header, in fragments, or cut off."""

import av
import numpy as np
import pytest

from sounds import speech_like
from voxcommons.audio.files import load
from voxcommons.audio.quality import judge

RATE = 48000
SECONDS = 9.8

# name, container, codec, channels, options of the muxer
STREAMS = [
    ("chrome.webm", "webm", "libopus", 1, {"live": "1"}),
    ("firefox.ogg", "ogg", "libopus", 1, {}),
    ("safari.mp4", "mp4", "aac", 1, {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    ("iphone.m4a", "ipod", "aac", 2, {}),
]


def record(path, container, codec, channels, options):
    """As a browser does: into a stream that cannot be gone back in, so that no header learns the length."""
    layout = "mono" if channels == 1 else "stereo"
    sound = np.repeat((speech_like((4.0, 4.0), rate=RATE) * 32767).astype(np.int16)[None], channels, 0)

    class Wire:
        def __init__(self, file):
            self.file = file

        def write(self, data):
            return self.file.write(data)

    with path.open("wb") as file:
        target = Wire(file) if options else file  # an iPhone writes files, browsers streams
        with av.open(target, "w", format=container, options=options) as out:
            stream = out.add_stream(codec, rate=RATE, layout=layout)
            frames = av.AudioResampler(stream.codec_context.format, layout, RATE, frame_size=stream.frame_size or 960)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="s16p", layout=layout)
            frame.sample_rate, frame.pts = RATE, 0
            for piece in [*frames.resample(frame), *frames.resample(None), None]:
                out.mux(stream.encode(piece))
    return path


@pytest.mark.parametrize(("name", "container", "codec", "channels", "options"), STREAMS, ids=[stream[0] for stream in STREAMS])
def test_a_stream_is_read_to_its_end(tmp_path, name, container, codec, channels, options):
    audio = load(record(tmp_path / name, container, codec, channels, options))
    assert audio.seconds == pytest.approx(SECONDS, abs=0.15)
    assert audio.warnings == ()
    assert judge(audio.samples, audio.rate).verdict == "excellent"


@pytest.mark.parametrize("stream", STREAMS[:3], ids=[stream[0] for stream in STREAMS[:3]])
def test_a_stream_whose_connection_was_lost_is_read_as_far_as_it_came(tmp_path, stream):
    name, *how = stream
    path = record(tmp_path / name, *how)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    assert load(path).seconds == pytest.approx(0.6 * SECONDS, abs=1.7)
