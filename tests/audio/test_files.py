"""Recordings come in whatever way people keep them, and bad ones are refused in words."""

import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from sounds import encode, speech_like, write_wav
from voxcommons.audio.files import load, save_flac, save_wav
from voxcommons.base.errors import CorruptFileError, InputError

RATE = 16000


@pytest.fixture(scope="module")
def speech():
    return speech_like((2.0, 2.5))


def kinds(audio):
    return [note.kind for note in audio.warnings]


def likeness(one, other):
    """Correlation at the best shift within 0.1 s: codecs add delay."""
    size = min(len(one), len(other))
    one, other = one[:size], other[:size]
    spectrum = np.fft.irfft(np.fft.rfft(one, 2 * size) * np.conj(np.fft.rfft(other, 2 * size)))
    return spectrum.max() / np.sqrt((one**2).sum() * (other**2).sum())


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_every_sample_type_of_wav_is_the_same_sound(tmp_path, speech, subtype):
    audio = load(write_wav(tmp_path / "a.wav", speech, RATE, subtype))
    assert (audio.rate, audio.channels, audio.warnings) == (RATE, 1, ())
    assert audio.samples.dtype == np.float32
    np.testing.assert_allclose(audio.samples, speech, atol=0.02 if subtype in ("PCM_U8", "ULAW") else 1e-4)


@pytest.mark.parametrize(("name", "codec", "rate"), [
    ("a.m4a", "aac", 44100), ("a.aac", "aac", 48000), ("a.webm", "libopus", 48000), ("a.opus", "libopus", 48000),
    ("a.ogg", "libopus", 48000), ("a.mp3", "libmp3lame", 44100), ("a.mp4", "aac", 48000), ("a.mka", "flac", 44100),
])  # fmt: skip
def test_every_common_container_is_the_same_sound(tmp_path, name, codec, rate):
    speech = speech_like((2.0, 2.5), rate=rate)
    audio = load(encode(tmp_path / name, speech, codec, rate))
    assert audio.source_rate == rate
    assert abs(audio.seconds - len(speech) / rate) < 0.1
    assert likeness(audio.samples, speech) > 0.95
    assert audio.warnings == ()


def test_flac_and_vorbis_are_read(tmp_path, speech):
    soundfile.write(tmp_path / "a.flac", speech, RATE)
    soundfile.write(tmp_path / "a.ogg", speech, RATE, format="OGG", subtype="VORBIS")
    np.testing.assert_allclose(load(tmp_path / "a.flac").samples, speech, atol=1e-4)
    assert likeness(load(tmp_path / "a.ogg").samples, speech) > 0.95


def test_a_name_in_any_script_and_with_any_punctuation_is_read(tmp_path, speech):
    folder = tmp_path / "我的 录音"
    folder.mkdir()
    for name in ("小明 %d [1] 'x'.wav", "http:evil.m4a"):
        path = folder / name
        write_wav(path, speech) if name.endswith("wav") else encode(path.with_name("x.m4a"), speech, "aac", RATE).rename(path)
        assert load(path).seconds > 5


def test_a_rate_that_is_asked_for_is_given_and_keeps_the_duration(tmp_path, speech):
    audio = load(write_wav(tmp_path / "a.wav", speech), rate=24000)
    assert audio.rate == 24000
    assert len(audio.samples) == pytest.approx(len(speech) * 1.5, abs=2)


def test_96_khz_is_brought_to_48_and_8_khz_stays(tmp_path):
    high = load(write_wav(tmp_path / "h.wav", speech_like((3.0,), rate=96000), 96000))
    assert (high.source_rate, high.rate) == (96000, 48000)
    low = load(write_wav(tmp_path / "l.wav", speech_like((3.0,), rate=8000), 8000))
    assert (low.source_rate, low.rate) == (8000, 8000)


def test_equal_channels_mix_silently_and_odd_ones_are_named(tmp_path, speech):
    other = speech_like((2.5, 2.0), seed=9)
    size = min(len(speech), len(other))
    one, two = speech[:size], other[:size]
    cases = {
        "same": ((one, one), [], one),
        "dead": ((np.zeros(size, np.float32), one), ["dead_channel"], one),
        "mirror": ((one, -one), ["opposite_channels"], one),
        "two people": ((one, two), ["different_channels"], (one + two) / 2),
    }
    for name, (sides, notes, mixed) in cases.items():
        audio = load(write_wav(tmp_path / f"{name}.wav", np.stack(sides, 1)))
        assert kinds(audio) == notes, name
        assert audio.channels == 2
        np.testing.assert_allclose(audio.samples, mixed, atol=1e-4)


def test_six_channels_are_mixed_with_a_note(tmp_path, speech):
    assert kinds(load(write_wav(tmp_path / "a.wav", np.repeat(speech[:, None], 6, 1)))) == ["many_channels"]


def test_clipping_is_counted_before_resampling_hides_it(tmp_path, speech):
    path = write_wav(tmp_path / "a.wav", np.clip(speech * 6, -1, 1))
    assert load(path, rate=48000).clipped_ratio > 0.01
    assert load(write_wav(tmp_path / "b.wav", speech)).clipped_ratio == 0


