"""Foreign networks are recognised by their tensors, and their sizes are read off the shapes."""

import json
from dataclasses import dataclass, replace

import pytest

from voxcommons.base.errors import RefusedFileError
from voxcommons.models import configs
from voxcommons.models.legacy import recognise
from voxcommons.models.legacy_sizes import facts_of, public_version, public_wave_config, semantic_to_wave_config, text_to_semantic_config


@dataclass(frozen=True)
class Shape:
    shape: tuple[int, ...]


@pytest.fixture(scope="session")
def public(shared):
    """Names and shapes of every public network."""
    found = json.loads((shared / "reference" / "gpt-sovits" / "state_dicts.json").read_text())
    return {
        name: {key: Shape(tuple(entry["shape"])) for key, entry in tensors.items()} for name, tensors in found.items() if name != "_meta"
    }


ACOUSTIC = {
    "v1": configs.semantic_to_wave_v1, "v2": configs.semantic_to_wave_v2, "v2Pro": configs.semantic_to_wave_v2pro,
    "v2ProPlus": configs.semantic_to_wave_v2proplus,
}  # fmt: skip


@pytest.mark.parametrize("version", ACOUSTIC)
@pytest.mark.parametrize("mark", [None, "05", "06", "03"])
def test_the_version_of_a_whole_file_is_that_of_its_tensors_whatever_the_mark_says(public, version, mark):
    found = recognise({"weight": public[f"s2G_{version}"], "config": {"model": {"version": "v4"}}}, mark)
    assert (found.network, found.version, found.evidence, found.problem) == ("semantic_to_wave", version, "tensors", "")
    assert semantic_to_wave_config(found) == ACOUSTIC[version]()


@pytest.mark.parametrize("version", ACOUSTIC)
def test_files_without_the_posterior_encoder_are_the_same_network(public, version):
    weights = {key: value for key, value in public[f"s2G_{version}"].items() if not key.startswith("enc_q.")}
    found = recognise({"weight": weights, "config": {"data": {"filter_length": 2048}}, "info": "8epoch"})
    assert semantic_to_wave_config(found) == replace(ACOUSTIC[version](), posterior=False)
    assert found.info == "8epoch"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_text_to_semantic_files_lose_their_prefix(public, version):
    found = recognise({"weight": public[f"s1_{version}"], "config": {"model": {"head": 16}}})
    assert (found.network, found.version, found.evidence) == ("text_to_semantic", version, "tensors")
    assert "bert_proj.weight" in found.weights
    assert text_to_semantic_config(found) == getattr(configs, f"text_to_semantic_{version}")()


@pytest.mark.parametrize("version", ["v3", "v4"])
@pytest.mark.parametrize("mark", [None, "02"])
def test_diffusion_voices_are_recognised_and_not_supported(public, version, mark):
    found = recognise({"weight": public[f"s2G_{version}"]}, mark)
    assert found.network == "semantic_to_wave"
    assert "not supported yet" in found.problem
    assert found.version == ("v3" if mark else "")


@pytest.mark.parametrize(("mark", "version"), [("03", "v3"), ("04", "v4")])
def test_lora_files_are_recognised_and_not_supported(mark, version):
    weights = {"cfm.base_model.model.estimator.x.lora_A.default.weight": Shape((4, 3))}
    found = recognise({"weight": weights, "lora_rank": 4}, mark)
    assert (found.version, found.evidence, found.lora) == (version, "mark", True)
    assert found.problem == f"a {version} LoRA file; voices of v3 and v4 are not supported yet"


@pytest.mark.parametrize(
    ("name", "network"),
    [("s2D_v2", "discriminators"), ("sv_eres2netv2_w24s4ep4", "eres2netv2"), ("v4_vocoder_with_weight_norm", "unknown")],
)
def test_other_networks_are_called_by_their_name(public, name, network):
    found = recognise(public[name])
    assert found.network == network
    assert found.problem


def test_training_states_are_recognised(public):
    assert recognise({"model": public["s2G_v2"], "iteration": 3, "optimizer": {}}).version == "v2"
    lightning = {"state_dict": public["s1_v2"], "hyper_parameters": {"config": {"model": {"head": 8}}}}
    assert text_to_semantic_config(recognise(lightning)).heads == 8


