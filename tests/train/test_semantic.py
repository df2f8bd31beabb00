"""Stage C: joined clips keep their alignment, and what the model hears wrong it must still predict right."""

import dataclasses

import numpy as np
import pytest
import torch

from voxcommons.models import configs
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.train.attention_guide import UNKNOWN
from voxcommons.train.semantic import Line, alignments_of, joined, misheard


def line(phones: tuple[int, ...], codes: list[int], aligned: list[int] | None) -> Line:
    return Line("ann", "en", phones, np.array(codes, np.int16), None if aligned is None else np.array(aligned, np.int16))


FIRST = line((1, 2), [10, 11, 12], [0, 0, 1])
SECOND = line((3, 4, 5), [20, 21, 22, 23], [0, 1, 2])  # one code more than was aligned


@pytest.fixture
def model():
    torch.manual_seed(0)
    return TextToSemantic(**dataclasses.asdict(dataclasses.replace(configs.text_to_semantic_tiny(), bert_dim=None)))


def test_the_places_of_a_joined_clip_lie_behind_the_phones_of_the_first():
    both = joined(SECOND, [FIRST], 100, np.random.default_rng(0))
    assert both.phones == (1, 2, 3, 4, 5)
    assert both.codes.tolist() == [10, 11, 12, 20, 21, 22, 23]
    assert both.aligned.tolist() == [0, 0, 1, 2, 3, 4, 4]


def test_a_clip_stays_alone_when_two_would_be_too_long_or_the_other_is_itself():
    assert joined(SECOND, [FIRST], 6, np.random.default_rng(0)) is SECOND
    assert joined(SECOND, [SECOND], 100, np.random.default_rng(0)) is SECOND


def test_where_an_alignment_is_missing_nothing_is_guided():
    both = joined(SECOND, [line((7,), [1, 2], None)], 100, np.random.default_rng(0))
    assert alignments_of([both, FIRST], 6).tolist() == [[UNKNOWN] * 6, [0, 0, 1, UNKNOWN, UNKNOWN, UNKNOWN]]


def test_misheard_codes_change_what_is_heard_and_not_what_is_wanted(model):
    phones, counts = torch.tensor([[1, 2, 3]]), torch.tensor([3])
    codes, code_counts = torch.arange(40)[None], torch.tensor([40])
    plain = model.eval()(phones, counts, codes, code_counts)
    with misheard(model, 0.5, [1]):
        disturbed = model(phones, counts, codes, code_counts)
    after = model(phones, counts, codes, code_counts)
    assert torch.equal(disturbed.targets, plain.targets)
    assert not torch.equal(disturbed.logits, plain.logits)
    assert torch.equal(after.logits, plain.logits)


def test_the_same_step_mishears_the_same_codes_and_the_end_is_never_touched(model):
    heard = []
    model.ar_audio_embedding.register_forward_hook(lambda _module, given, _result: heard.append(given[0]))
    ids = torch.tensor([[*range(30), model.end]])
    for seed in (4, 4, 5):
        with misheard(model, 0.3, [seed]):
            model.ar_audio_embedding(ids)
    assert torch.equal(heard[0], heard[1])
    assert not torch.equal(heard[0], heard[2])
    assert all(int(ids[0, -1]) == model.end for ids in heard)
    assert 0 < int((heard[0] != ids).sum()) < 20