def test_a_cut_off_recording_is_used_up_to_the_cut_and_says_so(tmp_path, speech):
    whole = {
        "a.wav": write_wav(tmp_path / "a.wav", speech).read_bytes(),
        "a.mp3": encode(tmp_path / "a.mp3", speech, "libmp3lame", RATE).read_bytes(),
        "a.webm": encode(tmp_path / "a.webm", speech_like((2.0, 2.5), rate=48000), "libopus", 48000).read_bytes(),
    }
    soundfile.write(tmp_path / "a.flac", speech, RATE)
    whole["a.flac"] = (tmp_path / "a.flac").read_bytes()
    for name, data in whole.items():
        path = tmp_path / f"cut-{name}"
        path.write_bytes(data[: len(data) * 6 // 10])
        audio = load(path)
        assert 2 < audio.seconds < 4.5, name
        assert kinds(audio) == ["damaged"], name


def test_numbers_that_are_none_become_silence_with_a_note(tmp_path, speech):
    odd = speech.copy()
    odd[100:150] = np.nan
    odd[200] = np.inf
    audio = load(write_wav(tmp_path / "a.wav", odd, subtype="FLOAT"))
    assert kinds(audio) == ["not_finite"]
    assert np.isfinite(audio.samples).all()
    assert not audio.samples[100:150].any()


NOT_SOUND = {
    "empty.wav": (b"", "0 bytes"),
    "image.png": (b"\x89PNG\r\n\x1a\n" + bytes(2000), "PNG"),
    "words.mp3": ("这不是录音 this is not a recording\n".encode() * 30, "text file"),
    "page.pdf": (b"%PDF-1.7\n" + bytes(3000), "PDF"),
    "noise.raw": (np.random.default_rng(0).bytes(9000), "unknown"),
    "list.m3u8": (b"#EXTM3U\n#EXTINF:10,\n/etc/hostname\n", "text file"),
    "list.ffconcat": (b"ffconcat version 1.0\nfile /etc/hostname\n", "text file"),
}


@pytest.mark.parametrize("name", NOT_SOUND)
def test_what_is_no_recording_is_named_for_what_it_is(tmp_path, name):
    data, word = NOT_SOUND[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=word) as caught:
        load(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_headers_without_sound_are_damaged_or_empty(tmp_path, speech):
    write_wav(tmp_path / "a.wav", speech)
    data = (tmp_path / "a.wav").read_bytes()
    for name, content in {"h.wav": data[:20], "d.wav": data[:44], "g.wav": b"RIFF" + bytes(900), "f.flac": b"fLaC" + bytes(99)}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CorruptFileError):
            load(tmp_path / name)
    with pytest.raises(InputError, match="empty"):
        load(write_wav(tmp_path / "none.wav", speech[:0]))


def test_a_folder_a_missing_file_and_an_impossible_rate_are_refused(tmp_path, speech):
    for path, word in ((tmp_path, "folder"), (tmp_path / "none.wav", "no such"), (write_wav(tmp_path / "s.wav", speech, 500), "500 Hz")):
        with pytest.raises(InputError, match=word):
            load(path)


def test_a_video_without_sound_is_refused(tmp_path):
    import av

    with av.open(str(tmp_path / "v.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(InputError, match="no sound"):
        load(tmp_path / "v.mp4")


@pytest.mark.parametrize("hours", [0.7, pytest.param(3, marks=pytest.mark.slow)])
def test_of_hours_the_best_minutes_are_kept_in_bounded_memory(tmp_path, hours):
    speech = (speech_like((4.0, 5.0, 4.0, 3.0), rate=8000, floor_db=-60) * 32767).astype("<i2").tobytes()
    path, total = tmp_path / "long.wav", round(hours * 3600) * 8000 * 2
    with path.open("wb") as file:  # sparse: hours of zeros cost no disk
        file.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + total, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", total))
        for minute in range(30, 34):
            file.seek(44 + minute * 60 * 16000)
            file.write(speech * 3)
        file.truncate(44 + total)
    tracemalloc.start()
    audio = load(path, max_seconds=180)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert audio.seconds == pytest.approx(hours * 3600)
    assert len(audio.samples) / audio.rate == 180
    assert 1740 <= audio.start_s <= 1920
    assert kinds(audio) == ["long"]
    assert peak < 40e6  # three hours would be 345 MB


def test_a_recording_shorter_than_the_limit_is_kept_whole(tmp_path, speech):
    audio = load(write_wav(tmp_path / "a.wav", speech), max_seconds=180)
    assert (len(audio.samples), audio.start_s, audio.warnings) == (len(speech), 0.0, ())


def test_what_is_saved_reads_back_and_never_clips(tmp_path, speech):
    save_flac(tmp_path / "a.flac", speech, RATE)
    np.testing.assert_allclose(load(tmp_path / "a.flac").samples, speech, atol=1e-4)
    save_wav(tmp_path / "b.wav", speech * 4, RATE)
    loud = load(tmp_path / "b.wav").samples
    assert 0.99 < np.abs(loud).max() < 1
    assert likeness(loud, speech) > 0.9999


def test_real_recordings_load_at_their_own_rate(shared):
    audio = load(shared / "speech" / "references" / "en-US_kathleen.flac")
    assert (audio.rate, audio.channels, audio.warnings) == (24000, 1, ())
    assert audio.seconds == pytest.approx(61.6, abs=0.1)
