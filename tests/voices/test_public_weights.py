"""Pairs of the public program's files become base models and come back, tensor by tensor the same."""

import functools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from voxcommons.base.errors import InputError, RefusedFileError
from voxcommons.models import configs
from voxcommons.models.base_file import BaseFacts
from voxcommons.models.build import Placement, base_folder, load_base, save_base, tensor_shapes
from voxcommons.models.legacy_sizes import public_text_config, public_wave_config
from voxcommons.voicefile.checkpoint import open_checkpoint
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.tensors import RawTensor, TensorFile
from voxcommons.voices.public_weights import convert, export, scan

SIZES = {"v1": configs.semantic_to_wave_v1, "v2": configs.semantic_to_wave_v2, "v2ProPlus": configs.semantic_to_wave_v2proplus}
MARK = {"v2ProPlus": "06"}


def facts_of(version):
    """A small model with everything the public program fixes in its code, and little of what it leaves open."""
    size = replace(SIZES[version](), filters=8, layers=2, generator_channels=32, block_kernels=(3,), block_dilations=((1, 3, 5),))
    text = configs.TextToSemanticConfig(layers=2, width=16, heads=2, phones=512 if version == "v1" else 732)
    table = "v1" if version == "v1" else "v2"
    return BaseFacts("small", 32000, 640, 2048, 2048, table, text, size)


@functools.cache
def _numbers_of(part, config, dtype):
    numbers = np.random.default_rng(1)
    pool = (numbers.random(4_000_000, np.float32) + 0.1).astype(dtype)

    def some(count):
        start = int(numbers.integers(1000))
        return np.resize(pool[start:], count)

    return {name: RawTensor.of(some(math.prod(shape)).reshape(shape)) for name, shape in tensor_shapes(part, config).items()}


def weights_of(part, config, dtype="<f2"):
    return dict(_numbers_of(part, config, dtype))


def write_pair(folder, version, *, text=None, wave=None):
    """Two files as the public program would have them."""
    folder.mkdir(exist_ok=True)
    facts = facts_of(version)
    text = weights_of("text_to_semantic", facts.text_to_semantic) if text is None else text
    wave = weights_of("semantic_to_wave", facts.semantic_to_wave) if wave is None else wave
    first, second = folder / "anna-e15.ckpt", folder / "anna_e8_s200.pth"
    content = {f"model.{key}": value for key, value in text.items()}
    write_checkpoint(first, {"weight": content, "config": public_text_config(facts), "info": "GPT-e15"})
    config = public_wave_config(facts, version)
    write_checkpoint(second, {"weight": wave, "config": config, "info": "8epoch"}, MARK.get(version))
    return first, second


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return write_pair(tmp_path_factory.mktemp("pair"), "v2")


@pytest.mark.parametrize("version", [pytest.param("v1", marks=pytest.mark.slow), "v2", "v2ProPlus"])
def test_a_pair_becomes_a_base_model_and_a_pair_again(tmp_path, version):
    files = write_pair(tmp_path / "in", version)
    found = [scan(path) for path in files]
    assert [one.refused + one.unusable for one in found] == ["", ""]
    assert [one.version for one in found] == ["v1" if version == "v1" else "v2", version]
    done = convert(files[::-1], tmp_path / "base", tensor_shapes)
    assert (done.version, done.facts.name) == (version, "anna_e8_s200")
    assert all(key.startswith("enc_q.") for key in done.left_out)
    again = export(tmp_path / "base", tmp_path / "out")
    assert again[1].read_bytes()[:2] == MARK.get(version, "PK").encode()
    for before, after in zip(files, again, strict=True):
        with open_checkpoint(before) as first, open_checkpoint(after) as second:
            ours = {key: view for key, view in first.content["weight"].items() if not key.startswith("enc_q.")}
            theirs = second.content["weight"]
            assert set(ours) == set(theirs)
            for key, view in ours.items():
                assert (view.dtype, view.shape, view.data) == (theirs[key].dtype, theirs[key].shape, theirs[key].data)
    assert convert(again, tmp_path / "once more", tensor_shapes, name=done.facts.name).sha256 == done.sha256


