"""The content encoder and the language model have the names and numbers of the library that publishes them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from golden.check import compare
from voxcommons.models.bert import Bert, BertConfig, CharacterContext
from voxcommons.models.hubert import HOP, Hubert, HubertConfig

DATA = Path(__file__).parents[1] / "golden" / "data"
SMALL = replace(HubertConfig(), width=32, layers=1, heads=4, inner=64, channels=16, position_kernel=16, position_groups=4)


@pytest.mark.parametrize("folder", ["hubert_tiny", "bert_tiny"])
def test_names_shapes_and_features_are_the_public_ones(folder: str):
    found = list(compare(DATA / folder))
    assert len(found) == 3
    assert [f"{one.name}: {one.error:.2e}" for one in found if not one.passed] == []


def test_the_full_sizes_are_those_of_the_public_networks():
    with torch.device("meta"):
        hubert, bert = Hubert(**asdict(HubertConfig())), Bert(**asdict(BertConfig()))
    assert sum(value.numel() for value in hubert.state_dict().values()) == 94_370_944
    assert bert.state_dict()["embeddings.word_embeddings.weight"].shape == (21128, 1024)
    assert len(bert.encoder.layer) == 22


def test_fifty_features_a_second_and_clips_of_a_batch_do_not_mix():
    torch.manual_seed(0)
    model = Hubert(**asdict(SMALL)).eval()
    waves = torch.randn(2, 16000)
    with torch.no_grad():
        both = model(waves)
        assert both.shape == (2, (16000 - 80) // HOP, 32)
        torch.testing.assert_close(both[1:], model(waves[1:]), atol=1e-5, rtol=1e-4)


def test_a_vocabulary_without_the_marks_of_start_and_end_is_refused():
    network = Bert(width=8, layers=1, heads=2, inner=8, words=4, positions=8, kinds=2, epsilon=1e-12)
    with pytest.raises(ValueError, match=r"no \[SEP\]"):
        CharacterContext(network, {"[CLS]": 0, "[UNK]": 1})
