"""A voice is tuned to its person, ends before it knows the person by heart, and keeps its best step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from phrases import some_phrases
from tiny_base import make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.models.build import OwnWeights, Placement, load_base, save_base
from voxcommons.models.overlay import overlaid
from voxcommons.train.adapters import Adjustment
from voxcommons.train.few_shot import SOUND, WORDS, FewShotRecipe, few_shot, tune
from voxcommons.train.few_shot_sound import MelPupil, flatness
from voxcommons.train.phrases import domain_split, split
from voxcommons.train.watching import Watch

QUICK = FewShotRecipe(parts=(SOUND,), steps=10, batch_seconds=8.0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Base models on disk by their kind; `bare` is a public one without its posterior encoder, as most converted ones are."""
    made = {}
    for kind, acoustic, keep in (("mel", "mel", False), ("vits", "vits", True), ("bare", "vits", False)):
        made[kind] = tmp_path_factory.mktemp("base") / kind
        save_base(make_tiny_base(acoustic=acoustic, for_training=True), made[kind], keep_posterior=keep)
    return made


def student(folder):
    return load_base(folder, placement=Placement(for_training=True))


def style(base):
    return np.random.default_rng(0).normal(size=base.facts.semantic_to_wave.gin).astype(np.float32)


def tuned(folder, recipe, phrases=None, **more):
    base = student(folder)
    return few_shot(base, style(base), split(phrases or some_phrases(10, seconds=1.6)), recipe, **more)


@pytest.mark.parametrize(
    ("kind", "way"), [("mel", "adapters"), ("mel", "last"), ("mel", "full"), ("vits", "adapters"), ("bare", "last"), ("bare", "full")]
)
def test_what_was_kept_back_is_told_better_in_every_way_and_by_every_kind_of_model(folders, kind, way):
    recipe = replace(QUICK, way=way, rate=2e-2 if way == "adapters" else 1e-2, steps=10, batch_seconds=4.0)
    made = tuned(folders[kind], recipe)
    course = made.courses[0]
    assert course.best_step > 0
    assert course.at(course.best_step).held_out < course.points[0].held_out
    assert {name.split(".")[0] for name in made.tensors} == {"semantic_to_wave"}


@pytest.mark.parametrize("way", ["adapters", "last", "full"])
def test_words_are_tuned_where_they_were_given_and_left_alone_where_they_were_only_heard(folders, way):
    recipe = replace(QUICK, parts=(WORDS,), way=way, rate=1e-2, steps=20)
    phrases = [replace(phrase, codes=phrase.codes % 3) for phrase in some_phrases(10)]  # something there is to learn
    made = tuned(folders["mel"], recipe, phrases)
    assert made.courses[0].at(made.courses[0].best_step).held_out < made.courses[0].points[0].held_out
    assert {name.split(".")[0] for name in made.tensors} == {"text_to_semantic"}
    only_heard = tuned(folders["mel"], recipe, [replace(phrase, from_text=False) for phrase in phrases])
    assert (dict(only_heard.tensors), only_heard.courses) == ({}, ())


@torch.inference_mode()
def foreseen(base):
    """What a model would say in every frame, before it gets its sound."""
    torch.manual_seed(0)
    codes, phones, ge = torch.randint(0, 1024, (1, 12)), torch.randint(1, 300, (1, 9)), torch.from_numpy(style(base))[None, :, None]
    return base.semantic_to_wave.eval().prior(codes, phones, ge).m


@pytest.mark.parametrize(("kind", "way"), [("mel", "adapters"), ("mel", "full"), ("vits", "adapters")])
def test_the_difference_over_the_base_is_the_tuned_model(folders, kind, way):
    base = student(folders[kind])
    recipe = replace(QUICK, way=way, rate=1e-2, steps=5, batch_seconds=4.0, parts=(SOUND, WORDS))
    made = few_shot(base, style(base), split(some_phrases(10, seconds=1.6)), recipe)
    own = OwnWeights("1" * 64, base.sha256, made.tensors)
    read, laid = load_base(folders[kind], own_weights=own), overlaid(load_base(folders[kind]), own)
    trained, fresh, over, plain = (foreseen(one) for one in (base, read, laid, load_base(folders[kind])))
    assert torch.equal(fresh, over)
    torch.testing.assert_close(trained, fresh, rtol=0, atol=1e-2)  # a voice keeps numbers of 16 bits
    assert (plain - fresh).abs().max() > 5 * (trained - fresh).abs().max()


def test_adapters_start_as_nothing_and_are_a_small_part_of_the_model(folders):
    base, plain = student(folders["mel"]), student(folders["mel"])
    phrases = split(some_phrases(10))
    pupil = MelPupil(base.semantic_to_wave, style(base), phrases, "adapters", rank=2)
    assert pupil.error(phrases.held_out) == MelPupil(plain.semantic_to_wave, style(base), phrases, "full").error(phrases.held_out)
    whole = sum(parameter.numel() for parameter in plain.semantic_to_wave.predictor.parameters())
    assert 0 < pupil.adjustment.count < whole / 10


@torch.no_grad()
def test_what_the_voice_corrects_by_itself_is_not_learnt_again(folders):
    model, phrases = student(folders["mel"]).semantic_to_wave, split(some_phrases(10))
    heard = [model.hear(torch.from_numpy(phrase.wave)[None], torch.from_numpy(phrase.codes)) for phrase in phrases.train]
    voice = model.eval().describe(heard).numpy()
    corrected, uncorrected = (
        MelPupil(model, one, phrases, "adapters").error(phrases.held_out)[1]["mel"] for one in (voice, np.zeros_like(voice))
    )
    assert corrected < 0.9 * uncorrected


