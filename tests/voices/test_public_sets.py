"""Public sets are installed from a folder or a host, read safely, checked, and never half there."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from model_host import Host
from public_layout import HUBERT_JSON, write_published
from voxcommons.base.errors import CorruptFileError, InputError, RefusedFileError, VoxError
from voxcommons.base.progress import NullProgress
from voxcommons.models.eres2netv2 import VECTOR
from voxcommons.models.feature_sets import load_bert, load_hubert, load_speaker, network_shapes
from voxcommons.models.set_files import read_set, sets_folder
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.onnx_check import check_onnx
from voxcommons.voicefile.tensors import RawTensor
from voxcommons.voices.public_sets import SETS, PublicFile
from voxcommons.voices.set_install import pull
from voxcommons.voices.set_sources import FolderSource, HubSource

EVIL = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R."


@pytest.fixture
def published(tmp_path):
    return write_published(tmp_path / "published")


def test_the_content_encoder_is_installed_as_plain_data_and_computes_features(home, published):
    done = pull("Chinese-HuBERT-base", FolderSource(published), home)
    assert sorted(path.name for path in done.folder.iterdir()) == ["model.safetensors", "set.json"]
    assert done.unpublished == ("chinese-hubert-base/config.json", "chinese-hubert-base/pytorch_model.bin")
    features = load_hubert(done.folder)(torch.randn(1, 4000))
    assert features.shape == (1, (4000 - 80) // 320, 32)
    assert features.isfinite().all()
    assert pull("chinese-hubert-base", FolderSource(published), home).already


def test_the_language_model_gives_a_row_per_character_repeated_per_phoneme(home, published):
    context = load_bert(pull("chinese-roberta-wwm-ext-large", FolderSource(published), home).folder)
    rows = context.of_characters("你好。")
    assert rows.shape == (3, 32)
    repeated = context.of_phones("你好。", (2, 2, 1))
    assert torch.equal(repeated, rows[[0, 0, 1, 1, 2]])
    assert not torch.equal(rows[0], context.of_characters("好你。")[1]), "a character's row depends on where it stands"
    assert torch.equal(context.of_characters("A"), context.of_characters("a"))
    assert context.of_characters("你好" * 10).shape == (20, 32), "longer than the network reaches is read in pieces"
    assert context.of_characters("").shape == (0, 32)
    with pytest.raises(ValueError, match="2 counts of phonemes for 3 characters"):
        context.of_phones("你好。", (2, 2))


def test_the_speaker_network_is_installed_from_a_bare_state_dict(home, tmp_path):
    shapes = network_shapes("eres2netv2", {}, tmp_path) | {"bn1.num_batches_tracked": ()}
    some = np.full(max(math.prod(shape) for shape in shapes.values()), 0.01, "<f2")
    weights = {name: RawTensor("F16", shape, some[: math.prod(shape)].tobytes()) for name, shape in shapes.items()}
    weights["bn1.num_batches_tracked"] = RawTensor.of(np.array(7, "<i8"))
    write_checkpoint(tmp_path / "pretrained_eres2netv2w24s4ep4.ckpt", weights)
    done = pull("eres2netv2", FolderSource(tmp_path), home)
    assert load_speaker(done.folder).vector_of(torch.randn(800)).shape == (1, VECTOR)


def test_a_file_that_names_code_is_refused_and_nothing_is_left(home, published):
    (published / "chinese-hubert-base" / "pytorch_model.bin").write_bytes(EVIL)
    with pytest.raises(RefusedFileError, match="pytorch_model.bin is not read"):
        pull("chinese-hubert-base", FolderSource(published), home)
    assert list(sets_folder(home).iterdir()) == []


def test_another_network_and_missing_tensors_and_other_builds_are_told(home, published):
    hubert, bert = published / "chinese-hubert-base", published / "chinese-roberta-wwm-ext-large"
    kept = (hubert / "pytorch_model.bin").read_bytes()
    (hubert / "pytorch_model.bin").write_bytes((bert / "pytorch_model.bin").read_bytes())
    with pytest.raises(RefusedFileError, match=r"another kind: expected hubert; found bert"):
        pull("chinese-hubert-base", FolderSource(published), home)
    (hubert / "pytorch_model.bin").write_bytes(kept)
    (hubert / "config.json").write_text(json.dumps(HUBERT_JSON | {"num_hidden_layers": 3}))
    with pytest.raises(RefusedFileError, match=r"no tensor encoder\.layers\.2"):
        pull("chinese-hubert-base", FolderSource(published), home)
    (hubert / "config.json").write_text(json.dumps(HUBERT_JSON | {"do_stable_layer_norm": True}))
    with pytest.raises(CorruptFileError, match="another build"):
        pull("chinese-hubert-base", FolderSource(published), home)
    (hubert / "config.json").write_text(json.dumps(HUBERT_JSON | {"hidden_size": 10**9}))
    with pytest.raises(CorruptFileError, match="width is 1000000000"):
        pull("chinese-hubert-base", FolderSource(published), home)


def test_a_missing_file_and_an_unknown_set_are_named(home, tmp_path):
    with pytest.raises(InputError, match=r"chinese-hubert-base/config\.json"):
        pull("chinese-hubert-base", FolderSource(tmp_path), home)
    with pytest.raises(InputError, match="expected gpt-sovits-v1, .*g2pw; found hubert"):
        pull("hubert", FolderSource(tmp_path), home)


def test_a_changed_set_is_noticed_and_replaced(home, published):
    folder = pull("chinese-hubert-base", FolderSource(published), home).folder
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(CorruptFileError, match=r"model\.safetensors was changed; run: vox models pull chinese-hubert-base --replace"):
        pull("chinese-hubert-base", FolderSource(published), home)
    pull("chinese-hubert-base", FolderSource(published), home, replace=True)
    assert read_set(folder).kind == "hubert"


def field(number, content):
    return bytes([number << 3 | 2, len(content)]) + content


def onnx(*, domain=b"", external=False):
    tensor = field(13, b"\x0a\x01a") + b"\x70\x01" if external else field(8, b"w")
    return b"\x08\x08" + field(7, field(1, field(4, b"Add") + field(7, domain)) + field(5, tensor)) + field(8, field(1, b""))


def test_the_readings_network_is_looked_through_and_code_beside_it_stays_out(home, tmp_path):
    archive = tmp_path / "G2PWModel.zip"

    def write(network):
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr("G2PWModel/g2pW.onnx", network)
            out.writestr("G2PWModel/POLYPHONIC_CHARS.txt", "行\tㄒㄧㄥ2\n")
            out.writestr("G2PWModel/config.py", "print('no')")
            out.writestr("../../escape.txt", "no")

    outside, foreign, other = onnx(external=True), onnx(domain=b"evil"), b"PK"
    for network, why in ((outside, "outside the file"), (foreign, "operators of b'evil'"), (other, "no network in it")):
        write(network)
        with pytest.raises(RefusedFileError, match=why):
            pull("g2pw", FolderSource(tmp_path), home)
    write(onnx())
    folder = pull("g2pw", FolderSource(tmp_path), home).folder
    assert sorted(path.name for path in folder.iterdir()) == ["g2pw.onnx", "polyphonic_chars.txt", "set.json"]
    assert not (tmp_path / "escape.txt").exists()


def test_every_cut_of_an_onnx_file_is_refused_or_harmless(tmp_path):
    whole, path = onnx(), tmp_path / "cut.onnx"
    refused = 0
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        try:
            check_onnx(path)
        except RefusedFileError:
            refused += 1
    assert refused >= len(whole) - 5  # what is left without its last field is whole


@pytest.fixture
def host():
    pytest.importorskip("huggingface_hub")
    with Host("them/theirs").running() as running:
        running.files["a/weights.bin"] = bytes(range(256)) * 20_000
        yield running


def fetch(host, tmp_path, file=None, repository="them/theirs"):
    source = HubSource(tmp_path / "partial", host.address)
    return source, source.fetch(repository, file or PublicFile("a/weights.bin"), NullProgress())


def test_a_file_is_downloaded_without_telling_who_asks(host, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    source, got = fetch(host, tmp_path)
    assert got.path.read_bytes() == host.files["a/weights.bin"]
    assert got.published is None
    assert host.tokens == []
    source.forget()
    assert [path for path in (tmp_path / "partial").rglob("*") if path.is_file()] == []


def test_a_download_that_was_broken_off_goes_on_where_it_was(host, tmp_path):
    host.breaks_after = 1_500_000
    with pytest.raises(VoxError, match="the download stopped.*it goes on where it was"):
        fetch(host, tmp_path)
    (left,) = [path for path in (tmp_path / "partial").rglob("*") if path.is_file()]
    have = left.stat().st_size
    assert 0 < have <= 1_500_000
    _, got = fetch(host, tmp_path)
    assert got.path.read_bytes() == host.files["a/weights.bin"]
    assert [span for method, _, span in host.asked if method == "GET"] == ["bytes=0-", f"bytes={have}-"]


def test_what_has_another_hash_than_was_stated_is_thrown_away(host, tmp_path):
    host.stated["a/weights.bin"] = "0" * 64
    with pytest.raises(CorruptFileError, match="the download is damaged"):
        fetch(host, tmp_path)
    assert [path for path in (tmp_path / "partial").rglob("*") if path.is_file()] == []


def test_a_host_that_has_another_file_under_the_published_name_is_not_even_asked_for_it(host, tmp_path):
    with pytest.raises(CorruptFileError, match="is not the published file"):
        fetch(host, tmp_path, PublicFile("a/weights.bin", "1" * 64))
    assert [method for method, _, _ in host.asked] == ["HEAD"]


def test_a_missing_file_a_silent_host_and_a_wrong_address_are_one_line(host, tmp_path):
    with pytest.raises(InputError, match=r"b\.bin in them/theirs"):
        fetch(host, tmp_path, PublicFile("b.bin"))
    with pytest.raises(InputError, match="no address"):
        HubSource(tmp_path, "ftp://somewhere")
    silent = HubSource(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(VoxError) as caught:
        silent.fetch("them/theirs", PublicFile("b.bin"), NullProgress())
    assert "\n" not in str(caught.value)


def test_every_known_hash_is_one_and_every_set_has_a_licence():
    for name, one in SETS.items():
        assert one.licence in ("MIT", "Apache-2.0"), name
        assert all(file.sha256 == "" or len(bytes.fromhex(file.sha256)) == 32 for file in one.files)
        assert all(not Path(file.path).is_absolute() and ".." not in file.path for file in one.files)
