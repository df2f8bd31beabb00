"""A file or folder is whole under its final name, or not there; what was there before stays until then."""

import errno
import os
import subprocess
import sys

import pytest

from voxcommons.base.errors import InputError, StorageError
from voxcommons.base.files import atomic_folder, atomic_path, storage_error


def test_a_finished_file_stands_under_its_name_alone(tmp_path):
    with atomic_path(tmp_path / "a.wav") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".wav"
        temporary.write_bytes(b"sound")
        assert not (tmp_path / "a.wav").exists()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.wav": b"sound"}


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, OSError])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    final = tmp_path / "a.wav"
    final.write_bytes(b"old")
    with pytest.raises(failure), atomic_path(final) as temporary:
        temporary.write_bytes(b"half")
        raise failure
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.wav": b"old"}


def test_missing_folders_are_made(tmp_path):
    with atomic_path(tmp_path / "b" / "c" / "文件.wav") as temporary:
        temporary.touch()
    assert (tmp_path / "b" / "c" / "文件.wav").is_file()


def test_a_very_long_name_still_has_room_for_its_temporary_one(tmp_path):
    final = tmp_path / ("声" * 80 + ".wav")
    with atomic_path(final) as temporary:
        temporary.touch()
    assert final.is_file()


def test_a_link_keeps_pointing_where_it_points(tmp_path):
    real, link = tmp_path / "real.wav", tmp_path / "link.wav"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with atomic_path(link) as temporary:
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("target", ["", "/dev/null"])
def test_a_folder_or_device_is_never_replaced(tmp_path, target):
    with pytest.raises(InputError, match="folder or a device"), atomic_path(target or tmp_path):
        pass


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_path(tmp_path / "atomic") as temporary:
        temporary.touch()
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(tmp_path):
    # A file-size limit fails a write the way a full disk or a quota does; it needs a process of its own.
    program = """
import resource, signal, sys
from voxcommons.base.files import atomic_path
from voxcommons.base.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    with atomic_path(sys.argv[1]) as temporary:
        temporary.write_bytes(bytes(100_000))
except StorageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a.wav"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("the disk is full: found ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "problem"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "cannot write"), (errno.EACCES, "cannot write")],
)
def test_storage_troubles_are_told_apart(number, problem):
    meant = storage_error(OSError(number, os.strerror(number)), "/some/place")
    assert meant.problem == problem
    assert "/some/place" in str(meant)


def test_other_troubles_are_not_called_storage_troubles(tmp_path):
    assert storage_error(OSError(errno.ECONNRESET, "reset"), tmp_path) is None
    with pytest.raises(PermissionError), atomic_path(tmp_path / "out" / "a.wav"):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/input.wav")


def test_a_finished_folder_stands_under_its_name_alone(tmp_path):
    with atomic_folder(tmp_path / "voice") as temporary:
        (temporary / "voice.json").write_text("{}")
        assert not (tmp_path / "voice").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["voice"]
    assert (tmp_path / "voice" / "voice.json").read_text() == "{}"


def test_a_failed_folder_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "voice") as temporary:
        (temporary / "voice.json").write_text("{}")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_gives_way_only_when_asked(tmp_path):
    final = tmp_path / "voice"
    final.mkdir()
    (final / "old").touch()
    with pytest.raises(InputError, match="already there"), atomic_folder(final):
        pass
    with atomic_folder(final, replace=True) as temporary:
        (temporary / "new").touch()
        assert (final / "old").exists()
    assert [path.name for path in final.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [final]


def test_a_failed_replacement_keeps_the_old_folder(tmp_path):
    final = tmp_path / "voice"
    final.mkdir()
    (final / "old").touch()
    with pytest.raises(StorageError), atomic_folder(final, replace=True):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert [path.name for path in final.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [final]
