"""The networks of the measuring extra tell one person from two, and good sound from bad."""

import numpy as np
import pytest
import soundfile

from voxcommons.audio.activity import speech_frames
from voxcommons.audio.files import Audio
from voxcommons.voices.second_opinion import Opinion, SecondOpinion, likeness


def test_one_group_is_like_itself_and_two_are_not():
    rng = np.random.default_rng(0)
    one, two = np.eye(8, dtype=np.float32)[:2]

    def around(centre, count):
        found = centre + 0.1 * rng.standard_normal((count, 8)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    assert likeness(around(one, 12)) > 0.8
    assert likeness(np.concatenate([around(one, 8), around(two, 4)])) < 0.3
    assert likeness(np.repeat(one[None], 3, 0)) == 1.0


def test_what_was_not_measured_is_not_claimed():
    assert Opinion().several_speakers is None
    assert Opinion().advice == ()
    assert [note.kind for note in Opinion(likeness=0.3).advice] == ["several_speakers"]


@pytest.fixture(scope="module")
def second():
    found = SecondOpinion()
    if found.missing:
        pytest.skip("the measuring extra is not installed: " + ", ".join(found.missing))
    return found


def recording(shared, *names):
    """Turns of six seconds."""
    people = [soundfile.read(shared / "speech" / "references" / f"{name}.flac", dtype="float32", stop=18 * 16000)[0] for name in names]
    turns = [person[start : start + 96000] for start in range(0, 18 * 16000, 96000) for person in people]
    sound = np.concatenate(turns)
    return Audio(sound, 16000, 16000, 1, "", len(sound) / 16000)


def test_two_people_taking_turns_are_noticed(shared, second):
    alone, both = recording(shared, "en_libri_27"), recording(shared, "en_libri_27", "en_libri_5652")
    assert second.ask(alone, speech_frames(alone.samples, 16000)).several_speakers is False
    assert second.ask(both, speech_frames(both.samples, 16000)).several_speakers is True


def test_noise_lowers_the_listeners_score(shared, second):
    clean = recording(shared, "en_libri_5652")
    noise = np.random.default_rng(0).standard_normal(len(clean.samples)).astype(np.float32) * 0.02
    bad = Audio(clean.samples + noise, 16000, 16000, 1, "", clean.seconds)
    scores = [second.ask(audio, speech_frames(clean.samples, 16000)).quality.ovrl for audio in (clean, bad)]
    assert scores[0] > 3.0 > scores[1]
