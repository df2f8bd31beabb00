"""Foreign checkpoints are read to the number, or refused with a reason; nothing they name is imported or called."""

import csv
import io
import json
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file

from voxcommons.base.errors import RefusedFileError
from voxcommons.voicefile.checkpoint import names_of, open_checkpoint, plain, read_checkpoint
from voxcommons.voicefile.unpickle import Machine

# Benign, but of kinds that no voice has: complex and sparse numbers, an array file, files without weights.
EXOTIC = {"dtype_complex64.pt", "sparse.pt", "feat.npy", "plain.pkl", "device_size_dtype.pt"}


def corpus(shared):
    root = shared / "reference" / "weights-corpus"
    with (root / "manifest.tsv").open() as file:
        return root, list(csv.DictReader(file, delimiter="\t"))


def reading(path):
    """What came of reading a file with all its numbers: None, or the reason it was refused."""
    try:
        with open_checkpoint(path) as checkpoint:
            for tensor in checkpoint.tensors().values():
                assert tensor.raw().nbytes == tensor.nbytes
    except RefusedFileError as cause:
        return cause.found
    return None


def test_every_hostile_file_of_the_corpus_is_refused(shared):
    root, rows = corpus(shared)
    hostile = [row["file"] for row in rows if row["malicious"] == "yes"]
    assert len(hostile) >= 75
    assert [name for name in hostile if not reading(root / name)] == []


def test_every_benign_voice_of_the_corpus_is_read(shared):
    root, rows = corpus(shared)
    benign = {row["file"].partition("/")[2] for row in rows if row["malicious"] == "no"}
    refused = {name for name in benign if reading(root / "own_benign" / name)}
    assert refused == EXOTIC
    assert not [name for name in refused if name.startswith(("sovits", "gpt", "rvc", "state_dict"))]


def test_grey_files_are_refused(shared):
    root, rows = corpus(shared)
    grey = [row["file"] for row in rows if row["malicious"] == "grey"]
    assert grey
    assert all(reading(root / name) for name in grey)


def test_hostile_pickles_are_stopped_by_the_interpreter_itself(shared):
    """A bare pickle is refused for being one; wrapped as the description of an archive it must be refused for what it says."""
    root, rows = corpus(shared)
    seen = []

    def watch(event, arguments):
        if watching and event != "object.__getattr__":
            seen.append(event)

    watching = False
    sys.addaudithook(watch)
    bare = [row["file"] for row in rows if row["malicious"] == "yes" and row["kind"] == "pkl"]
    assert len(bare) > 50
    for name in bare:
        data = (root / name).read_bytes()
        watching = True
        try:
            with pytest.raises(RefusedFileError):
                machine, at = Machine(None), 0
                while at < len(data):  # some hide behind a harmless first stream
                    _, at = machine.run(data, at)
        finally:
            watching = False
    assert set(seen) == set()


def test_a_refused_file_still_tells_what_it_names(shared):
    path = shared / "reference" / "weights-corpus" / "own_mal" / "s_sovits_config_evil_head06.pth"
    assert "posix.system" in reading(path)
    with path.open("rb") as file:
        assert "posix.system" in names_of(file, path.stat().st_size)


GOLDEN = ("plain_v2_e1_s2.pth", "header05_v2Pro_e1_s2.pth", "header06_v2ProPlus_e1_s2.pth", "header03_v3lora_e1_s2_l4.pth",
          "header04_v4lora_e1_s2_l4.pth", "s1_e1.ckpt")  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_public_files_are_read_to_the_number(shared, name):
    folder = shared / "reference" / "gpt-sovits" / "golden" / "ckpt_formats"
    source, expected = load_file(folder / "source_tensors.safetensors"), json.loads((folder / "expected.json").read_text())
    data = (folder / name).read_bytes()
    stored = zipfile.ZipFile(io.BytesIO(b"PK" + data[2:]))
    root = stored.namelist()[0].partition("/")[0]
    with open_checkpoint(folder / name) as checkpoint:
        weights = checkpoint.content["weight"]
        assert (checkpoint.mark or "PK") == expected.get(name, {"first2": "PK"})["first2"]
        found = {key: [list(tensor.shape), "torch.float16"] for key, tensor in weights.items()}
        assert found == expected.get(name, {"weights": {"model.bert_proj.bias": [[8], "torch.float16"]}})["weights"]
        for number, (key, tensor) in enumerate(weights.items()):
            assert tensor.dtype == "F16"
            assert tensor.data == stored.read(f"{root}/data/{number}")
            if key in source:
                np.testing.assert_array_equal(tensor.array(), source[key].astype(np.float16))
        config = plain(checkpoint.content["config"])
        assert config["data"].get("sampling_rate", 32000) == 32000
        assert json.loads(json.dumps(config)) == config


@pytest.mark.parametrize("name", ["state_dict_zip.pth", "state_dict_legacy.pth"])
def test_both_containers_give_the_same_weights(shared, name):
    folder = shared / "reference" / "weights-corpus" / "own_benign"
    with open_checkpoint(folder / "state_dict_zip.pth") as first, open_checkpoint(folder / name) as second:
        ours, theirs = first.tensors(), second.tensors()
        assert list(ours) == list(theirs)
        assert all(ours[key].data == theirs[key].data for key in ours)


def test_views_follow_their_strides(shared):
    with open_checkpoint(shared / "reference" / "weights-corpus" / "own_benign" / "noncontig.pt") as checkpoint:
        turned = [tensor for tensor in checkpoint.tensors().values() if tensor.stride[0] < tensor.stride[-1]]
        assert turned
        for tensor in turned:
            whole = np.frombuffer(tensor.storage.read(0, tensor.storage.nbytes), "<f4")
            index = [tensor.offset + sum(i * s for i, s in zip(at, tensor.stride, strict=True)) for at in np.ndindex(tensor.shape)]
            np.testing.assert_array_equal(tensor.array().ravel(), whole[index])


def test_a_file_that_is_cut_short_anywhere_is_refused(shared):
    folder = shared / "reference" / "gpt-sovits" / "golden" / "ckpt_formats"
    data = (folder / "s1_e1.ckpt").read_bytes()
    for length in range(0, len(data), 7):
        with pytest.raises(RefusedFileError):
            read_checkpoint(io.BytesIO(data[:length]), length)
