"""A voice survives packing, and an archive from a stranger is held to every rule."""

import json
import shutil
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.voicefile.archive import pack, peek, read_voice, unpack, write_manifest
from voxcommons.voicefile.check import check


@pytest.fixture
def archive(tmp_path, voice):
    pack(voice, tmp_path / "a.voice")
    return tmp_path / "a.voice"


def rewritten(source, target, change=lambda name, data: (name, data), extra=(), **kwargs):
    """Copy an archive member by member through a change; `extra` are further (ZipInfo or name, data)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", **kwargs) as new:
        for member in old.infolist():
            changed = change(member.filename, old.read(member))
            if changed is not None:
                info = zipfile.ZipInfo(changed[0])
                info.compress_type = new.compression
                new.writestr(info, changed[1])
        for member in extra:
            new.writestr(*member)
    return target


def test_a_voice_survives_the_round_trip(tmp_path, voice, archive):
    assert check(voice) == []
    assert check(archive) == []
    assert peek(archive).name == "小明"
    unpack(archive, tmp_path / "again")
    assert check(tmp_path / "again") == []
    for file in voice.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_packing_twice_gives_the_same_bytes(tmp_path, voice, archive):
    pack(voice, tmp_path / "b.voice")
    assert archive.read_bytes() == (tmp_path / "b.voice").read_bytes()


def without_card(name, data):
    return None if name == "README.md" else (name, data)


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


STRANGERS = ["../evil", "/etc/passwd", "sub/README.md", "evil.py", "C:\\x", "weights.pth", "README.md~.py", "voice.json/"]


@pytest.mark.parametrize("member", STRANGERS)
def test_a_member_that_is_no_file_of_a_voice_is_refused(tmp_path, archive, member):
    bad = rewritten(archive, tmp_path / "bad.voice", extra=[(member, b"x")])
    bad.write_bytes(bad.read_bytes().replace(b"README.md~", b"README.md\0"))  # a name that ends early for C programs
    assert check(bad)
    with pytest.raises(CorruptFileError):
        unpack(bad, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "evil").exists()


def test_links_repeats_compression_and_hidden_bytes_are_refused(tmp_path, archive, recwarn):
    data = archive.read_bytes()
    (tmp_path / "front.voice").write_bytes(b"#!/bin/sh\n" + data)
    (tmp_path / "back.voice").write_bytes(data + b"more")
    (tmp_path / "cut.voice").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.voice").write_text("no archive")
    (tmp_path / "none.voice").write_bytes(b"")
    rewritten(archive, tmp_path / "packed.voice", compression=zipfile.ZIP_DEFLATED)
    rewritten(
        archive, tmp_path / "link.voice", lambda n, d: None if n == "README.md" else (n, d), extra=[(link("README.md"), b"/etc/passwd")]
    )
    for name, field in (("extra", "extra"), ("comment", "comment")):
        odd = zipfile.ZipInfo("README.md")
        setattr(odd, field, b"\1\1\4\0evil")
        rewritten(archive, tmp_path / f"{name}.voice", without_card, extra=[(odd, "# 小明\n".encode())])
    rewritten(archive, tmp_path / "twice.voice", lambda n, d: None if n == "reference.flac" else (n, d), extra=[("README.md", b"x")])
    recwarn.clear()  # zipfile warns about the second README
    for path in sorted(tmp_path.glob("*.voice")):
        if path != archive:
            assert check(path), path.name
            with pytest.raises(CorruptFileError):
                unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(tmp_path, archive, at, bit):
    data = bytearray(archive.read_bytes())
    data[at % len(data)] ^= 1 << bit
    bad = tmp_path / "bad.voice"
    bad.write_bytes(data)
    try:
        unpack(bad, tmp_path / "out", replace=True)
    except CorruptFileError:
        return
    # Times and version marks in the ZIP headers carry nothing; whatever came out must be the voice itself.
    assert {f.name: f.read_bytes() for f in (tmp_path / "out").iterdir()} == {f.name: f.read_bytes() for f in (tmp_path / "小明").iterdir()}


def test_changed_missing_and_unlisted_files_are_each_named(tmp_path, archive):
    def damage(name, data):
        if name == "reference.flac":
            return name, data[:-1] + b"x"
        return None if name == "reference.txt" else (name, data)

    bad = rewritten(archive, tmp_path / "bad.voice", damage, extra=[("preview.flac", b"fLaC")])
    assert sorted(fault.file for fault in check(bad)) == ["preview.flac", "reference.flac", "reference.txt"]
    with pytest.raises(CorruptFileError, match=r"preview.*reference\.flac.*reference\.txt"):
        unpack(bad, tmp_path / "out")


def test_a_folder_is_checked_by_the_same_rules(tmp_path, voice, manifest):
    (voice / "run.py").write_text("print(1)")
    (voice / "sub").mkdir()
    (voice / "preview.flac").symlink_to("/etc/passwd")
    assert sorted(f.file for f in check(voice)) == ["preview.flac", "run.py", "sub"]
    for name in ("run.py", "preview.flac"):
        (voice / name).unlink()
    (voice / "sub").rmdir()
    (voice / "reference.flac").write_bytes(b"RIFF" + bytes(1000))
    write_manifest(voice, manifest)
    assert [str(f) for f in check(voice)] == ["reference.flac: is not a FLAC file"]


def test_features_under_another_id_are_a_fault(voice):
    data = json.loads((voice / "voice.json").read_text("utf-8"))
    data["id"] = "0" * 32
    (voice / "voice.json").write_text(json.dumps(data), "utf-8")
    assert [f.file for f in check(voice)] == ["prompt.safetensors"]


@pytest.mark.parametrize("gone", ["voice.json", "prompt.safetensors", "reference.flac"])
def test_a_half_deleted_voice_names_what_is_missing(voice, gone):
    (voice / gone).unlink()
    assert [str(f) for f in check(voice)] == [f"{gone}: is missing"]
    with pytest.raises(CorruptFileError, match=gone):
        read_voice(voice)
    with pytest.raises(CorruptFileError, match=gone):
        pack(voice, voice.parent / "b.voice")
    assert not (voice.parent / "b.voice").exists()


def test_what_is_not_there_is_said(tmp_path, voice):
    assert len(check(tmp_path / "none")) == 1
    (tmp_path / "link").symlink_to(voice)
    assert "link" in str(check(tmp_path / "link")[0])
    (tmp_path / "empty").mkdir()
    assert [str(f) for f in check(tmp_path / "empty")] == ["voice.json: is missing"]
    with pytest.raises(InputError, match="no such"):
        peek(tmp_path / "none.voice")


def test_an_existing_folder_stays_unless_replaced(tmp_path, archive):
    unpack(archive, tmp_path / "v")
    with pytest.raises(InputError):
        unpack(archive, tmp_path / "v")
    shutil.rmtree(tmp_path / "v")
    (tmp_path / "v").mkdir()
    unpack(archive, tmp_path / "v", replace=True)
    assert check(tmp_path / "v") == []