def test_newer_names_of_weight_normalisation_are_understood(public):
    newer = {".weight_g": ".parametrizations.weight.original0", ".weight_v": ".parametrizations.weight.original1"}
    weights = {}
    for key, value in public["s2G_v2"].items():
        ending = next((old for old in newer if key.endswith(old)), "")
        weights[key.removesuffix(ending) + newer.get(ending, "")] = value
    assert any("parametrizations" in key for key in weights)
    assert set(recognise({"weight": weights}).weights) == set(public["s2G_v2"])


def test_partial_files_are_what_their_mark_says(shared):
    few = {"enc_p.text_embedding.weight": Shape((732, 2)), "dec.conv_pre.weight": Shape((4, 2, 7))}
    assert recognise({"weight": few}, "05").version == "v2Pro"
    assert recognise({"weight": few}, "06").version == "v2ProPlus"
    plain = recognise({"weight": few})
    assert (plain.version, plain.evidence) == ("v2", "tensors")
    with pytest.raises(RefusedFileError, match="not complete"):
        semantic_to_wave_config(plain)


@pytest.mark.parametrize(
    ("key", "shape", "words"),
    [
        ("enc_p.text_embedding.weight", (500, 192), "symbol table of 500 rows"),
        ("enc_p.text_embedding.weight", (0, 192), ""),
        ("enc_p.text_embedding.weight", (), ""),
    ],
)
def test_a_symbol_table_of_another_size_is_named(public, key, shape, words):
    found = recognise({"weight": public["s2G_v2"] | {key: Shape(shape)}})
    assert words in found.problem
    assert found.version == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"enc_p.encoder_text.attn_layers.0.emb_rel_k": Shape((1, 9, 97))},
        {"dec.ups.1.weight_v": Shape((256, 128, 3))},
        {"enc_p.proj.weight": Shape((10**7, 192, 1))},
        {"dec.resblocks.0.convs1.7.bias": Shape((4,))},
        {"dec.ups.0.weight_v": Shape((512, 256))},
    ],
)
def test_shapes_that_make_no_network_are_refused(public, changed):
    with pytest.raises(RefusedFileError):
        semantic_to_wave_config(recognise({"weight": public["s2G_v2"] | changed}))


@pytest.mark.parametrize("config", [{"model": {"head": 0}}, {"model": {"head": 10**9}}, {"model": 3}, {"model": {"head": "16"}}])
def test_a_configuration_that_makes_no_sense_is_not_believed(public, config):
    assert text_to_semantic_config(recognise({"weight": public["s1_v2"], "config": config})).heads == 16


@pytest.mark.parametrize("model", [{"upsample_rates": [10, 8]}, {"upsample_rates": "x"}, {"resblock_dilation_sizes": [[1, 2]]}])
def test_rates_and_dilations_that_do_not_fit_the_tensors_are_not_believed(public, model):
    found = recognise({"weight": public["s2G_v2"], "config": {"model": model}})
    assert semantic_to_wave_config(found) == configs.semantic_to_wave_v2()


def test_generations_are_not_mixed(public):
    old, new = recognise({"weight": public["s1_v1"]}), recognise({"weight": public["s2G_v2Pro"]})
    with pytest.raises(RefusedFileError, match="do not belong together"):
        facts_of("mixed", old, new)


@pytest.mark.parametrize("version", ACOUSTIC)
def test_a_model_goes_back_as_the_version_it_came_from(public, version):
    text, wave = recognise({"weight": public["s1_v1" if version == "v1" else "s1_v2"]}), recognise({"weight": public[f"s2G_{version}"]})
    facts = facts_of("x", text, wave)
    assert (facts.sample_rate, facts.hop, facts.n_fft, facts.win) == (32000, 640, 2048, 2048)
    assert facts.table == ("v1" if version == "v1" else "v2")
    assert public_version(facts) == version
    assert public_wave_config(facts, version)["model"]["gin_channels"] == facts.semantic_to_wave.gin


def test_a_model_with_an_acoustic_model_of_ours_does_not_go_back(public):
    facts = facts_of("x", recognise({"weight": public["s1_v2"]}), recognise({"weight": public["s2G_v2"]}))
    with pytest.raises(RefusedFileError, match="light"):
        public_version(replace(facts, semantic_to_wave=configs.mel_acoustic_tiny()))


@pytest.mark.parametrize("content", [None, [], 3, {}, {"weight": 3}, {"weight": {"a": 1}}, {"config": []}])
def test_anything_may_be_asked(content):
    found = recognise(content, "05")
    assert found.network == "unknown"
    assert found.problem
