"""Files made to break the reader: each is refused, soon, and for its own reason."""

import importlib.util
import io
import random
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from voxcommons.base.errors import RefusedFileError
from voxcommons.voicefile.checkpoint import names_of, plain, read_checkpoint, walk
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.tensors import RawTensor


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


# A float32 tensor of shape (2, 3) on storage 0, as opcodes.
def tensor(shape=b"K\x02K\x03\x86", stride=b"K\x03K\x01\x86", offset=b"K\x00", kind="FloatStorage", key="0", count=b"K\x06"):
    storage = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu") + count + b"tQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + stride + b"\x89ccollections\nOrderedDict\n)RtR"


def packed(words, *, storages=(bytes(24),), names=None, **changed):
    """An archive whose description holds some opcodes in a list, beside one good tensor."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        description = b"\x80\x02](" + tensor() + words + b"e."
        for name, content in (names or {"a/data.pkl": description, "a/byteorder": b"little"}).items():
            archive.writestr(zipfile.ZipInfo(name), content, **changed)
        for number, content in enumerate(storages):
            archive.writestr(zipfile.ZipInfo(f"a/data/{number}"), content)
    return file.getvalue()


def read(data):
    return read_checkpoint(io.BytesIO(data), len(data))


def reason(data):
    with pytest.raises(RefusedFileError) as caught:
        read(data)
    return caught.value.found


def test_the_plain_example_is_read():
    checkpoint = read(packed(b"", storages=(np.arange(6, dtype="<f4").tobytes(),)))
    np.testing.assert_array_equal(checkpoint.content[0].array(), np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (b"cos\nsystem\n", "os.system"),
        (text("os") + text("system") + b"\x93", "os.system"),
        (b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n", "__globals__"),
        (b"ccollections\nOrderedDict.fromkeys\n", "fromkeys"),
        (b"(ios\nsystem\n", "INST"),
        (b"(cos\nsystem\no", "os.system"),
        (b"(cutils\nHParams\no", "OBJ"),
        (b"N2", "DUP"),
        (b"\x82\x01", "EXT1"),
        (b"P0\n", "PERSID"),
        (b"cutils\nHParams\n)}\x92", "NEWOBJ_EX"),
        (b"\x96" + bytes(8), "BYTEARRAY8"),
        (b"\x97", "NEXT_BUFFER"),
        (b"I01\n", "INT"),
        (b"cutils\nHParams\n(K\x01t\x81", "object of utils.HParams"),
        (b"cutils\nHParams\n)R", "call of utils.HParams"),
        (b"cbuiltins\nlist\n)R", "call of builtins.list"),
        (b"ctorch\nFloatStorage\n)R", "call of torch.FloatStorage"),
        (b"ctorch.storage\n_load_from_bytes\n", "_load_from_bytes"),
        (b"ccollections\nOrderedDict\n)\x81", "object of"),
        (b"}}b", "attributes"),
        (b"cutils\nHParams\n)\x81K\x01b", "attributes"),
        (b"cutils\nHParams\n)\x81}K\x01K\x02sb", "without names"),
        (b"}K\x01\x85K\x02s", "neither text nor a number"),
        (b"K\x01K\x02a", "not a list"),
        (b"]K\x01K\x02s", "not a dictionary"),
        (b"}(K\x01u", "not a dictionary"),
        (b"h\x07", "never said"),
        (b"j\xff\xff\xff\x7f", "never said"),
        (b"ee", "takes more"),
        (b"\x95" + struct.pack("<Q", 1 << 60), "frames"),
        (b"\x80\x02", "middle"),
        (b"\x8b" + struct.pack("<I", 65) + bytes(65), "number of 65 bytes"),
        (b"X\xff\xff\xff\xff", "are left"),
        (b"X\x01\x00\x00\x00\xff", "UTF-8"),
        (b"(" * 600, "nested"),
        (b"\xff", "no pickle opcode"),
        (b"c" + b"a" * 600 + b"\nb\n", "without an end"),
        (text("a" * 400) + text("b" * 400) + b"\x93", "name of 800"),
        (b"cpathlib\nPosixPath\n(" + text("a" * 5000) + b"tR", "path"),
        (b"ctorch\nSize\n]\x85" + b"R" + b"ctorch\nSize\n" + text("x") + b"\x85R", "size"),
        (b"K\x01Q", "not a storage"),
    ],
)
def test_what_is_not_data_ends_the_reading(words, says):
    assert says in reason(packed(words))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"shape": b"K\x02K\x04\x86"}, "outside"),
        ({"offset": b"K\x01"}, "outside"),
        ({"stride": b"K\xffK\x01\x86"}, "outside"),
        ({"shape": b"K\x07\x85", "stride": b"K\x00\x85"}, "outside"),
        ({"offset": b"J\xff\xff\xff\xff"}, "offset"),
        ({"stride": b"J\xff\xff\xff\xffK\x01\x86"}, "stride"),
        ({"shape": b"K\x02\x85"}, "1 sizes and 2"),
        ({"shape": b"(" + b"K\x01" * 9 + b"t", "stride": b"(" + b"K\x01" * 9 + b"t"}, "9 sizes"),
        ({"shape": b"\x8a\x09" + bytes(8) + b"\x01K\x01\x86"}, "shape"),
        ({"shape": b"]"}, "shape"),
        ({"shape": b"\x88K\x03\x86"}, "shape"),
        ({"count": b"K\x07"}, "in that length"),
        ({"count": b"J\xff\xff\xff\xff"}, "not described"),
        ({"kind": "HalfStorage"}, "in that length"),
        ({"kind": "IntStorage"}, "two ways"),
        ({"kind": "ComplexFloatStorage"}, "ComplexFloatStorage"),
        ({"key": "1"}, "does not hold"),
        ({"key": "../byteorder"}, "does not hold"),
    ],
)
def test_tensors_stay_inside_their_storage(given, says):
    assert says in reason(packed(tensor(**given)))


def test_a_storage_inside_a_storage_and_hooks_are_refused():
    view = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x06K\x01tQ"
    assert "inside another" in reason(packed(view))
    hooks = tensor()[: -len(b"ccollections\nOrderedDict\n)RtR")] + b"}K\x01K\x02stR"
    assert "described" in reason(packed(hooks))


def test_many_views_of_one_storage_do_not_make_a_large_model():
    many = tensor(shape=b"M\x00\x04\x85", stride=b"K\x01\x85", count=b"M\x00\x04")
    description = b"\x80\x02](" + b"".join(many for _ in range(2000)) + b"e."
    data = packed(b"", names={"a/data.pkl": description}, storages=(bytes(4096),))
    assert "many times" in reason(data)


MANY = 400_000
BOMBS = {
    "steps": b"N0" * MANY,
    "tuples": b")q\x01" + b"h\x01h\x01\x86q\x01" * 100,
    "the same list in a set": b"](" + b"K\x01" * 50_000 + b"eq\x01" + b"cbuiltins\nset\nh\x01\x85R0" * 20_000,
    "the same attributes": (
        b"}(" + b"".join(text(f"k{n}") + b"N" for n in range(20_000)) + b"uq\x01cutils\nHParams\n)\x81" + b"h\x01b" * 50_000
    ),
    "the same path": text("a" * 4000) + b"q\x01cpathlib\nPosixPath\n(" + b"h\x01" * 100_000 + b"tR",
    "deep": b"]" * 100_000 + b"a" * 99_999,
    "deep with long names": text("k" * 100_000) + b"q\x01}" + b"h\x01}" * 5_000 + b"s" * 5_000,
    "wide": b"](" + b"N" * 300_000 + b"e",
    "a list in itself": b"]q\x01h\x01a",
    "marks": b"(" * 400 + b"1" * 400,
    "frozen": b"(" + b"K\x01" * 1000 + b"\x91" * 1,
}


@pytest.mark.parametrize("name", BOMBS)
def test_small_files_cannot_make_much_work(name):
    """Without its limits the reader would be busy here for hours, or out of memory."""
    data = packed(BOMBS[name])
    try:
        checkpoint = read(data)
        plain(checkpoint.content)
        list(walk(checkpoint.content))
    except RefusedFileError as cause:
        assert cause.found
    names_of(io.BytesIO(data), len(data))


def test_what_is_shared_is_walked_once_and_written_out_within_a_budget():
    doubling = b"]q\x01" + b"](h\x01h\x01eq\x01" * 40
    checkpoint = read(packed(doubling))
    assert len(list(walk(checkpoint.content))) < 100
    with pytest.raises(RefusedFileError, match="without end"):
        plain(checkpoint.content)


# --- the archive ---------------------------------------------------------------------------------------------------------


def directory_field(data, offset, form, value):
    """The archive with a field of the first directory entry changed."""
    at = data.rindex(b"PK\x01\x02", 0, data.index(b"PK\x01\x02") + 4) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data + b"\0", "without an end"),
        (lambda data: b"\0" + data, "no checkpoint"),
        (lambda data: data.replace(b"PK\x01\x02", b"\0" * 30 + b"PK\x01\x02", 1), ""),
        (lambda data: directory_field(data, 8, "<H", 1), "encrypted"),
        (lambda data: directory_field(data, 10, "<H", 8), "compressed"),
        (lambda data: directory_field(data, 16, "<I", 7), "two headers"),
        (lambda data: directory_field(data, 42, "<I", 9), ""),
        (lambda data: data.replace(b"a/data.pklPK", b"b/data.pklPK"), "two different names"),
        (lambda data: data.replace(b"a/data.pkl", b"b/data.pkl"), "more than one folder"),
        (lambda data: data.replace(b"a/data.pkl", b"./data.pkl"), "no checkpoint has"),
        (lambda data: data.replace(b"a/byteorder", b"a/byteOrder"), "no checkpoint has"),
        (lambda data: data.replace(b"little", b"biggie"), "checksum"),
        (lambda data: b"07" + data[2:], "no checkpoint"),
        (lambda data: data[:4] + b"\xff" + data[5:], None),
    ],
)
def test_every_byte_of_the_archive_is_accounted_for(change, says):
    data = change(packed(b""))
    if says is None:  # the version needed to unpack it is the one field that nobody reads
        read(data)
    else:
        assert says in reason(data)


@pytest.mark.parametrize("mark", ["00", "01", "02", "03", "04", "05", "06"])
def test_the_marks_of_the_public_program_are_read(mark):
    assert read(mark.encode() + packed(b"")[2:]).mark == mark


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"a/byteorder": b"little"}, "without data.pkl"),
        ({"a/data.pkl": b"\x80\x02" + tensor() + b".", "a/byteorder": b"big"}, "byte order"),
        ({"a/data.pkl": b"\x80\x02" + tensor() + b"..", "a/byteorder": b"little"}, "behind the weights"),
        ({"a/data.pkl": b"\x80\x02}.", "a/byteorder": b"little"}, "no weights"),
        ({"a/data.pkl": b"\x80\x06}."}, "protocol 6"),
        ({"a/data.pkl": b"}."}, "protocol"),
        ({"a/data.pkl": b"\x80\x02NN."}, "half-way"),
    ],
)
def test_what_the_archive_says_is_checked(names, says):
    assert says in reason(packed(b"", names=names))


def test_compressed_members_are_refused():
    assert "compressed" in reason(packed(b"", compress_type=zipfile.ZIP_DEFLATED))


# --- what we write ---------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back(tmp_path):
    content = {
        "weight": {"a": RawTensor.of(np.arange(6, dtype="<f2").reshape(2, 3)), "b": RawTensor("BF16", (2,), b"\x80\x3f\x00\xc0")},
        "config": {"n": [1, -5, 2**40, 1.5, None, True, False, "深"], "t": (1, ()), "e": {}},
    }
    write_checkpoint(tmp_path / "x.pth", content, "06")
    write_checkpoint(tmp_path / "y.pth", content, "06")
    data = (tmp_path / "x.pth").read_bytes()
    assert data == (tmp_path / "y.pth").read_bytes()
    checkpoint = read(data)
    assert checkpoint.mark == "06"
    assert checkpoint.content["config"] == content["config"]
    np.testing.assert_array_equal(checkpoint.content["weight"]["a"].array(), np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(checkpoint.content["weight"]["b"].array(), [1.0, -2.0])


def test_what_has_no_words_is_not_written(tmp_path):
    with pytest.raises(TypeError):
        write_checkpoint(tmp_path / "x.pth", {"a": object()})
    assert list(tmp_path.iterdir()) == []


# --- many at random --------------------------------------------------------------------------------------------------------


def test_a_few_hundred_damaged_files_are_read_or_refused():
    path = Path(__file__).parents[2] / "benchmarks" / "fuzz_checkpoints.py"
    spec = importlib.util.spec_from_file_location("fuzz_checkpoints", path)
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    seeds = [packed(b""), packed(tensor() + b"}" + text("config") + b"cutils\nHParams\n)\x81}" + text("a") + b"K\x01sbs")]
    archives = [fuzz.members_of(seed) for seed in seeds]
    verdicts = [fuzz.judge(fuzz.case(number, 7, seeds, archives)) for number in range(600)]
    assert 0 < sum(verdicts) < 300
    chance = random.Random(1)
    for _ in range(200):
        data = bytearray(packed(b""))
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        fuzz.judge(bytes(data))
