"""voice.json keeps everything, and says every fault at once."""

import json

import numpy as np
import pytest

from voxcommons.base.errors import CorruptFileError
from voxcommons.voicefile.features import read_features, write_features
from voxcommons.voicefile.manifest import FILE_LIMITS, FileFacts, parse_manifest, read_manifest
from voxcommons.voicefile.tensors import RawTensor, write_tensors


@pytest.fixture
def data(manifest):
    from dataclasses import replace

    return json.loads(replace(manifest, files={"prompt.safetensors": FileFacts(9, "cd" * 32)}).to_json())


def test_what_is_written_is_read(data, manifest):
    found = parse_manifest(json.dumps(data))
    assert found.name == manifest.name
    assert found.files == {"prompt.safetensors": FileFacts(9, "cd" * 32)}
    assert parse_manifest(found.to_json()) == found


def test_optional_parts_may_be_missing(data):
    for name in ("licence", "speaker", "consent", "prompt", "recording"):
        del data[name]
    found = parse_manifest(json.dumps(data))
    assert (found.licence, found.speaker, found.consent.note, found.prompt, found.recording) == ("", {}, "", None, None)


def test_every_fault_is_named_at_once(data):
    data |= {"name": "../evil", "id": 7, "sample_rate": "fast", "created": "yesterday", "class": "os.system"}
    data["base"]["sha256"] = "xyz"
    data["files"]["run.py"] = {"bytes": 1, "sha256": "cd" * 32}
    data["files"]["reference.flac"] = {"bytes": FILE_LIMITS["reference.flac"] + 1, "sha256": "cd" * 32}
    data["prompt"]["phones_from"] = "magic"
    found, faults = read_manifest(json.dumps(data))
    assert found is None
    text = " | ".join(faults)
    for word in ("name:", "id:", "sample_rate:", "created:", "class", "sha256:", "run.py", "bytes:", "phones_from:"):
        assert word in text
    with pytest.raises(CorruptFileError) as caught:
        parse_manifest(json.dumps(data))
    assert caught.value.fields["faults"] == tuple(faults)


def test_what_older_programs_can_read_is_written_as_they_know_it(data, manifest):
    from dataclasses import replace

    assert data["schema"] == 1
    assert not {"tags", "styles"} & set(data)
    assert json.loads(replace(manifest, tags=("warm",)).to_json())["schema"] == 2


def test_tags_and_styles_are_kept(data):
    facts = {"bytes": 9, "sha256": "cd" * 32}
    data["files"] |= {"style-03.safetensors": facts, "style-03.flac": facts, "lexicon.tsv": facts}
    data |= {"schema": 2, "tags": ["温柔", "old man"], "styles": {"愤怒": {"slot": 3, "text": "走开", "phones_from": "text"}}}
    found = parse_manifest(json.dumps(data))
    assert found.tags == ("温柔", "old man")
    assert found.styles["愤怒"].features_file == "style-03.safetensors"
    assert parse_manifest(found.to_json()) == found


@pytest.mark.parametrize(
    ("tags", "styles", "files"),
    [
        (["Warm"], {}, ()), (["a", "a"], {}, ()), (["a,b"], {}, ()), ([""], {}, ()), (["x" * 41], {}, ()), ("warm", {}, ()), ([7], {}, ()),
        ([f"t{n}" for n in range(33)], {}, ()),
        ([], {"calm": {"slot": 1}}, ()),
        ([], {"calm": {"slot": 17}}, ("style-01.safetensors",)),
        ([], {"calm": {"slot": "1"}}, ("style-01.safetensors",)),
        ([], {"../calm": {"slot": 1}}, ("style-01.safetensors",)),
        ([], {"calm": {"slot": 1}, "angry": {"slot": 1}}, ("style-01.safetensors",)),
        ([], {"calm": {"slot": 1}}, ("style-01.safetensors", "style-02.flac")),
        ([], {}, ("style-01.flac",)),
    ],
)  # fmt: skip
def test_odd_tags_and_styles_are_faults(data, tags, styles, files):
    data |= {"schema": 2, "tags": tags, "styles": {name: {"phones_from": "text"} | facts for name, facts in styles.items()}}
    data["files"] |= {name: {"bytes": 9, "sha256": "cd" * 32} for name in files}
    found, faults = read_manifest(json.dumps(data))
    assert found is None
    assert any(fault.startswith(("tags:", "styles:", "files:", "slot:")) for fault in faults)


NO_MANIFESTS = [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"schema": 3}', b"[" * 100_000, b" " * 300_000, b'{"schema": true}']
FIELDS = "name id base files created sample_rate language speaker consent prompt recording tags styles".split()


@pytest.mark.parametrize("text", NO_MANIFESTS)
def test_what_is_no_manifest_is_one_fault(text):
    found, faults = read_manifest(text)
    assert found is None
    assert len(faults) == 1


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [None, 5, [], "\0", {"a": 5}, 1e400])
def test_odd_values_never_raise_anything_but_faults(data, name, value):
    data[name] = value
    found, faults = read_manifest(json.dumps(data))
    assert (found is None) == bool(faults)


def test_features_read_back_and_odd_ones_are_refused(tmp_path, features):
    write_features(tmp_path / "a", features)
    back = read_features(tmp_path / "a")
    assert back.voice_id == features.voice_id
    np.testing.assert_array_equal(back.prompt_phones, features.prompt_phones)
    good = {name: RawTensor.of(array) for name, array in features.arrays().items()}
    odd = {
        "extra": {**good, "more": good["style"]},
        "missing": {"style": good["style"]},
        "type": {**good, "prompt_codes": good["style"]},
        "rank": {**good, "style": RawTensor.of(np.ones((2, 2), np.float32))},
        "nan": {**good, "style": RawTensor.of(np.array([np.nan], np.float32))},
        "negative": {**good, "prompt_codes": RawTensor.of(np.array([-1]))},
        "no style": {**good, "style": RawTensor.of(np.zeros(0, np.float32))},
        "long": {**good, "prompt_codes": RawTensor.of(np.zeros(30_000, np.int64))},
    }
    for name, tensors in odd.items():
        write_tensors(tmp_path / name, tensors)
        with pytest.raises(CorruptFileError):
            read_features(tmp_path / name)


def test_a_voice_may_be_a_timbre_alone(tmp_path, features):
    from dataclasses import replace

    bare = replace(features, prompt_codes=np.zeros(0, np.int64), prompt_phones=np.zeros(0, np.int64))
    write_features(tmp_path / "a", bare)
    assert read_features(tmp_path / "a").voice_id == bare.voice_id
