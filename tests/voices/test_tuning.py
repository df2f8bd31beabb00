"""A voice of the library is tuned in one swap: it speaks with its own weights, goes on from what it learnt, and is never made worse."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.models.build import load_base, save_base
from voxcommons.models.overlay import overlaid
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.train.few_shot import FewShotRecipe
from voxcommons.voicefile.check import check
from voxcommons.voicefile.manifest import CURVE_FILE, REFERENCE_FILE, TRANSCRIPT_FILE, TUNING_FILE, WEIGHTS_FILE
from voxcommons.voices.cloning import CloneOptions
from voxcommons.voices.enrolment import EnrolOptions, enrol
from voxcommons.voices.library import Library
from voxcommons.voices.own_weights import own_weights
from voxcommons.voices.tuning import TuneOptions, finetune, tuning_notes
from voxcommons.voices.tuning_check import Heard, Limits, harm
from voxcommons.voices.tuning_phrases import Source

MORE = "Here is more of the same, and a good deal of it, because seven seconds want to be filled with words by somebody."
LONG = (4.0, 5.0, 4.0, 3.0, 4.0)
RECIPE = FewShotRecipe(parts=("sound",), steps=5, rate=2e-2, batch_seconds=8.0)
QUICK = TuneOptions(RECIPE, checked=False, sentences=1)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture
def library(home, tmp_path, place):
    library = Library(home, bundled=tmp_path / "none")
    enrol(write_wav(tmp_path / "a.wav", speech_like(LONG, 1.0)), "a", language="en", base=load_base(place), library=library)
    return library


def run(library, place, home, added=(), options=QUICK):
    return finetune(library, "a", added, base_place=place, home=home, options=options)


def sound(place, voice):
    base = load_base(place, own_weights=own_weights(voice))
    return np.concatenate([chunk.samples for chunk in Engine(base).speak("Hello.", voice, SpeakOptions(takes=1))])


def test_a_tuned_voice_is_whole_small_and_speaks_otherwise(library, place, home):
    before = sound(place, library.get("a"))
    made = run(library, place, home)
    voice = library.get("a")
    assert made.changed
    assert check(voice.folder) == []
    assert {WEIGHTS_FILE, TUNING_FILE, CURVE_FILE} <= set(voice.manifest.files)
    assert made.weights_bytes == voice.manifest.files[WEIGHTS_FILE].bytes < (place / "semantic_to_wave.safetensors").stat().st_size
    assert not np.array_equal(sound(place, voice), before)
    assert tuning_notes(voice)["courses"][0]["best_step"] == made.courses[0].best_step
    assert made.peak_bytes > 10_000_000


def test_tuned_voices_share_one_loaded_base_and_are_not_mixed_up(library, place, home):
    run(library, place, home)
    run(library, place, home, options=replace(QUICK, recipe=replace(RECIPE, seed=5, steps=10), fresh=True, into="b"))
    base = load_base(place)
    for name in ("a", "b", "a"):
        voice = library.get(name)
        over = overlaid(base, own_weights(voice))
        spoken = np.concatenate([chunk.samples for chunk in Engine(over).speak("Hello.", voice, SpeakOptions(takes=1))])
        np.testing.assert_array_equal(spoken, sound(place, voice))
    assert not np.array_equal(sound(place, library.get("a")), sound(place, library.get("b")))


def test_growing_goes_on_with_old_and_new_recordings(library, place, home, tmp_path):
    run(library, place, home)
    first, first_s = library.get("a"), tuning_notes(library.get("a"))["seconds_of_speech"]
    heard, told = (write_wav(tmp_path / f"{seed}.wav", speech_like((4.0, 4.0), seed=seed)) for seed in (3, 4))
    made = run(library, place, home, [Source(heard), Source(told, MORE, "en")])
    voice = library.get("a")
    assert tuning_notes(voice)["times"] == 2
    assert made.seconds_of_speech > first_s + 7
    assert soundfile.info(voice.folder / REFERENCE_FILE).duration > first.manifest.recording.seconds + 16
    assert MORE in (voice.folder / TRANSCRIPT_FILE).read_text(encoding="utf-8")
    assert check(voice.folder) == []
    again = run(library, place, home)  # the added recording is now one of the old ones
    assert again.seconds_of_speech == pytest.approx(made.seconds_of_speech, abs=3)


def test_recordings_are_forgotten_on_demand(library, place, home, tmp_path):
    more = write_wav(tmp_path / "more.wav", speech_like((3.0, 4.0), seed=3))
    before = soundfile.info(library.get("a").folder / REFERENCE_FILE).frames
    run(library, place, home, [Source(more)], replace(QUICK, keep_recordings=False))
    assert soundfile.info(library.get("a").folder / REFERENCE_FILE).frames == before


def test_a_result_can_go_into_a_voice_of_its_own(library, place, home):
    before = (library.get("a").folder / "voice.json").read_bytes()
    made = run(library, place, home, options=replace(QUICK, into="b"))
    assert made.voice.name == "b"
    assert (library.get("a").folder / "voice.json").read_bytes() == before
    assert check(library.get("b").folder) == []
    with pytest.raises(InputError, match="already there"):
        run(library, place, home, options=replace(QUICK, into="b"))


def test_what_did_harm_is_refused_and_the_voice_left_as_it_was(library, place, home):
    folder = library.get("a").folder
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    impossible = Limits(cosine=-2.0)  # nothing can be two better
    with pytest.raises(InputError, match="tuning hurt the voice a, which is left as it was.*likeness of") as refused:
        run(library, place, home, options=replace(QUICK, checked=True, limits=impossible))
    assert refused.value.exit_code == 2
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_it_is_heard_before_and_after(library, place, home):
    made = run(library, place, home, options=replace(QUICK, checked=True, limits=Limits(cosine=2.0, words=100.0)))
    notes = json.loads((library.get("a").folder / TUNING_FILE).read_text(encoding="utf-8"))
    assert notes["before"]["likeness"] == pytest.approx(made.before.likeness, abs=1e-3)
    assert notes["after"]["judge"]
    assert made.before.surprise > 0


def test_harm_is_a_loss_of_likeness_or_of_words():
    well = Heard(0.8, 0.85, 1.0)
    assert harm(well, Heard(0.79, 0.84, 1.05), Limits()) == []
    assert harm(well, Heard(0.7, 0.86, 1.0), Limits()) == ["likeness of sentences 0.800 -> 0.700"]
    assert harm(well, Heard(0.9, 0.7, 1.5), Limits()) == ["likeness of phrases 0.850 -> 0.700", "surprise at the words 1.00 -> 1.50"]
    assert harm(Heard(None, None, None), well, Limits()) == []


def test_a_domain_needs_sentences_of_its_own_and_leaves_the_recording_alone(library, place, home, tmp_path):
    sentences = [write_wav(tmp_path / f"{number}.wav", speech_like((3.0,), 0.5, seed=number)) for number in range(8)]
    made = run(library, place, home, [Source(path, "Take two of these.", "en") for path in sentences],
               replace(QUICK, domain=True, keep_recordings=False))  # fmt: skip
    assert "old phrases" in made.courses[0].points[0].figures
    kept = made.courses[0].at(made.courses[0].best_step)
    assert kept.figures["old phrases"] <= 1.01 * made.courses[0].points[0].figures["old phrases"]


def test_there_must_be_something_to_tune_on_and_a_voice_that_may_change(home, tmp_path, place):
    library = Library(home, bundled=tmp_path / "bundled")
    path = write_wav(tmp_path / "a.wav", speech_like(LONG, 1.0))
    enrol(path, "a", base=load_base(place), library=library, options=EnrolOptions(clone=CloneOptions(keep_recording=False)))
    with pytest.raises(InputError, match="there is nothing to tune on.*--add"):
        run(library, place, home)
    assert run(library, place, home, [Source(path)]).changed
    (tmp_path / "bundled").mkdir()
    library.get("a").folder.rename(tmp_path / "bundled" / "a")
    with pytest.raises(InputError, match="belongs to the package.*--name"):
        run(library, place, home, [Source(path)])


def test_another_way_than_before_says_how_to_go_on(library, place, home):
    run(library, place, home)
    with pytest.raises(InputError, match="tuned in another way.*--way adapters.*--fresh"):
        run(library, place, home, options=replace(QUICK, recipe=replace(RECIPE, way="last")))
