"""`vox models` says what there is and under which licence before it gets anything, and answers mistakes with one line."""

import json

import pytest

from model_host import Host
from tiny_base import make_tiny_base
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.models.build import save_base


@pytest.fixture
def vox(home, capsys):
    def run(*words):
        code = main([*map(str, words)], Settings(home=home))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_list_names_every_set_its_licence_and_whether_it_is_there(vox, home):
    code, out, err = vox("models", "list", "--json")
    assert (code, err) == (0, "")
    found = {one["name"]: one for one in json.loads(out)}
    assert {"gpt-sovits-v1", "gpt-sovits-v2", "gpt-sovits-v2Pro", "gpt-sovits-v2ProPlus", "chinese-hubert-base",
            "chinese-roberta-wwm-ext-large", "eres2netv2", "g2pw"} == set(found)  # fmt: skip
    assert {one["installed"] for one in found.values()} == {"-"}
    assert found["chinese-roberta-wwm-ext-large"]["licence"] == "Apache-2.0"
    (home / "models" / "g2pw").mkdir(parents=True)
    assert "DAMAGED" in vox("models", "list")[1]


def test_base_models_of_ones_own_are_listed_too_and_looked_through_when_asked(vox, home):
    folder = home / "models" / "anna"
    save_base(make_tiny_base(for_training=True), folder)
    assert "anna" in vox("models", "list")[1]
    told = {one["name"]: one for one in json.loads(vox("models", "list", "--check", "--json")[1])}
    assert (told["anna"]["installed"], told["anna"]["folder"]) == ("yes", str(folder))
    assert "starter" not in told
    weights = folder / "text_to_semantic.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    told = {one["name"]: one["installed"] for one in json.loads(vox("models", "list", "--check", "--json")[1])}
    assert told["anna"] == "DAMAGED"


def test_the_licence_is_told_before_the_mistake_is_found(vox, tmp_path):
    code, out, err = vox("models", "pull", "eres2netv2", "--from", tmp_path)
    assert (code, out) == (2, "")
    told, mistake = err.strip().splitlines()
    assert "licence Apache-2.0" in told
    assert "sv/pretrained_eres2netv2w24s4ep4.ckpt" in mistake


def test_a_wrong_name_and_two_sources_are_refused_before_anything_is_done(vox, tmp_path, home):
    code, _, err = vox("models", "pull", "eres2netv2", "nothing", "--from", tmp_path)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert vox("models", "pull", "g2pw", "--from", tmp_path, "--endpoint", "http://127.0.0.1:9")[0] == 2
    assert list(home.iterdir()) == []


def test_a_host_with_another_file_under_a_published_name_is_refused(vox, home):
    pytest.importorskip("huggingface_hub")
    with Host("lj1995/GPT-SoVITS").running() as host:
        host.files["chinese-hubert-base/config.json"] = b"{}"
        code, _, err = vox("models", "pull", "chinese-hubert-base", "--endpoint", host.address)
    assert code == 2
    assert "is not the published file" in err
    assert not (home / "models" / "chinese-hubert-base").exists()
