"""A voice for one moment: made from a clip, kept for a while, and never in the library."""

import os

import numpy as np
import pytest

from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.prepare.features import mixed_style
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.voices.passing import Clips, PassingVoices, passing_voice


@pytest.fixture(scope="module")
def base():
    return make_tiny_base(ending="soon")


@pytest.fixture
def clip(tmp_path):
    return write_wav(tmp_path / "clip.wav", speech_like((4.0,)))


@pytest.fixture
def other(tmp_path):
    return write_wav(tmp_path / "other.wav", speech_like((3.0,), rate=24000, seed=1), rate=24000)


def test_it_speaks_like_a_voice_of_the_library(base, clip):
    voice = passing_voice(base, Clips(clip, text="hello there", language="en"))
    chunks = list(Engine(base).speak("Hello.", voice, SpeakOptions(takes=1)))
    assert sum(len(chunk.samples) for chunk in chunks) > 1000


def test_without_a_text_it_is_the_timbre_alone(base, clip):
    told, untold = passing_voice(base, Clips(clip, text="hello there", language="en")), passing_voice(base, Clips(clip))
    assert len(untold.features.prompt_codes) == len(untold.features.prompt_phones) == 0
    assert len(told.features.prompt_codes) == pytest.approx(25 * 5.2, abs=2)
    np.testing.assert_array_equal(told.features.style, untold.features.style)
    assert untold.manifest.prompt is None
    assert told.manifest.prompt.phones_from in ("text", "recognised")
    assert (told.manifest.language, untold.manifest.language) == ("en", "auto")


def test_further_clips_are_averaged_into_the_timbre(base, clip, other):
    one, two = (passing_voice(base, Clips(path)).features.style for path in (clip, other))
    both = passing_voice(base, Clips(clip, (other,))).features.style
    np.testing.assert_array_equal(both, mixed_style(base, [one, two]))
    known = base.facts.semantic_to_wave.style + 1
    np.testing.assert_allclose(both[:known], (one[:known] + two[:known]) / 2, atol=1e-5)
    assert not np.allclose(one[:known], two[:known])


@pytest.mark.parametrize("seconds", [1.5, 10.5])
def test_a_clip_of_the_wrong_length_is_refused(base, tmp_path, seconds):
    path = write_wav(tmp_path / "clip.wav", speech_like((seconds - 1.2,)))
    with pytest.raises(InputError, match="3 to 10 s"):
        passing_voice(base, Clips(path))


def test_silence_and_what_is_no_sound_are_refused(base, tmp_path):
    with pytest.raises(InputError, match="silent"):
        passing_voice(base, Clips(write_wav(tmp_path / "silent.wav", np.zeros(80_000, np.float32))))
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises((InputError, CorruptFileError)):
        passing_voice(base, Clips(tmp_path / "text.wav"))


def test_the_same_clips_are_computed_once(base, clip, other):
    voices = PassingVoices()
    first = voices.get(base, Clips(clip))
    assert voices.get(base, Clips(clip)) is first
    assert voices.get(base, Clips(clip, (other,))) is not first
    assert voices.get(base, Clips(clip, text="hello", language="en")) is not first


def test_a_clip_that_changed_is_read_again(base, clip):
    voices = PassingVoices()
    before = voices.get(base, Clips(clip))
    write_wav(clip, speech_like((4.0,), seed=5))
    os.utime(clip, ns=(1, 1))
    assert voices.get(base, Clips(clip)).manifest.id != before.manifest.id


def test_only_so_many_are_kept_and_the_unused_go_first(base, clip, other):
    voices = PassingVoices(most=2)
    first = voices.get(base, Clips(clip))
    voices.get(base, Clips(other))
    assert voices.get(base, Clips(clip)) is first
    voices.get(base, Clips(clip, (other,)))
    assert len(voices) == 2
    assert voices.get(base, Clips(clip)) is first
