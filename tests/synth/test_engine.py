"""Speaking: the same under a seed, piece by piece or whole, and never silent about what it could not say."""

import threading
import weakref
from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tiny_base import add_tiny_voice, make_tiny_base
from voxcommons.base.errors import Cancelled, InputError
from voxcommons.synth.engine import SILENT_PHONES, Engine, provenance
from voxcommons.synth.options import MAX_CHARACTERS, SpeakOptions
from voxcommons.text.reader import read
from voxcommons.text.symbols import symbols

TEXT = "Hello there, my friend. 你好，世界！ This is a mixed 句子 for you."


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


def speak(engine, voice, text=TEXT, **options):
    return list(engine.speak(text, voice, SpeakOptions(**options)))


def test_a_text_in_two_languages_becomes_sound(engine, voice):
    chunks = speak(engine, voice)
    assert [chunk.sentence for chunk in chunks] == [0, 1, 2]
    assert all(chunk.sentences == 3 and chunk.final and chunk.rate == 16000 for chunk in chunks)
    said = [TEXT[chunk.text_start : chunk.text_end] for chunk in chunks]
    assert said == ["Hello there, my friend.", "你好，世界！", "This is a mixed 句子 for you."]
    whole = sound(chunks)
    assert len(whole) > 16000
    assert 0 < np.abs(whole).max() <= 1


def test_the_same_seed_gives_the_same_samples_and_another_seed_others(engine, voice):
    one, again, other = (sound(speak(engine, voice, seed=seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, again)
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_chance_outside_the_engine_does_not_matter(engine, voice):
    torch.manual_seed(1)
    one = sound(speak(engine, voice))
    torch.manual_seed(2)
    np.testing.assert_array_equal(sound(speak(engine, voice)), one)


@pytest.mark.parametrize("speed", [1.0, 1.3])
def test_pieces_joined_are_the_whole(engine, voice, speed):
    long_text = TEXT + " " + "This sentence is long enough to be cut into several blocks while it is being decoded, one after another."
    pieces = speak(engine, voice, long_text, streaming="token", speed=speed, takes=1)
    whole = speak(engine, voice, long_text, streaming="sentence", speed=speed, takes=1)
    assert len(pieces) > len(whole) + 2
    np.testing.assert_array_equal(sound(pieces), sound(whole))
    assert [piece.sentence for piece in pieces if piece.final] == [0, 1, 2, 3]


def test_the_first_piece_comes_before_the_sentence_is_decoded(engine, voice, base, monkeypatch):
    steps = 0
    step = base.text_to_semantic.step

    def counted(*arguments):
        nonlocal steps
        steps += 1
        return step(*arguments)

    monkeypatch.setattr(base.text_to_semantic, "step", counted)
    long_text = "This sentence is long enough to be cut into several blocks while it is being decoded, one after another."
    stream = engine.speak(long_text, voice, SpeakOptions(streaming="token"))
    next(stream)
    until_first = steps
    list(stream)
    assert 20 < until_first < steps - 10


def test_a_sentence_sounds_the_same_whatever_follows_it(engine, voice):
    alone = speak(engine, voice, "One sentence.", pause_s=0)
    first = speak(engine, voice, "One sentence. And then another one.", pause_s=0)[0]
    np.testing.assert_array_equal(sound(alone), first.samples)


def test_a_pause_stands_between_sentences_and_not_at_the_end(engine, voice):
    short, long = (speak(engine, voice, "One. Two.", pause_s=pause) for pause in (0.1, 0.6))
    assert len(long[0].samples) - len(short[0].samples) == 8000
    assert len(long[1].samples) == len(short[1].samples)
    assert not long[0].samples[-9600:].any()


def test_what_cannot_be_read_comes_back_as_a_warning_with_its_position(engine, voice):
    text = "Fine words. Then \U0001f600 \u0000 this."
    chunks = speak(engine, voice, text)
    warnings = [warning for chunk in chunks for warning in chunk.warnings if warning.kind != "broken_speech"]
    assert {text[warning.start : warning.end] for warning in warnings} >= {"\U0001f600"}


def test_a_sentence_of_signs_is_passed_over_and_the_rest_is_spoken(engine, voice):
    chunks = speak(engine, voice, "Hello. \U0001f600\U0001f600! Good bye.")
    assert len(chunks[0].samples) > 0
    assert len(chunks[-1].samples) > 0


@pytest.mark.parametrize("text", ["...", "?! 。，", "\U0001f600\U0001f389", "\x00\x07\x1b", "\u200b\u200d", "--- *** ---"])
def test_a_text_without_words_is_refused(engine, voice, text):
    with pytest.raises(InputError, match="no text to speak"):
        speak(engine, voice, text)


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_an_empty_text_is_refused_at_once(engine, voice, text):
    with pytest.raises(InputError, match="no text to speak"):
        engine.speak(text, voice)


def test_too_long_a_text_is_refused_at_once(engine, voice):
    with pytest.raises(InputError, match="too long"):
        engine.speak("a " * MAX_CHARACTERS, voice)


def test_an_unknown_language_is_refused_at_once(engine, voice):
    with pytest.raises(InputError, match="expected one of auto, "):
        engine.speak("Hello", voice, SpeakOptions(language="tlh"))


def test_a_voice_of_another_base_model_is_refused_at_once(voice):
    with pytest.raises(InputError, match="another base model"):
        Engine(make_tiny_base(1)).speak("Hello", voice)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"style": np.zeros(7, np.float32)}, "shape"),
        ({"style": np.full(16, np.nan, np.float32)}, "finite"),
        ({"prompt_codes": np.array([1024])}, "code"),
        ({"prompt_phones": np.array([732])}, "phoneme"),
    ],
)
def test_features_that_do_not_fit_the_model_are_refused_at_once(engine, voice, change, fault):
    odd = SimpleNamespace(manifest=voice.manifest, features=replace(voice.features, **change))
    with pytest.raises(InputError, match=fault):
        engine.speak("Hello", odd)


