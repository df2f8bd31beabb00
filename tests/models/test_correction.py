"""What a voice knows about the mistakes of the predictor: it helps with sentences it never saw, and leaves pauses alone."""

import pytest
import torch

from voxcommons.models.configs import CORRECTION_RANK, correction_size
from voxcommons.models.correction import Correction, fitted, mean_of, movement_of, no_correction
from voxcommons.models.mel_frames import CHANNELS

WIDTH = 24


def recording(frames, seed=0, mistakes=None, *, bias=0.0):
    """Channels, the frames said of them, and those of a person about whom the predictor makes mistakes [WIDTH, CHANNELS]."""
    dice = torch.Generator().manual_seed(seed)
    hidden = torch.randn(frames, WIDTH, generator=dice)
    said = torch.randn(frames, 1, generator=dice) + 0.1 * torch.randn(frames, CHANNELS, generator=dice)
    heard = said + bias + (0 if mistakes is None else hidden @ mistakes)
    return hidden, said, heard


def mistakes(rank=3, seed=5):
    dice = torch.Generator().manual_seed(seed)
    return torch.randn(WIDTH, rank, generator=dice) @ torch.randn(rank, CHANNELS, generator=dice) * 0.2


def left(correction, recorded):
    """Mean distance of louder frames with and without the correction."""
    hidden, said, heard = recorded
    mended = correction.corrected(said.T[None], hidden[None])[0].T
    loud = said.mean(1) > torch.quantile(said.mean(1), 0.6)
    return float((mended - heard)[loud].abs().mean()), float((said - heard)[loud].abs().mean())


def made(frames, **facts):
    return fitted(*([each] for each in recording(frames, **facts)))


def test_what_is_off_in_one_recording_is_mended_in_another():
    with_it, without = left(made(3000, mistakes=mistakes(), bias=0.3), recording(500, 1, mistakes(), bias=0.3))
    assert with_it < 0.5 * without


def test_little_of_a_person_changes_little_and_nothing_is_made_of_noise():
    far, near = (made(frames, mistakes=mistakes()) for frames in (3000, 60))
    moved = [float((one.look @ one.give).abs().mean()) for one in (far, near)]
    assert moved[1] < 0.3 * moved[0]
    with_it, without = left(made(1500), recording(500, 1))
    assert (with_it, without) == (pytest.approx(0, abs=1e-3), 0)


def test_pauses_are_left_as_they_are():
    hidden, said, _ = recording(400, 1)
    correction = made(3000, mistakes=mistakes(), bias=1.0)
    quiet = said.mean(1) <= correction.levels[0, 0]
    assert quiet.any()
    assert torch.equal(correction.corrected(said.T[None], hidden[None])[0].T[quiet], said[quiet])
    hushed, spoken = (correction.corrected(said.T[None], hidden[None], hush)[0].T for hush in (0.5, 0.0))
    assert torch.allclose(hushed[quiet], said[quiet] - 0.5)
    loud = said.mean(1) >= correction.levels[0, 1]
    assert torch.equal(hushed[loud], spoken[loud])


def test_a_correction_survives_being_kept_in_a_voice_and_none_changes_nothing():
    correction = made(3000, mistakes=mistakes())
    flat = correction.flat()
    assert flat.shape == (1, correction_size(WIDTH))
    hidden, said, _ = recording(100, 2)
    again = Correction.of(flat, WIDTH).corrected(said.T[None], hidden[None])
    assert torch.allclose(again, correction.corrected(said.T[None], hidden[None]), atol=1e-6)
    assert torch.equal(Correction.of(no_correction(WIDTH, said), WIDTH).corrected(said.T[None], hidden[None])[0].T, said)


def test_the_middle_of_several_corrects_by_what_they_have_in_common():
    one, other = made(3000, mistakes=mistakes(2, 5)), made(3000, mistakes=mistakes(2, 6))
    both = Correction(*(torch.cat([getattr(one, name), getattr(other, name)]) for name in ("levels", "shift", "look", "give")))
    middle = mean_of(both)
    assert middle.look.shape == (1, WIDTH, CORRECTION_RANK)
    wanted = (one.look @ one.give + other.look @ other.give) / 2
    assert torch.allclose(middle.look @ middle.give, wanted, atol=1e-4)


def test_a_moment_of_speech_and_one_sound_do_not_break_it():
    for frames in (1, 2, 7):
        assert bool(made(frames).flat().isfinite().all())
    flat = fitted([torch.ones(50, WIDTH)], [torch.zeros(50, CHANNELS)], [torch.ones(50, CHANNELS)]).flat()
    assert bool(flat.isfinite().all())


def pitches(count):
    """Octaves that move by a tenth around 0.3."""
    return 0.1 * torch.randn(count, generator=torch.Generator().manual_seed(3)) + 0.3


def test_a_person_livelier_than_foretold_is_given_their_own_span_and_nobody_is_flattened():
    said = pitches(3000)
    octave_errors = 1.6 * said + (torch.arange(3000) % 8 == 0) * torch.tensor([1.0, -1.0]).repeat(1500)
    found = [movement_of(said, heard) for heard in (1.6 * said + 1.0, said, 0.5 * said, 5 * said, octave_errors)]
    factors = [float(torch.exp2(one[1])) for one in found]
    assert factors == [pytest.approx(1.6, rel=0.05), pytest.approx(1), 1, pytest.approx(2, rel=0.05), pytest.approx(1.6, rel=0.05)]
    assert [float(one[0]) for one in found] == [pytest.approx(0.3, abs=0.02)] * 5


def test_little_speech_moves_little_and_none_nothing():
    few, many = (movement_of(pitches(count), 2 * pitches(count)) for count in (40, 3000))
    assert 0 < float(few[1]) < 0.5 * float(many[1])
    assert [movement_of(pitches(count), 2 * pitches(count)).tolist() for count in (0, 1)] == [[0, 0], [0, 0]]
    assert movement_of(torch.zeros(50), torch.zeros(50)).tolist() == [0, 0]