def test_the_base_model_holds_the_numbers_of_the_files_and_loads(tmp_path, pair):
    done = convert(pair, tmp_path / "base", tensor_shapes)
    base = load_base(tmp_path / "base")
    assert base.sha256 == done.sha256
    assert (base.sample_rate, base.hop, base.content, base.table) == (32000, 640, None, "v2")
    stored = TensorFile.at(tmp_path / "base" / "text_to_semantic.safetensors")
    with open_checkpoint(pair[0]) as checkpoint:
        for key, view in checkpoint.content["weight"].items():
            assert stored.read(key.removeprefix("model.")).data == view.data


def test_a_pair_kept_for_training_has_its_posterior_encoder(tmp_path, pair):
    done = convert(pair, tmp_path / "base", tensor_shapes, keep_posterior=True)
    assert done.left_out == ()
    assert any(name.startswith("enc_q.") for name in TensorFile.at(tmp_path / "base" / "semantic_to_wave.safetensors"))


def test_a_base_model_of_this_program_goes_out_too(tmp_path, pair):
    convert(pair, tmp_path / "base", tensor_shapes)
    base = load_base(tmp_path / "base", placement=Placement(for_training=True))
    save_base(base, tmp_path / "saved", dtype=torch.float32)
    first, _ = export(tmp_path / "saved", tmp_path / "out")
    with open_checkpoint(first) as ours, open_checkpoint(pair[0]) as theirs:
        for key, view in theirs.content["weight"].items():
            assert ours.content["weight"][key].data == view.data


def test_the_files_load_in_torch_without_calling_anything(tmp_path, pair):
    convert(pair, tmp_path / "base", tensor_shapes)
    for path in export(tmp_path / "base", tmp_path / "out"):
        content = torch.load(path, weights_only=True)  # noqa: TID251 - the other program's loader is what is tested
        with open_checkpoint(path) as checkpoint:
            assert {key: tuple(value.shape) for key, value in content["weight"].items()} == {
                key: view.shape for key, view in checkpoint.content["weight"].items()
            }
            key = "model.bert_proj.weight" if path.suffix == ".ckpt" else "dec.conv_pre.weight"
            np.testing.assert_array_equal(content["weight"][key].numpy(), checkpoint.content["weight"][key].array())
        assert content["config"]["model"]


def spoiled(folder, what):
    """A pair of which one file has a fault, and what the refusal says."""
    facts = facts_of("v2")
    wave = weights_of("semantic_to_wave", facts.semantic_to_wave)
    if what == "missing":
        del wave["flow.flows.2.pre.weight"]
        return write_pair(folder, "v2", wave=wave), "no tensor flow.flows.2.pre.weight"
    if what == "shape":
        wave["flow.flows.2.pre.weight"] = RawTensor.of(np.zeros((1, 1, 1), "<f2"))
        return write_pair(folder, "v2", wave=wave), r"shape \(1, 1, 1\) instead of"
    if what == "infinite":
        wave["dec.conv_pre.bias"] = RawTensor.of(np.full(32, np.inf, "<f2"))
        return write_pair(folder, "v2", wave=wave), "dec.conv_pre.bias"
    wave["dec.conv_pre.bias"] = RawTensor.of(np.zeros(32, "<i4"))
    return write_pair(folder, "v2", wave=wave), "holds I32"


@pytest.mark.parametrize("what", ["missing", "shape", "infinite", "whole numbers"])
def test_a_file_with_a_fault_is_refused_and_leaves_nothing(tmp_path, what):
    files, words = spoiled(tmp_path / "in", what)
    with pytest.raises(RefusedFileError, match=words):
        convert(files, tmp_path / "base", tensor_shapes)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_infinite_averages_of_the_codebook_are_made_finite_since_nothing_reads_them(tmp_path):
    wave = weights_of("semantic_to_wave", facts_of("v2").semantic_to_wave)
    key = "quantizer.vq.layers.0._codebook.embed_avg"
    wave[key] = RawTensor.of(np.full(wave[key].shape, np.inf, "<f2"))
    convert(write_pair(tmp_path / "in", "v2", wave=wave), tmp_path / "base", tensor_shapes)
    assert load_base(tmp_path / "base").semantic_to_wave.quantizer.codebook.embed_avg.isfinite().all()


