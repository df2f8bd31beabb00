"""`vox scan` tells what a file is and refuses with its own exit code; `vox convert` answers mistakes with one line."""

import json

import numpy as np
import pytest

from voxcommons.base.settings import Settings
from voxcommons.cli.main import main
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.tensors import RawTensor, write_tensors


@pytest.fixture
def vox(home, capsys):
    def run(*words):
        code = main([*map(str, words)], Settings(home=home))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def lora(tmp_path):
    path = tmp_path / "lora.pth"
    tensor = RawTensor.of(np.zeros((4, 3), "<f2"))
    weights = {"cfm.base_model.model.estimator.x.lora_A.default.weight": tensor}
    write_checkpoint(path, {"weight": weights, "config": {"model": {}}, "info": "1epoch\x1b[31m", "lora_rank": 4}, "03")
    return path


@pytest.fixture
def evil(tmp_path):
    path = tmp_path / "evil.pth"
    path.write_bytes(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.")
    return path


def test_a_clean_file_is_described(vox, lora):
    code, out, err = vox("scan", lora)
    assert (code, err) == (0, "")
    assert "clean: semantic to wave, v3 (by its mark), LoRA" in out
    assert "not usable: a v3 LoRA file; voices of v3 and v4 are not supported yet" in out
    assert "mark 03 (v3 LoRA); 1 tensors (1 F16)" in out
    assert "\x1b" not in out


def test_a_hostile_file_is_refused_and_what_it_names_is_told(vox, evil, lora):
    code, out, _ = vox("scan", lora, evil)
    assert code == 3
    assert "evil.pth: REFUSED: a bare pickle" in out
    assert "names: os.system" in out
    code, out, _ = vox("scan", "--json", lora, evil)
    facts = json.loads(out)
    assert code == 3
    assert [one["clean"] for one in facts] == [True, False]
    assert facts[1]["names"] == ["os.system"]
    assert facts[0]["version"] == "v3"


def test_safetensors_are_plain_data_unless_they_are_damaged(vox, tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"ar_text_embedding.word_embeddings.weight": RawTensor.of(np.zeros((732, 4), "<f2"))})
    code, out, _ = vox("scan", path)
    assert code == 0
    assert "clean: text to semantic, v2" in out
    path.write_bytes(path.read_bytes()[:-1])
    code, out, _ = vox("scan", path)
    assert code == 3
    assert "REFUSED: a tensor file is damaged" in out


def test_a_missing_file_is_a_mistake_of_the_user(vox, tmp_path):
    code, _, err = vox("scan", tmp_path / "none.pth")
    assert code == 2
    assert err.count("\n") == 1
    assert "no such file" in err


def test_a_folder_is_no_file(vox, tmp_path):
    code, out, _ = vox("scan", tmp_path)
    assert code == 3
    assert "no ordinary file" in out


@pytest.mark.parametrize(("name", "says"), [("lora", "not supported yet"), ("evil", "vox scan")])
def test_what_cannot_be_converted_is_said_in_one_line_and_nothing_is_left(vox, tmp_path, request, name, says):
    path = request.getfixturevalue(name)
    code, out, err = vox("convert", path, "-o", tmp_path / "out" / "base")
    assert (code, out) == (3, "")
    assert says in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_going_out_takes_one_folder(vox, tmp_path):
    code, _, err = vox("convert", "--to", "gpt-sovits", tmp_path, tmp_path, "-o", tmp_path / "out")
    assert code == 2
    assert "one base model at a time" in err
    code, _, err = vox("convert", "--to", "gpt-sovits", tmp_path, "-o", tmp_path / "out")
    assert code == 2
    assert "base.json" in err