def test_a_flat_pitch_costs_what_it_lacks_and_a_monotone_or_silent_phrase_breaks_nothing():
    heard = torch.stack([0.2 * torch.sin(torch.arange(200) / 9), torch.ones(200)])[None]
    for factor, wanted in ((1.0, 0.0), (0.5, np.log(2)), (2.0, np.log(2))):
        assert float(flatness(factor * heard[:, :1], heard)) == pytest.approx(wanted, abs=0.01)
    monotone, silent = (torch.stack([torch.zeros(200), torch.full((200,), voiced)])[None] for voiced in (1.0, 0.0))
    for phrase in (heard, monotone, silent):
        said = torch.zeros(1, 1, 200, requires_grad=True)
        (flatness(said, phrase) + said.sum()).backward()
        assert bool(said.grad.isfinite().all())


def test_going_on_starts_where_the_voice_was_and_not_anew(folders):
    recipe = replace(QUICK, rate=2e-2)
    first = tuned(folders["mel"], recipe)
    second = tuned(folders["mel"], replace(recipe, steps=1), start=first.tensors)
    assert second.courses[0].points[0].held_out == pytest.approx(first.courses[0].at(first.courses[0].best_step).held_out, rel=1e-2)
    with pytest.raises(InputError, match="tuned in another way"):
        tuned(folders["mel"], replace(recipe, way="last"), start=first.tensors)


def test_the_same_seed_gives_the_same_voice(folders):
    one, other = (tuned(folders["mel"], QUICK) for _ in range(2))
    assert one.tensors.keys() == other.tensors.keys()
    assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def test_too_little_speech_is_refused_before_anything_is_learnt():
    with pytest.raises(InputError, match="too little speech to tune on.*found 8 s in 4"):
        split(some_phrases(4))


def test_what_is_kept_back_is_never_learnt_from():
    for count in (8, 9, 30, 200):
        parted = split(_many(count))
        assert parted.train
        assert parted.held_out
        assert not {id(phrase) for phrase in parted.train} & {id(phrase) for phrase in parted.held_out}
        assert len(parted.train) + len(parted.held_out) == count
        assert sum(phrase.seconds for phrase in parted.held_out) <= 62


def _many(count):
    return [replace(phrase) for phrase in some_phrases(1) * count]


class Weight:
    """A pupil of one number: learning pulls it to 10, and what is kept back wants 2."""

    name, at_once = "a weight", 2

    def __init__(self, interrupted_at=None):
        self.module = torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(self.module.bias)
        self.adjustment = Adjustment(self.module, "part", "full", within=("bias",), last=())
        self.learnt_from, self.asked, self.interrupted_at = set(), 0, interrupted_at

    def loss(self, batch, seed):
        self.asked += 1
        if self.asked == self.interrupted_at:
            raise KeyboardInterrupt
        self.learnt_from |= {id(phrase) for phrase in batch}
        return (self.module.bias - 10).square().sum()

    def error(self, phrases):
        wanted = 2.0 if len(phrases) != 1 else 0.5  # a single phrase stands for the guarded ones below
        return abs(float(self.module.bias.detach()) - wanted) + 1.0, {}


FAST = FewShotRecipe(way="full", rate=0.1, steps=500, batch_seconds=8.0)


@pytest.fixture
def parted():
    return split(_many(20))


def test_an_over_long_run_stops_by_itself_and_leaves_the_best_step(parted):
    pupil = Weight()
    course = tune(pupil, parted, FAST)
    assert course.ended == "no better"
    assert course.points[-1].step < 100
    assert float(pupil.module.bias.detach()) == pytest.approx(2.0, abs=0.4)
    assert course.points[-1].held_out > course.at(course.best_step).held_out
    assert pupil.learnt_from <= {id(phrase) for phrase in parted.train}


def test_ctrl_c_keeps_the_best_step_so_far(parted):
    pupil = Weight(interrupted_at=84)
    course = tune(pupil, parted, FAST)
    assert course.ended == "you"
    assert 0 < course.best_step < 42
    assert float(pupil.module.bias.detach()) == pytest.approx(2.0, abs=0.4)


def test_its_time_is_bounded_whatever_it_learns(parted):
    ticks = iter(range(1000))
    course = tune(Weight(), parted, FAST, watch=lambda course: Watch(course, seconds=12, clock=lambda: float(next(ticks))))
    assert course.ended == "time"
    assert course.points[-1].step < 15


def test_no_step_is_kept_that_tells_guarded_phrases_worse(parted):
    pupil = Weight()
    course = tune(pupil, replace(parted, guard=parted.held_out[:1]), FAST)
    kept = course.at(course.best_step)
    assert 0 < course.best_step
    assert kept.figures["old phrases"] <= course.points[0].figures["old phrases"] * 1.01
    assert kept.held_out > 1.9  # it would have gone on to 1.0


def test_a_domain_is_learnt_among_the_old_which_is_guarded():
    old, new = _many(40), _many(10)
    parted = domain_split(old, new)
    ids = {id(phrase) for phrase in new}
    assert {id(phrase) for phrase in parted.held_out} <= ids
    assert not {id(phrase) for phrase in parted.guard} & ids
    share = sum(id(phrase) in ids for phrase in parted.train) / len(parted.train)
    assert 0.4 < share < 0.6


def test_a_course_tells_what_it_took(parted):
    facts = tune(Weight(), parted, replace(FAST, steps=10)).facts()
    assert facts["ended"] == "steps"
    assert facts["held_out_after"] < facts["held_out_before"]
    assert [point["step"] for point in facts["points"]] == [0, 5, 10]
    assert facts["points"][0]["learnt"] is None

