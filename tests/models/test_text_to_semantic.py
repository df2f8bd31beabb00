"""The text-to-semantic transformer: masks, cache, batches, names."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from voxcommons.models import configs
from voxcommons.models.text_to_semantic import IGNORED, TextToSemantic

DATA = Path(__file__).parents[1] / "golden" / "data"


def tiny(**changes) -> TextToSemantic:
    torch.manual_seed(0)
    sizes = {"layers": 2, "width": 32, "heads": 4, "phones": 50, "codes": 40, "dropout": 0.0, "bert_dim": 8}
    return TextToSemantic(**(sizes | changes)).eval()


def ids(top: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.randint(0, top, shape, generator=torch.Generator().manual_seed(seed))


def lengths(*values: int) -> Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize(("version", "config"), [("s1_v1", configs.text_to_semantic_v1), ("s1_v2", configs.text_to_semantic_v2)])
def test_names_and_shapes_are_those_of_the_public_files(version, config):
    with torch.device("meta"):
        model = TextToSemantic(**dataclasses.asdict(config()))
    wanted = json.loads((DATA / "s1_state_dicts.json").read_text())[version]
    assert {f"model.{name}": list(tensor.shape) for name, tensor in model.state_dict().items()} == wanted


def test_a_model_without_linguistic_features_has_no_projection():
    names = tiny(bert_dim=None).state_dict()
    assert not any(name.startswith("bert_proj") for name in names)
    assert "bert_proj.weight" in tiny().state_dict()


def test_missing_linguistic_features_count_as_zeros():
    model, phones = tiny(), ids(50, 1, 7)
    torch.testing.assert_close(model.embed_phones(phones), model.embed_phones(phones, torch.zeros(1, 8, 7)))


def test_fixed_weights_give_a_fixed_number():
    model = tiny()
    with torch.no_grad():
        for index, weight in enumerate(model.parameters()):
            weight.copy_(torch.sin(torch.arange(weight.numel()).float() + index).view_as(weight) * 0.5)
        out = model(ids(50, 1, 1).fill_(3), lengths(1), torch.tensor([[5, 9]]), lengths(2))
    assert out.loss_sum.item() == pytest.approx(13.888695, rel=1e-5)


# --- training -----------------------------------------------------------------------


def batch() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    return ids(50, 3, 9), lengths(9, 4, 6), ids(40, 3, 12, seed=1), lengths(5, 12, 8), torch.randn(3, 8, 9)


def test_a_padded_batch_gives_each_item_its_own_numbers():
    model = tiny()
    phones, phone_lengths, codes, code_lengths, bert = batch()
    together = model(phones, phone_lengths, codes, code_lengths, bert)
    for item, (p, s) in enumerate(zip(phone_lengths, code_lengths, strict=True)):
        one = slice(item, item + 1)
        alone = model(phones[one, :p], phone_lengths[one], codes[one, :s], code_lengths[one], bert[one, :, :p])
        torch.testing.assert_close(together.logits[item, : s + 1], alone.logits[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together.log_probs[item], alone.log_probs[0], rtol=1e-4, atol=1e-5)


def test_what_the_padding_holds_does_not_matter():
    model = tiny()
    phones, phone_lengths, codes, code_lengths, bert = batch()
    before = model(phones, phone_lengths, codes, code_lengths, bert).loss_sum
    for item in range(3):
        phones[item, phone_lengths[item] :] = 7
        bert[item, :, phone_lengths[item] :] = 100.0
        codes[item, code_lengths[item] :] = 3
    assert torch.equal(model(phones, phone_lengths, codes, code_lengths, bert).loss_sum, before)


def test_only_codes_and_one_end_are_counted():
    phones, phone_lengths, codes, code_lengths, bert = batch()
    out = tiny()(phones, phone_lengths, codes, code_lengths, bert)
    assert out.count == (code_lengths + 1).sum()
    assert out.judged == code_lengths.sum()
    assert (out.targets == 40).sum() == 3
    assert (out.targets[0, 6:] == IGNORED).all()
    assert torch.isclose(out.loss * out.count, -out.log_probs.sum())


def test_the_public_masks_differ_only_where_lengths_do():
    model = tiny()
    phones, phone_lengths, codes, code_lengths, bert = batch()
    padded = [model(phones, phone_lengths, codes, code_lengths, bert, compat=compat).loss_sum for compat in (False, True)]
    assert not torch.isclose(*padded)
    full = [model(phones, lengths(9, 9, 9), codes, lengths(12, 12, 12), bert, compat=compat).loss_sum for compat in (False, True)]
    assert torch.equal(*full)


def test_a_code_is_predicted_from_earlier_codes_only():
    model, phones, codes = tiny(), ids(50, 1, 6), ids(40, 1, 10)
    before = model(phones, lengths(6), codes, lengths(10)).logits
    codes[0, 4] = (codes[0, 4] + 1) % 40
    after = model(phones, lengths(6), codes, lengths(10)).logits
    assert torch.equal(before[0, :5], after[0, :5])
    assert not torch.isclose(before[0, 5:], after[0, 5:]).all(dim=1).any()


def test_every_phone_reaches_every_prediction():
    model, phones, codes = tiny(), ids(50, 1, 6), ids(40, 1, 4)
    before = model(phones, lengths(6), codes, lengths(4)).logits
    for place in range(6):
        changed = phones.clone()
        changed[0, place] = (changed[0, place] + 1) % 50
        after = model(changed, lengths(6), codes, lengths(4)).logits
        assert not torch.isclose(before, after).all(dim=2).any()


def test_every_parameter_learns():
    model = tiny(dropout=0.1, attention_dropout=0.0).train()
    model(*batch()).loss.backward()
    assert [name for name, one in model.named_parameters() if one.grad is None or not one.grad.abs().sum() > 0] == []


def test_half_precision_training_is_close_to_full():
    model = tiny()
    full = model(*batch())
    with torch.autocast("cpu", torch.bfloat16):
        half = model(*batch())
    assert half.loss_sum.dtype == torch.float32
    torch.testing.assert_close(half.loss, full.loss, rtol=0.05, atol=0.0)


def test_accuracy_counts_codes_among_the_best():
    model = tiny()
    phones, phone_lengths, codes, code_lengths, bert = batch()
    out = model(phones, phone_lengths, codes, code_lengths, bert, best=40 + 1)
    assert out.accuracy == 1.0
    out = model(phones, phone_lengths, codes, code_lengths, bert, best=5)
    best = out.logits.topk(5, dim=2).indices
    found = (best == out.targets[..., None]).any(dim=2) & (out.targets != 40)
    assert out.correct == found.sum()


# --- inference ----------------------------------------------------------------------


def test_the_cache_gives_what_reading_everything_again_gives():
    model, phones, codes, bert = tiny(), ids(50, 1, 6), ids(40, 1, 10), torch.randn(1, 8, 6)
    whole = model(phones, lengths(6), codes, lengths(10), bert).logits[0]
    for start in (0, 3):
        logits, cache = model.prefill([phones[0]], [codes[0, :start]], [bert[0]])
        rows = [logits[0]]
        for token in codes[0, start:]:
            rows.append(model.step(token[None], cache)[0])
        torch.testing.assert_close(torch.stack(rows), whole[start:], rtol=1e-4, atol=1e-5)


def stepped(model: TextToSemantic, phones: list[Tensor], prompts: list[Tensor], tokens: Tensor, **options) -> Tensor:
    """Logits [steps + 1, B, C] along the given tokens [steps, B]."""
    logits, cache = model.prefill(phones, prompts, **options)
    return torch.stack([logits, *[model.step(row, cache) for row in tokens]])


def test_neighbours_of_other_lengths_change_nothing():
    model = tiny()
    phones, prompts = [ids(50, n, seed=n) for n in (6, 2, 9)], [ids(40, n, seed=n) for n in (3, 8, 0)]
    tokens = ids(40, 5, 3)
    together = stepped(model, phones, prompts, tokens)
    for item in range(3):
        alone = stepped(model, [phones[item]], [prompts[item]], tokens[:, item : item + 1])
        torch.testing.assert_close(together[:, item], alone[:, 0], rtol=1e-4, atol=1e-5)


def test_items_that_stay_do_not_notice_those_that_leave():
    model = tiny()
    phones, prompts = [ids(50, n, seed=n) for n in (6, 2, 9)], [ids(40, n, seed=n) for n in (3, 8, 0)]
    _, cache = model.prefill(phones, prompts)
    model.step(ids(40, 3), cache)
    cache.keep(torch.tensor([1]))
    left = model.step(torch.tensor([7]), cache)
    _, cache = model.prefill(phones[1:2], prompts[1:2])
    model.step(ids(40, 3)[1:2], cache)
    torch.testing.assert_close(left, model.step(torch.tensor([7]), cache), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2])
def test_a_cache_that_grows_often_gives_the_same(count):
    model = tiny()
    phones, prompts = [ids(50, n, seed=n) for n in (6, 2)][:count], [ids(40, n) for n in (3, 1)][:count]
    tokens = ids(40, 8, count)
    torch.testing.assert_close(stepped(model, phones, prompts, tokens, room=1), stepped(model, phones, prompts, tokens))


def test_texts_longer_than_the_position_table_are_read():
    phones, prompts, tokens = [ids(50, 30)], [ids(40, 12)], ids(40, 6, 1)
    short, long = tiny(positions=8), tiny(positions=100)
    torch.testing.assert_close(stepped(short, phones, prompts, tokens), stepped(long, phones, prompts, tokens))


def test_a_saved_model_is_the_same_model(tmp_path):
    model = tiny()
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    torch.manual_seed(1)
    other = tiny(width=32)
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert torch.equal(other(*batch()[:4]).logits, model(*batch()[:4]).logits)


def test_the_starter_fits_its_budget():
    with torch.device("meta"):
        model = TextToSemantic(**dataclasses.asdict(configs.text_to_semantic_starter()))
    assert sum(weight.numel() for weight in model.parameters()) < 6_000_000
