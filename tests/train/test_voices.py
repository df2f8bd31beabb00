"""What training is told of a person and of their sound is what speaking with a clone gets."""

import numpy as np
import pytest
import torch

from tiny_corpus import vowel
from voxcommons.base.errors import InputError
from voxcommons.models import configs
from voxcommons.models.build import build_module
from voxcommons.models.correction import no_correction
from voxcommons.prepare.corpus import Clip, Corpus
from voxcommons.train.acoustic import distances, spoken
from voxcommons.train.acoustic_batch import Loader, Utterance
from voxcommons.train.features import MIDDLE, corpus_features
from voxcommons.train.predicted import predicted_frames
from voxcommons.train.recipes import TimbreRecipe, VocoderRecipe
from voxcommons.train.timbre import Pieces, train_timbre
from voxcommons.train.vectors import taught_vectors, timbre_vectors
from voxcommons.train.vocoder import Segments
from voxcommons.train.voices import Voices

# Speaker, seconds: one person with two clips, one with three, one with a single one; the tiny model remembers 0.8 s.
CLIPS = (("a", 0.7), ("a", 1.9), ("b", 0.65), ("b", 1.3), ("b", 2.1), ("c", 1.0))


@pytest.fixture(scope="module")
def model():
    """The whole acoustic model with random weights, ready to speak."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        found = build_module("semantic_to_wave", configs.mel_acoustic_tiny())
        for parameter in found.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, 0.0, 0.1)  # a fresh block ignores the style
    return found.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def corpus():
    waves = [(32768 * vowel(number, seconds)).astype(np.int16) for number, (_, seconds) in enumerate(CLIPS)]
    starts = np.cumsum([0, *map(len, waves)])
    clips = [
        Clip(int(start), len(wave), "train", "made", speaker, "en", "", "", str(start))
        for (speaker, _), start, wave in zip(CLIPS, starts, waves, strict=False)
    ]
    return Corpus(16000, np.concatenate(waves), tuple(clips))


@pytest.fixture(scope="module")
def voices(model, corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    features = corpus_features(corpus, folder)
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 1024, clip.length_samples // 640).astype(np.int16) for clip in corpus.clips]
    return Voices.of(corpus, "train", features, codes, timbre_vectors(model.timbre, features, folder), model.remembered_codes)


def no_mistakes(model, like):
    """Of a voice, what says that pitch and frames are foretold rightly."""
    return torch.cat([like.new_zeros(2), no_correction(model.width, like)[0]])


def cloned(model, corpus, voices, numbers):
    """The voice [1, G, 1] that cloning makes of some clips, but for what it knows about mistakes, which training is without."""
    waves = [torch.from_numpy(corpus.wave(corpus.clips[number]))[None] for number in numbers]
    heard = [model.hear(wave, torch.from_numpy(voices.codes[number].astype(np.int64))) for wave, number in zip(waves, numbers, strict=True)]
    voice = model.describe(heard)[None, :, None]
    mistakes = no_mistakes(model, voice)
    told = model.style_channels + 1
    voice[:, told : told + len(mistakes), 0] = mistakes
    return voice


@pytest.mark.parametrize("numbers", [[0], [1], [4, 2], [2, 3, 4], [1, 0, 5]])
def test_a_person_is_described_in_training_as_by_cloning(model, corpus, voices, numbers):
    wanted = cloned(model, corpus, voices, numbers)[0, :, 0]
    found = voices.describe(numbers)
    style = model.predictor.style(torch.from_numpy(found.statistics)[None], torch.from_numpy(found.vector)[None])[0]
    memory = np.concatenate([np.where(np.arange(voices.room) < found.remembered, found.codes, -1.0)[None], found.mel]).T
    middle = torch.tensor([found.statistics[MIDDLE]])
    given = torch.cat([style, middle, no_mistakes(model, style), torch.from_numpy(memory).float().flatten()])
    assert torch.allclose(given, wanted, atol=5e-3)


def test_predicted_frames_are_those_that_a_clone_of_the_other_clip_speaks(model, corpus, voices, tmp_path):
    places = np.arange(len(voices.codes[1])) // 4
    item = Utterance(1, corpus.clips[1], tuple(range(5, 6 + int(places[-1]))), places.astype(np.int16))
    found = predicted_frames(model.predictor, [(Loader(voices, 3), [item])], "x", tmp_path)[1]
    ge = cloned(model, corpus, voices, [0])
    codes, phones = torch.from_numpy(voices.codes[1].astype(np.int64))[None], torch.tensor([item.phones])
    z = model.latent(codes, phones, ge, places=torch.from_numpy(places)[None])
    wanted = model.mel(z, ge, torch.from_numpy(voices.features.pitch_of(1).copy())[None])[0]
    assert found.shape == (len(places) * 2, 160)
    assert torch.allclose(torch.from_numpy(found.astype(np.float32)).T, wanted, atol=5e-3)
    again = predicted_frames(model.predictor, [], "x", tmp_path)
    assert np.array_equal(again[1], found)


def test_nobody_is_told_by_the_clip_they_speak_unless_it_is_the_only_one(voices):
    drawn = [voices.others("b", 3, 3, np.random.default_rng(seed)) for seed in range(40)]
    assert {frozenset(each) for each in drawn} == {frozenset({2}), frozenset({4}), frozenset({2, 4})}
    assert voices.others("c", 5, 3, np.random.default_rng(0)) == [5]


def test_what_lies_beyond_an_item_does_not_count(model, corpus, voices):
    items = [Utterance(number, corpus.clips[number], (7, 8, 9), np.repeat([0, 1, 2], 6)) for number in (0, 1)]
    part = Loader(voices, 1).part(items, (0, 0), [0])
    before = distances(part, *spoken(model.predictor, part))
    real = 2 * len(voices.codes[0])
    part.mel[:, :, real:] = 9.0
    assert torch.equal(torch.stack(before), torch.stack(distances(part, *spoken(model.predictor, part))))
    part.mel[:, :, real - 1 :] = 9.0
    assert distances(part, *spoken(model.predictor, part))[0] > before[0]
    assert part.counts == {"frames": real, "voiced": float((voices.features.pitch_of(0) > 0).sum())}


def test_segments_take_predicted_frames_as_often_as_told(corpus, voices):
    recipe = VocoderRecipe(segment_frames=20, shortest_s=0.5)
    natural = Segments.of(corpus, "train", voices.features, recipe)
    predicted = {number: np.full((voices.features.frames(number), 160), number, np.float16) for number in natural.clips}
    share = []
    for wanted in (0.0, 0.5, 1.0):
        mel = Segments(corpus, voices.features, natural.clips, 20, predicted, wanted).part((1, 2), range(60)).mel
        share.append(float((mel.std((1, 2)) == 0).float().mean()))
    assert share[0] == 0.0
    assert 0.3 < share[1] < 0.7
    assert share[2] == 1.0


def test_a_segment_is_the_sound_of_its_frames(model, corpus, voices):
    part = Segments.of(corpus, "train", voices.features, VocoderRecipe(segment_frames=30, shortest_s=0.5)).part((1, 2), range(6))
    heard = model.mel_frames(part.wave)
    middle = slice(3, -3)  # at the edges the sound around is missing
    assert torch.allclose(heard[:, :, middle], part.mel[:, :, middle], atol=5e-3)


def test_the_teacher_is_asked_once_and_not_about_silence(corpus, tmp_path):
    class Counting:
        name = "counting"
        asked = 0

        def __call__(self, samples, rate):
            self.asked += 1
            return np.array([3.0, 4.0], np.float32)

    teacher, silent = Counting(), Corpus(16000, np.concatenate([corpus.samples, np.zeros(16000, np.int16)]), corpus.clips)
    clip = Clip(len(corpus.samples), 16000, "train", "made", "d", "en", "", "", "silence")
    silent = Corpus(16000, silent.samples, (*corpus.clips, clip))
    first = taught_vectors(teacher, silent, tmp_path)
    assert np.array_equal(first, taught_vectors(teacher, silent, tmp_path))
    assert teacher.asked == len(corpus.clips)
    assert np.allclose(first[:-1], [0.6, 0.8])
    assert not first[-1].any()


def test_the_timbre_encoder_learns_to_say_what_the_teacher_says(model, corpus, voices, tmp_path):
    people = np.abs(np.random.default_rng(0).normal(size=(3, 16))).astype(np.float32)
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    taught = people[["abc".index(speaker) for speaker, _ in CLIPS]]
    torch.manual_seed(0)
    encoder = build_module("semantic_to_wave", configs.mel_acoustic_tiny()).timbre
    lengths = {"shortest_frames": 15, "longest_frames": 30}
    recipe = TimbreRecipe(steps=60, warmup_steps=5, peak_rate=1e-2, items=6, contrast_weight=0.5, precision="fp32", **lengths)
    before = timbre_vectors(encoder, voices.features, tmp_path)
    train_timbre(encoder, corpus, voices.features, taught, tmp_path / "timbre", recipe)
    said = timbre_vectors(encoder, voices.features, tmp_path)
    assert (before * taught).sum(1).mean() < 0.7 < 0.8 < (said * taught).sum(1).mean()
    assert ((said @ people.T).argmax(1) == (taught @ people.T).argmax(1)).all()


def test_a_teacher_of_another_size_is_refused(model, corpus, voices, tmp_path):
    with pytest.raises(InputError, match="vectors of 16 numbers; found 3"):
        train_timbre(model.timbre, corpus, voices.features, np.ones((6, 3), np.float32), tmp_path, TimbreRecipe())


def test_people_with_one_clip_are_drawn_as_often_as_others_when_told(corpus, voices):
    taught = np.eye(6, 16, dtype=np.float32)
    for share, wanted in ((1.0, 1 / 3), (0.0, 1 / 6)):
        recipe = TimbreRecipe(even_share=share, shortest_frames=10, longest_frames=12)
        part = Pieces.of(corpus, "train", voices.features, taught, recipe).part((0, 0), 300, range(2))
        assert part.mel.shape[0] == 2
        assert abs(float(part.taught[:, 5].mean()) - wanted) < 0.08
