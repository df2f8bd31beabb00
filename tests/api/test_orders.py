"""What a client leaves open is what suits the model."""

from dataclasses import replace

import pytest

from tiny_base import make_tiny_base
from voxcommons.api.orders import Order, options_for
from voxcommons.api.studio import Selection, joined
from voxcommons.base.errors import InputError
from voxcommons.synth.options import SpeakOptions


def order(**delivery) -> Order:
    return Order("Hello.", ("Hello.",), "wav", Selection("tiny", "tiny"), voice="tester", delivery=delivery)


def test_our_models_have_our_defaults_and_public_ones_those_they_were_tuned_for():
    ours = options_for(make_tiny_base().facts, order(top_k=None))
    public = options_for(make_tiny_base(acoustic="vits").facts, order(top_k=None, temperature=None))
    assert (ours.top_k, ours.temperature) == (SpeakOptions().top_k, SpeakOptions().temperature)
    assert (public.top_k, public.temperature) == (15, 1.0)


def test_what_a_client_sends_is_used_with_every_model():
    for acoustic in ("mel", "vits"):
        given = options_for(make_tiny_base(acoustic=acoustic).facts, order(top_k=3, temperature=0.5, speed=1.5))
        assert (given.top_k, given.temperature, given.speed) == (3, 0.5, 1.5)


def test_a_value_out_of_range_is_named():
    with pytest.raises(InputError, match="speed=9"):
        options_for(make_tiny_base().facts, order(speed=9))


def test_two_models_of_one_family_become_one_and_others_do_not():
    one, other = make_tiny_base(1), make_tiny_base(2)
    both = joined(one, other)
    assert both.text_to_semantic is one.text_to_semantic
    assert both.semantic_to_wave is other.semantic_to_wave
    assert len({one.sha256, other.sha256, both.sha256}) == 3
    with pytest.raises(InputError, match="symbol tables"):
        joined(replace(one, facts=replace(one.facts, table="v1")), other)