@pytest.mark.parametrize("streaming", ["sentence", "token"])
def test_it_stops_when_it_is_told_to(engine, voice, streaming):
    stop = threading.Event()
    stream = engine.speak("One. Two. Three. Four.", voice, SpeakOptions(cancel=stop, streaming=streaming))
    next(stream)
    stop.set()
    with pytest.raises(Cancelled):
        list(stream)


def test_it_stops_in_the_middle_of_a_sentence(engine, voice, base, monkeypatch):
    stop = threading.Event()
    step, steps = base.text_to_semantic.step, []

    def stopping(*arguments):
        steps.append(1)
        if len(steps) == 5:
            stop.set()
        return step(*arguments)

    monkeypatch.setattr(base.text_to_semantic, "step", stopping)
    with pytest.raises(Cancelled):
        list(engine.speak("A sentence of quite a few words, all in one.", voice, SpeakOptions(cancel=stop)))
    assert len(steps) <= 6


@pytest.mark.parametrize("streaming", ["sentence", "token"])
def test_speech_that_does_not_end_is_cut_and_told(home, streaming):
    endless = make_tiny_base(ending="never")
    chunks = speak(Engine(endless), add_tiny_voice(home, endless), "Hello there.", streaming=streaming)
    phones = len(read("Hello there.").phones)
    assert sound(chunks).size / 16000 <= (8 * phones + 25) / 25
    assert [(w.kind, w.start, w.end) for w in chunks[-1].warnings] == [("broken_speech", 0, 12)]
    assert "did not end" in chunks[-1].warnings[0].message


def test_speech_that_ends_too_soon_is_told(engine, voice):
    text = "This sentence has far more words than half a second of speech could hold."
    chunks = speak(engine, voice, text)
    assert any("too little" in warning.message for warning in chunks[0].warnings)


def test_a_long_text_is_read_as_it_is_taken_and_nothing_is_kept(engine, voice, monkeypatch):
    read_so_far = []

    def counted(text, *arguments, **options):
        read_so_far.append(text)
        return read(text, *arguments, **options)

    monkeypatch.setattr("voxcommons.synth.engine.read", counted)
    text = "All work and no play. " * 460
    assert len(text) > 10_000
    taken = [weakref.ref(chunk.samples) for chunk in islice(engine.speak(text, voice), 12)]
    assert len(read_so_far) == 12
    assert [reference() for reference in taken[:-1]] == [None] * 11


def test_compat_renders_a_sentence_in_one_go(engine, voice):
    chunks = speak(engine, voice, "Hello there.", compat=True, streaming="token")
    assert [len(chunk.samples) for chunk in chunks if len(chunk.samples)] == [11 * 640]


def test_temperature_zero_always_says_the_same(engine, voice):
    lengths = {len(speak(engine, voice, "Hello there.", temperature=0, noise_scale=0, seed=seed)[0].samples) for seed in range(3)}
    assert len(lengths) == 1


def test_every_phone_that_stands_for_silence_is_in_the_table():
    assert {"!", ".", ",", "?", "…", "-", "SP", "UNK"} <= SILENT_PHONES & set(symbols("v2"))
    assert not SILENT_PHONES & set(read("Hello, this is a test").phones[:3])


def test_the_provenance_names_everything_and_keeps_no_text(voice, base):
    told = provenance("some secret", voice, base, SpeakOptions(seed=4, speed=1.5))
    assert (told.voice, told.voice_id, told.base_sha256) == ("tester", voice.manifest.id, base.sha256)
    assert (told.seed, told.options["speed"]) == (4, 1.5)
    assert "secret" not in repr(told)


def test_a_language_the_model_has_not_learned_is_told_and_spoken_all_the_same(base, engine, voice):
    learned = Engine(replace(base, facts=replace(base.facts, languages=("zh",))))
    warnings = {
        (warning.kind, warning.start, warning.end)
        for chunk in speak(learned, voice, "Hello there. 你好。")
        for warning in chunk.warnings
        if warning.kind != "broken_speech"
    }
    assert warnings == {("strange_language", 0, 12)}
    assert not [w for chunk in speak(engine, voice, "Hello there.") for w in chunk.warnings if w.kind == "strange_language"]