def test_bfloat16_files_are_taken_as_they_are(tmp_path):
    text = {
        key: RawTensor("BF16", raw.shape, (raw.array().astype("<f4").view("<u4") >> 16).astype("<u2").tobytes())
        for key, raw in weights_of("text_to_semantic", facts_of("v2").text_to_semantic).items()
    }
    convert(write_pair(tmp_path / "in", "v2", text=text), tmp_path / "base", tensor_shapes)
    assert TensorFile.at(tmp_path / "base" / "text_to_semantic.safetensors").facts("bert_proj.weight")[0] == "BF16"
    text["bert_proj.bias"] = RawTensor("BF16", (16,), b"\x80\x7f" * 16)
    with pytest.raises(RefusedFileError, match=r"bert_proj\.bias"):
        convert(write_pair(tmp_path / "in", "v2", text=text), tmp_path / "other", tensor_shapes)


def test_tensors_of_no_network_are_left_out_and_named(tmp_path):
    wave = weights_of("semantic_to_wave", facts_of("v2").semantic_to_wave) | {"dec.extra": RawTensor.of(np.zeros(3, "<f4"))}
    done = convert(write_pair(tmp_path / "in", "v2", wave=wave), tmp_path / "base", tensor_shapes, keep_posterior=True)
    assert done.left_out == ("dec.extra",)


def test_two_files_of_one_kind_are_no_pair(tmp_path, pair):
    for files in ([pair[0]], [pair[0], pair[0]], [*pair, pair[1]]):
        with pytest.raises(InputError, match="needs two files"):
            convert(files, tmp_path / "base", tensor_shapes)


def test_weights_too_large_for_half_precision_do_not_go_out(tmp_path):
    wave = weights_of("semantic_to_wave", facts_of("v2").semantic_to_wave, "<f4")
    wave["dec.conv_pre.bias"] = RawTensor.of(np.full(32, 1e6, "<f4"))
    convert(write_pair(tmp_path / "in", "v2", wave=wave), tmp_path / "base", tensor_shapes)
    with pytest.raises(RefusedFileError, match="half precision"):
        export(tmp_path / "base", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_starter_does_not_go_out_and_nothing_is_left(tmp_path):
    with pytest.raises(RefusedFileError, match="cannot load this model"):
        export(base_folder("starter"), tmp_path / "out")
    with pytest.raises(InputError, match=r"base\.json"):
        export(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "network", "version", "says"),
    [
        ("plain_v2_e1_s2.pth", "semantic_to_wave", "v2", ""),
        ("header05_v2Pro_e1_s2.pth", "semantic_to_wave", "v2Pro", ""),
        ("header06_v2ProPlus_e1_s2.pth", "semantic_to_wave", "v2ProPlus", ""),
        ("header03_v3lora_e1_s2_l4.pth", "semantic_to_wave", "v3", "not supported yet"),
        ("header04_v4lora_e1_s2_l4.pth", "semantic_to_wave", "v4", "not supported yet"),
        ("s1_e1.ckpt", "text_to_semantic", "v2", ""),
    ],
)
def test_public_files_are_what_the_public_program_takes_them_for(shared, name, network, version, says):
    folder = shared / "reference" / "gpt-sovits" / "golden" / "ckpt_formats"
    found = scan(folder / name)
    assert (found.refused, found.network, found.version) == ("", network, version)
    assert says in found.unusable
    detected = json.loads((folder / "expected.json").read_text()).get(name, {}).get("detected")
    if detected and not name.startswith("plain"):  # a plain file is guessed from its size there, and corrected after loading
        assert (found.version, found.lora) == (detected[1], detected[2])


def test_voices_of_the_corpus_are_clean_and_hostile_ones_are_not(shared):
    folder = shared / "reference" / "weights-corpus"
    assert [scan(path).refused for path in sorted((folder / "own_benign").glob("sovits_*"))] == [""] * 5
    evil = scan(folder / "own_mal" / "s_sovits_config_evil_head06.pth")
    assert "posix.system" in evil.refused
    assert "posix.system" in evil.names
