"""Prosody that was asked for: pauses of their length, words at their tempo and pitch, in pieces as in the whole."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.synth.chunks import SILENCE_DBFS
from voxcommons.synth.course import Course, Delivery
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.text.reader import read
from voxcommons.text.script import Manner, Script, Stretch
from voxcommons.text.ssml import ssml_script
from voxcommons.text.symbols import phone_ids

RATE = 16000


@pytest.fixture(scope="module")
def base():
    return make_tiny_base(ending="soon")


@pytest.fixture(scope="module")
def engine(base):
    return Engine(base)


@pytest.fixture(scope="module")
def voice(base, tmp_path_factory):
    return add_tiny_voice(tmp_path_factory.mktemp("home"), base)


def sound(chunks) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in chunks])


def speak(engine, voice, text, **options) -> np.ndarray:
    return sound(engine.speak(text, voice, SpeakOptions(**{"takes": 1} | options)))


def silences(samples: np.ndarray, rate: int = RATE) -> list[float]:
    """Lengths in seconds of everything quieter than speech, in frames of 10 ms."""
    frame = rate // 100
    levels = np.sqrt(np.mean(np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)), axis=1))
    quiet = np.concatenate([[False], levels <= 10 ** (SILENCE_DBFS / 20), [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(int)))
    return [float(end - start) / 100 for start, end in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize("streaming", ["sentence", "token"])
@pytest.mark.parametrize(("mark", "seconds"), [("[pause 0.5s]", 0.5), ("[pause 1200ms]", 1.2), ("[停顿 0.3秒]", 0.3), ("[pause]", 0.4)])
def test_an_asked_pause_has_its_length(engine, voice, mark, seconds, streaming):
    found = silences(speak(engine, voice, f"Hello there {mark} my friend.", pause_s=0.4, streaming=streaming))
    assert max(found) == pytest.approx(seconds, abs=0.021)
    assert sum(length > 0.1 for length in found) == 1


def test_pauses_stand_at_the_beginning_and_at_the_end_too_and_add_up(engine, voice):
    samples = speak(engine, voice, "[pause 0.7s] Hello. [pause 1s][pause 0.25s] There. [pause 0.6s]")
    assert silences(samples) == pytest.approx([0.7, 1.25, 0.6], abs=0.021)


@pytest.fixture
def handed_on(monkeypatch) -> list:
    """What is handed to the models, passage by passage."""
    passages, decode = [], Engine._decode

    def listening(self, utterance, *arguments):
        passages.append(utterance)
        return decode(self, utterance, *arguments)

    monkeypatch.setattr(Engine, "_decode", listening)
    return passages


def test_a_pause_inside_a_sentence_takes_no_word_away(engine, voice, handed_on):
    speak(engine, voice, "Hello there [pause 1s] my friend.")
    assert [utterance.phones[-1] for utterance in handed_on] == [",", "."]
    assert [len(utterance.phones) for utterance in handed_on] == [len(utterance.ids) for utterance in handed_on]
    said = [phone for utterance in handed_on for phone in utterance.phones if phone.isalnum()]
    assert said == [phone for phone in read("Hello there my friend.").phones if phone.isalnum()]


@pytest.mark.parametrize(
    ("text", "said"),
    [("One [pause 11s] two.", "too long"), ("One [pause soon] two.", "no length"), ("One [pause 0.5] two.", "no length"),
     ("One [pause -1s] two.", "no length"), ("[pause 10s] a" * 61, "too much silence"), ("[pause 1s]", "no text to speak")],
)  # fmt: skip
def test_a_pause_that_cannot_be_is_refused_at_once(engine, voice, text, said):
    with pytest.raises(InputError, match=said):
        engine.speak(text, voice)


def test_warnings_count_in_the_text_that_was_given(engine, voice):
    text = "Hello [pause 0.2s] there \U0001f600 friend. \U0001f389 More."
    chunks = engine.speak(text, voice, SpeakOptions(takes=1))
    found = {text[w.start : w.end] for chunk in chunks for w in chunk.warnings if w.kind != "broken_speech"}
    assert found == {"\U0001f600", "\U0001f389"}


@pytest.mark.parametrize("streaming", ["sentence", "token"])
def test_words_have_a_manner_of_their_own_in_pieces_as_in_the_whole(engine, voice, streaming):
    text = "This sentence is long enough to be cut into several blocks while it is being decoded, one after another."
    manner = Manner(speed=0.7, pitch_st=4, pitch_range=1.5, gain_db=-6)
    script = Script(text, text, stretches=(Stretch(14, 60, manner), Stretch(80, 100, Manner(speed=1.6))))
    pieces = speak(engine, voice, script, streaming=streaming)
    np.testing.assert_array_equal(pieces, speak(engine, voice, script))
    assert len(pieces) != len(speak(engine, voice, text))


def places_of(phonemes: list[int]):
    return lambda tokens: torch.tensor(phonemes[: len(tokens)])


def test_a_stretch_takes_as_long_as_its_tempo_says():
    delivery = Delivery.even(3)
    delivery.speed[1] = 0.5
    course = Course(delivery, places_of([0] * 10 + [1] * 10 + [2] * 10), 2)
    course.see(torch.zeros(30), 30)
    assert [course.frame_of(token) for token in (0, 10, 20, 30)] == [0, 20, 60, 80]
    sources = course.sources(0, 80)
    assert sources[[0, 19]].tolist() == [0, 19]
    assert torch.diff(sources[21:60]).tolist() == pytest.approx([0.5] * 38)
    assert float(sources[79]) == 39 + 20


def test_what_is_settled_about_a_token_stays_whatever_is_heard_later():
    delivery = Delivery.even(2)
    delivery.speed[1] = 0.5
    course = Course(delivery, lambda tokens: torch.full((len(tokens),), int(len(tokens) > 20)), 2)
    course.see(torch.zeros(20), 12)
    assert course.frame_of(20) == 40
    course.see(torch.zeros(30), 30)
    assert [course.frame_of(token) for token in (12, 13, 30)] == [24, 28, 24 + 4 * 18]


def test_pitch_moves_by_semitones_and_spreads_around_its_middle():
    delivery = Delivery.even(1, shift_st=12, spread=0.5, centre_hz=100.0)
    moved = Course(delivery, None, 2).pitched(torch.tensor([[100.0, 200.0, 0.0, 50.0]]), 0)
    assert moved[0].tolist() == pytest.approx([200, 200 * 2**0.5, 0, 200 / 2**0.5])


def test_loudness_fades_within_a_frame_and_is_the_same_in_pieces():
    delivery = Delivery.even(2)
    delivery.gain[1] = 0.1
    course = Course(delivery, places_of([0] * 5 + [1] * 5), 2)
    course.see(torch.zeros(10), 10)
    whole = course.gains(0, 20 * 320, 320)
    pieces = [course.gains(start, start + 500, 320) for start in range(0, 6000, 500)]
    np.testing.assert_allclose(np.concatenate(pieces), whole[:6000])
    assert whole[: 10 * 320].min() == 1
    assert whole[11 * 320 :].max() == pytest.approx(0.1)
    assert np.abs(np.diff(whole)).max() < 0.9 / 300


@pytest.mark.parametrize("wish", [{"pitch": 2.0}, {"pitch_range": 0.5}])
def test_a_model_without_a_pitch_refuses_to_move_it(home, wish):
    public = make_tiny_base(acoustic="vits", ending="soon")
    stranger = add_tiny_voice(home, public)
    with pytest.raises(InputError, match="cannot be moved.*leave pitch"):
        Engine(public).speak("Hello.", stranger, SpeakOptions(**wish))
    script = Script("Hello.", "Hello.", stretches=(Stretch(0, 5, Manner(pitch_st=1)),))
    with pytest.raises(InputError, match="cannot be moved"):
        Engine(public).speak(script, stranger)


def test_a_model_that_cannot_tell_words_apart_cuts_where_the_manner_changes(base, home):
    deaf = replace(make_tiny_base(ending="soon"), content=None)
    text = "Hello there, my friend."
    script = Script(text, text, stretches=(Stretch(6, 11, Manner(speed=0.5)),))
    chunks = list(Engine(deaf).speak(script, add_tiny_voice(home, deaf), SpeakOptions(takes=1)))
    assert [text[chunk.text_start : chunk.text_end] for chunk in chunks] == ["Hello", "there,", "my friend."]
    usual = list(Engine(deaf).speak("there,", add_tiny_voice(home, deaf, "other"), SpeakOptions(takes=1, seed=0)))
    assert chunks[1].seconds > 1.5 * usual[0].seconds


def test_the_phonemes_of_ssml_are_those_handed_to_the_model(engine, voice, handed_on):
    spoken = '<speak>I say <phoneme alphabet="ipa" ph="təˈmɑːtoʊ">potato</phoneme>. <phoneme ph="zhang3">长</phoneme>大了。</speak>'
    speak(engine, voice, ssml_script(spoken))
    assert "T AH0 M AA1 T OW0" in " ".join(handed_on[0].phones)
    assert handed_on[1].phones[:2] == ("zh", "ang3")
    assert all(utterance.ids == phone_ids(utterance.phones) for utterance in handed_on)


def test_silence_where_it_is_asked_for_is_silence(engine, voice):
    text = "Hello there, my dear friend."
    samples = speak(engine, voice, ssml_script(f'<speak>One. <prosody volume="silent">{text}</prosody> Two.</speak>'))
    assert max(silences(samples)) > 1.0
    quieter = speak(engine, voice, ssml_script(f'<speak><prosody volume="-20dB">{text}</prosody></speak>'))
    assert np.abs(quieter).max() < 0.2 * np.abs(speak(engine, voice, text)).max()


def test_no_break_leaves_no_pause(engine, voice):
    joined = speak(engine, voice, ssml_script('<speak>One.<break strength="none"/> Two.</speak>'), pause_s=0.5)
    assert max(silences(joined), default=0.0) < 0.1


def test_emphasis_is_spoken_by_a_model_without_a_pitch_too(home):
    public = make_tiny_base(acoustic="vits", ending="soon")
    script = ssml_script("<speak>Hello <emphasis>there</emphasis>.</speak>")
    chunks = list(Engine(public).speak(script, add_tiny_voice(home, public), SpeakOptions(takes=1)))
    assert [chunk.text for chunk in chunks] == ["Hello there."]


def test_a_voice_without_a_prompt_says_that_its_middle_is_not_known(base, voice):
    stranger = SimpleNamespace(manifest=voice.manifest, features=replace(voice.features, prompt_codes=np.zeros(0, np.int64)))
    with pytest.raises(InputError, match="pitch of this voice is not known"):
        list(Engine(base).speak("Hello.", stranger, SpeakOptions(pitch_range=0.5)))
    assert sum(len(chunk.samples) for chunk in Engine(base).speak("Hello.", stranger, SpeakOptions(pitch=2.0, takes=1))) > 1000
