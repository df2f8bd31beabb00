"""A base model on disk: what is saved is loaded, and what is wrong is named before anything runs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tiny_base import make_tiny_base
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.models.build import Placement, load_base, read_facts, save_base, suited_threads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_base(make_tiny_base(for_training=True), tmp_path / "tiny", dtype=torch.float32)
    return tmp_path / "tiny"


@pytest.fixture
def public(tmp_path: Path) -> Path:
    save_base(make_tiny_base(acoustic="vits", for_training=True), tmp_path / "public", dtype=torch.float32)
    return tmp_path / "public"


def edit(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "base.json").read_text())
    (folder / "base.json").write_text(json.dumps(manifest | changes))


@pytest.mark.parametrize("acoustic", ["mel", "vits"])
def test_what_is_saved_speaks_the_same_when_loaded(folder, public, acoustic):
    made, loaded = make_tiny_base(acoustic=acoustic), load_base(folder if acoustic == "mel" else public)
    codes, phones, style = torch.arange(12)[None], torch.arange(9)[None], torch.ones(1, made.semantic_to_wave.gin, 1)
    with torch.inference_mode():
        expected = made.semantic_to_wave.decode(codes, phones, style, noise_scale=0.0)
        torch.testing.assert_close(loaded.semantic_to_wave.decode(codes, phones, style, noise_scale=0.0), expected)
        wave = torch.sin(torch.arange(8000.0))[None]
        assert torch.equal(loaded.content.tokens(wave), made.content.tokens(wave))
        logits = [base.text_to_semantic.prefill([phones[0]])[0] for base in (made, loaded)]
        torch.testing.assert_close(*logits)
    assert (loaded.name, loaded.sample_rate, loaded.hop, loaded.table) == ("tiny", 16000, 320, "v2")


def test_loaded_for_speaking_it_is_folded_and_frozen(public):
    base = load_base(public)
    assert not any("weight_g" in name for name in base.semantic_to_wave.state_dict())
    assert not any(p.requires_grad for p in base.semantic_to_wave.parameters())
    assert not base.text_to_semantic.training


def test_loaded_for_training_it_can_be_saved_again_as_the_same_model(folder, tmp_path):
    base = load_base(folder, placement=Placement(for_training=True))
    assert all(p.requires_grad for p in base.text_to_semantic.parameters())
    assert save_base(base, tmp_path / "again", dtype=torch.float32) == base.sha256


def test_the_posterior_encoder_is_left_out_unless_asked_for(public, tmp_path):
    assert not hasattr(load_base(public).semantic_to_wave, "enc_q")
    save_base(make_tiny_base(acoustic="vits", for_training=True), tmp_path / "whole", keep_posterior=True)
    assert hasattr(load_base(tmp_path / "whole").semantic_to_wave, "enc_q")


def test_parts_that_are_not_asked_for_are_not_loaded(folder):
    assert load_base(folder, parts=("text_to_semantic", "semantic_to_wave")).content is None


def test_the_hash_names_the_weights(folder, tmp_path):
    other = save_base(make_tiny_base(1, for_training=True), tmp_path / "other", dtype=torch.float32)
    assert load_base(folder).sha256 != other


def test_everyone_may_read_what_is_saved(folder):
    assert {path.stat().st_mode & 0o044 for path in folder.iterdir()} == {0o044}


def test_a_small_model_runs_on_one_thread_and_a_large_one_on_as_many_as_there_are():
    small = make_tiny_base()
    large = replace(small, content=torch.nn.Linear(8000, 8000, device="meta"))
    assert (suited_threads(small), suited_threads(large)) == (1, None)


def test_saving_again_keeps_the_model_card(folder):
    (folder / "README.md").write_text("card")
    save_base(make_tiny_base(for_training=True), folder)
    assert (folder / "README.md").read_text() == "card"


def test_no_such_model_is_said(tmp_path):
    with pytest.raises(InputError, match="no such base model"):
        load_base(tmp_path)


def test_every_fault_of_the_manifest_is_named_at_once(folder):
    sizes = json.loads((folder / "base.json").read_text())["text_to_semantic"]
    edit(folder, hop="many", table="v9", text_to_semantic=sizes | {"layers": -1, "class": "os.system"}, semantic_to_wave=None)
    with pytest.raises(CorruptFileError) as caught:
        read_facts(folder)
    for fault in ("hop", "v9", "text_to_semantic.layers", "text_to_semantic.class is unknown", "semantic_to_wave is missing"):
        assert fault in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"format": 3}'])
def test_a_manifest_that_is_no_manifest_is_corrupt(folder, content):
    (folder / "base.json").write_text(content)
    with pytest.raises(CorruptFileError):
        load_base(folder)


def test_a_missing_a_cut_and_a_changed_file_are_told_apart(folder):
    (folder / "content.safetensors").unlink()
    cut = folder / "text_to_semantic.safetensors"
    cut.write_bytes(cut.read_bytes()[:-8])
    changed = folder / "semantic_to_wave.safetensors"
    changed.write_bytes(changed.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(CorruptFileError) as caught:
        load_base(folder)
    for fault in ("content.safetensors is missing", "text_to_semantic.safetensors has", "semantic_to_wave.safetensors was changed"):
        assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("sizes", "fault"),
    [
        ({"layers": 3}, "no tensor h.layers.2.self_attn.in_proj_weight"),
        ({"layers": 1}, "unknown tensor h.layers.1.linear1.weight"),
        ({"codes": 1000}, "ar_predict_layer.weight has shape (1025, 64) instead of (1001, 64)"),
    ],
)
def test_tensors_that_do_not_fit_the_sizes_are_named(folder, sizes, fault):
    told = json.loads((folder / "base.json").read_text())["text_to_semantic"]
    edit(folder, text_to_semantic=told | sizes)
    with pytest.raises(CorruptFileError) as caught:
        load_base(folder)
    assert fault in str(caught.value)
