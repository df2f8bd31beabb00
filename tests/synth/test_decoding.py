"""The decode loops: alone, in a batch and piece by piece they say the same."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.synth.decoding import (
    Chunking,
    CodeChunk,
    DecodeItem,
    DecodeOptions,
    decode,
    decode_batch,
    decode_stream,
    quietness,
)
from voxcommons.synth.sampling import SamplingOptions

CODES = 40


@pytest.fixture(scope="module")
def model() -> TextToSemantic:
    """Random weights whose end token wins now and then, so that items end at different times."""
    with torch.random.fork_rng():
        torch.manual_seed(10)
        model = TextToSemantic(layers=2, width=32, heads=4, phones=50, codes=CODES, dropout=0.0, bert_dim=None).eval()
        with torch.no_grad():
            model.ar_predict_layer.weight.mul_(2.0)
            model.ar_audio_position.alpha.fill_(3.0)
    return model


def ids(top: int, count: int, seed: int) -> Tensor:
    return torch.randint(0, top, (count,), generator=torch.Generator().manual_seed(seed))


def items() -> list[DecodeItem]:
    sizes = [(6, 3), (2, 8), (9, None), (4, 1), (12, 5)]
    return [DecodeItem(ids(50, p, p), None if s is None else ids(CODES, s, s), seed=p) for p, s in sizes]


SHORT = DecodeOptions(SamplingOptions(top_k=8), max_tokens=40)
GREEDY = DecodeOptions(SamplingOptions(top_k=1, repetition_penalty=1.1), max_tokens=40)


def compat(options: DecodeOptions) -> DecodeOptions:
    return replace(options, sampling=replace(options.sampling, compat=True))


@pytest.mark.parametrize("options", [SHORT, GREEDY, compat(SHORT)])
def test_a_batch_says_what_its_items_say_alone(model, options):
    together = decode_batch(model, items(), options)
    reasons = set()
    for item, found in zip(items(), together, strict=True):
        alone = decode(model, item, options)
        reasons.add(found.reason)
        assert found.reason == alone.reason
        if found.reason == "end" or not options.sampling.compat:  # at the limit the public loops lose different tokens
            assert found.codes.tolist() == alone.codes.tolist()
            assert found.sequence.tolist() == alone.sequence.tolist()
    assert reasons == {"end", "limit"}


def test_the_order_of_a_batch_does_not_matter(model):
    forwards, backwards = decode_batch(model, items(), SHORT), decode_batch(model, items()[::-1], SHORT)
    assert [one.codes.tolist() for one in forwards] == [one.codes.tolist() for one in backwards[::-1]]


def test_no_items_give_no_results(model):
    assert decode_batch(model, [], SHORT) == []


def test_a_seed_repeats_itself_and_another_differs(model):
    item = items()[0]
    torch.manual_seed(1)
    first = decode(model, item, SHORT)
    torch.manual_seed(2)
    assert first.codes.tolist() == decode(model, item, SHORT).codes.tolist()
    assert first.codes.tolist() != decode(model, replace(item, seed=99), SHORT).codes.tolist()


def test_the_prompt_leads_and_is_not_returned_as_speech(model):
    item = items()[0]
    found = decode(model, item, SHORT)
    assert found.sequence.tolist() == [*item.prompt.tolist(), *found.codes.tolist()]
    assert found.index == len(found.codes)
    other = decode(model, replace(item, prompt=ids(CODES, 3, 77)), SHORT)
    assert other.codes.tolist() != found.codes.tolist()


def test_speaking_without_a_prompt_returns_everything(model):
    item = items()[2]
    assert item.prompt is None
    found = decode(model, item, SHORT)
    assert len(found.codes) > 0
    assert found.sequence.tolist() == found.codes.tolist()
    public = decode(model, item, compat(SHORT))
    assert public.index == 0
    assert public.codes.tolist() == public.sequence.tolist()


def test_the_end_token_is_never_handed_out_and_never_comes_too_early(model):
    for seed in range(20):
        found = decode(model, replace(items()[0], seed=seed), SHORT)
        assert CODES not in found.codes
        assert len(found.codes) >= SHORT.min_tokens
    free = [len(decode(model, replace(items()[0], seed=seed), replace(SHORT, min_tokens=0)).codes) for seed in range(20)]
    assert min(free) < SHORT.min_tokens


def test_it_ends_where_the_end_is_likeliest_whatever_chance_says(model):
    def never_the_end(step: int, classes: int) -> Tensor:
        return torch.ones(classes).index_fill(0, torch.tensor([CODES]), 1e20) if classes > CODES else torch.ones(classes)

    ended = 0
    for item in items():
        greedy, sampled = decode(model, item, GREEDY), replace(GREEDY, sampling=replace(GREEDY.sampling, top_k=8))
        found = decode(model, replace(item, noise=never_the_end), sampled)
        assert (found.reason, found.codes.tolist()) == (greedy.reason, greedy.codes.tolist())
        ended += found.reason == "end"
    assert ended > 0


def test_a_model_that_wants_to_end_at_once_may_after_the_least_number_of_tokens(model):
    eager = copy.deepcopy(model)
    with torch.no_grad():
        eager.h.layers[-1].norm2.bias.fill_(1.0)
        eager.ar_predict_layer.weight[CODES] = 10.0
    for least in (0, 1, 11):
        assert len(decode(eager, items()[0], replace(SHORT, min_tokens=least)).codes) == least
    batch = decode_batch(eager, items(), replace(SHORT, min_tokens=0))
    assert [len(one.codes) for one in batch] == [0] * 5


def endless(model: TextToSemantic, options: DecodeOptions, **changes) -> tuple[DecodeItem, DecodeOptions]:
    """An item that runs into the limit."""
    return replace(items()[0], **changes), replace(options, min_tokens=10_000)


def test_the_limit_is_kept_and_nothing_is_lost_at_it(model):
    item, options = endless(model, replace(SHORT, max_tokens=7))
    longer = decode(model, item, replace(options, max_tokens=20))
    found = decode(model, item, options)
    assert (found.reason, found.codes.tolist()) == ("limit", longer.codes.tolist()[:7])


def test_an_item_may_have_a_limit_of_its_own(model):
    item, options = endless(model, SHORT)
    limits = [5, None, 0, 9]
    found = decode_batch(model, [replace(item, max_tokens=limit) for limit in limits], options)
    assert [len(one.codes) for one in found] == [5, 40, 0, 9]
    whole = found[1].codes.tolist()
    assert all(one.codes.tolist() == whole[: len(one.codes)] for one in found)


def test_the_public_loops_lose_a_token_at_their_limit(model):
    item, options = endless(model, replace(SHORT, max_tokens=20))
    every = decode(model, item, replace(options, max_tokens=21)).codes.tolist()
    assert decode(model, item, compat(options)).codes.tolist() == every[1:]
    assert decode_batch(model, [item], compat(options))[0].codes.tolist() == every[:-1]


def test_the_penalty_reaches_back_to_the_prompt(model):
    changed = 0
    for seed in range(20):
        item = replace(items()[0], prompt=ids(CODES, 12, seed), max_tokens=1)
        free, penalised = (
            decode(model, item, DecodeOptions(SamplingOptions(top_k=1, repetition_penalty=penalty))).codes.item() for penalty in (1.0, 50.0)
        )
        in_prompt = free in item.prompt.tolist()
        assert in_prompt or penalised == free
        changed += in_prompt and penalised != free
    assert changed > 0


def test_cancelling_stops_between_two_tokens(model):
    item, options = endless(model, SHORT)
    asked = iter([False] * 5 + [True])
    found = decode(model, item, options, cancel=lambda: next(asked))
    assert (found.reason, len(found.codes)) == ("cancelled", 5)
    asked = iter([False] * 3 + [True])
    assert {one.reason for one in decode_batch(model, [item, item], options, cancel=lambda: next(asked))} == {"cancelled"}


# --- streaming ----------------------------------------------------------------------


def joined(chunks: list[CodeChunk]) -> list[int]:
    return torch.cat([chunk.codes for chunk in chunks]).tolist()


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("options", [SHORT, GREEDY])
def test_pieces_are_the_whole(model, options, quiet):
    scores = torch.linspace(-1, 1, CODES)[torch.randperm(CODES, generator=torch.Generator().manual_seed(0))]
    for item in items():
        chunks = list(decode_stream(model, item, options, chunking=Chunking(4, scores if quiet else None)))
        whole = decode(model, item, options)
        assert joined(chunks) == whole.codes.tolist()
        assert [chunk.final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        assert (chunks[-1].reason, chunks[0].reason) == (whole.reason, None if len(chunks) > 1 else whole.reason)
        assert all(len(chunk.codes) >= 4 for chunk in chunks[:-1])


def test_pieces_of_fixed_length_come_as_soon_as_they_are_full(model):
    item, options = endless(model, replace(SHORT, max_tokens=12))
    asked = []
    stream = decode_stream(model, item, options, chunking=Chunking(5), cancel=lambda: bool(asked.append(1)))
    assert len(next(stream).codes) == 5
    assert len(asked) == 5
    assert [len(chunk.codes) for chunk in stream] == [5, 2]
    exact = list(decode_stream(model, item, replace(options, max_tokens=10), chunking=Chunking(5)))
    assert [(len(chunk.codes), chunk.final) for chunk in exact] == [(5, False), (5, True)]


def test_a_stream_is_cut_where_both_sides_are_quiet(model):
    item, options = endless(model, SHORT)
    whole = decode(model, item, options).codes.tolist()
    for place in range(4, 20):
        sides = {whole[place - 1], whole[place]}
        quiet = torch.tensor([1.0 if code in sides else -1.0 for code in range(CODES)])
        wanted = next(cut for cut in range(4, 40) if {whole[cut - 1], whole[cut]} <= sides)
        chunk = next(decode_stream(model, item, options, chunking=Chunking(4, quiet, patience=100)))
        # It waits for two tokens beyond the shortest piece, and then takes the first place that is quiet.
        assert chunk.codes.tolist() == whole[:wanted]


def test_patience_bounds_the_wait_for_a_quiet_place(model):
    item, options = endless(model, SHORT)
    loud = torch.full((CODES,), -1.0)
    first = next(decode_stream(model, item, options, chunking=Chunking(4, loud, patience=9)))
    assert 4 <= len(first.codes) <= 9
    assert len(next(decode_stream(model, item, options, chunking=Chunking(4, loud, patience=1000))).codes) == 40


def test_the_public_stream_repeats_what_follows_a_quiet_cut(model):
    item, options = endless(model, SHORT)
    quiet = torch.linspace(0.1, 1, CODES)
    ours = list(decode_stream(model, item, options, chunking=Chunking(4, quiet)))
    public = list(decode_stream(model, item, compat(options), chunking=Chunking(4, quiet)))
    assert len(joined(ours)) == 40
    assert len(joined(public)) > 41


def test_a_cancelled_stream_hands_out_what_there_is(model):
    item, options = endless(model, SHORT)
    asked = iter([False] * 6 + [True])
    chunks = list(decode_stream(model, item, options, chunking=Chunking(4), cancel=lambda: next(asked)))
    assert [len(chunk.codes) for chunk in chunks] == [4, 2]
    assert chunks[-1].reason == "cancelled"


def test_quietness_is_likeness_to_the_silent_token():
    rows = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    torch.testing.assert_close(quietness(rows, 0), torch.tensor([1.0, 1.0, 0.0, -1.0]))
    torch.testing.assert_close(quietness(rows, 0, threshold=0.5), torch.tensor([0.5, 0.5, -0.5, -1.5]))
