"""A library always says what is there, and never holds half a voice."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from voxcommons.base.errors import CorruptFileError, InputError, UnknownVoiceError
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.check import check
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import BaseFacts, VoiceManifest
from voxcommons.voices.library import Library


def fill(folder, name, seed=0):
    features = Features(np.full(8, seed, np.float32), np.arange(50), np.arange(20))
    folder.mkdir(parents=True, exist_ok=True)
    write_features(folder / "prompt.safetensors", features)
    made = VoiceManifest(name, features.voice_id, "en", BaseFacts("tiny", "ab" * 32), 16000, {}, "2026-11-21T05:00:00+00:00")
    write_manifest(folder, made)


@pytest.fixture
def library(home, tmp_path):
    fill(tmp_path / "bundled" / "kathleen", "kathleen", 5)
    return Library(home, bundled=tmp_path / "bundled")


def put(library, name, seed=0, **kwargs):
    with library.writing(name, **kwargs) as folder:
        fill(folder, name, seed)


def test_voices_of_the_user_and_of_the_package_are_listed(library):
    put(library, "小明")
    put(library, "Anna")
    assert [(voice.name, voice.bundled) for voice in library.list()] == [("Anna", False), ("小明", False), ("kathleen", True)]
    assert library.get("kathleen").features.style.tolist() == [5.0] * 8
    assert library.damaged() == []


def test_an_empty_home_has_no_voices(tmp_path):
    library = Library(tmp_path / "nowhere", bundled=tmp_path / "none")
    assert (library.list(), library.damaged(), list(library.names())) == ([], [], [])
    with pytest.raises(UnknownVoiceError, match="empty"):
        library.get("anna")


def test_a_name_is_found_in_any_case_and_near_misses_are_named(library):
    put(library, "Anna")
    assert library.get("anna").name == "Anna"
    with pytest.raises(UnknownVoiceError, match="did you mean Anna") as caught:
        library.get("Anne")
    assert caught.value.fields["similar"] == ("Anna",)
    for odd in ("../../etc", "", "\0", "x" * 500):
        with pytest.raises(UnknownVoiceError):
            library.get(odd)


def test_a_taken_name_is_refused_unless_replaced(library):
    put(library, "Anna", 1)
    for taken in ("Anna", "anna", "kathleen"):
        with pytest.raises(InputError, match="already"):
            put(library, taken, 2)
    for never in ("ANNA", "kathleen"):
        with pytest.raises(InputError, match="already"):
            put(library, never, 2, replace=True)
    put(library, "Anna", 2, replace=True)
    assert library.get("Anna").features.style[0] == 2


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_voice_leaves_the_library_as_it_was(library, replace, error):
    if replace:
        put(library, "Anna", 1)
    before = sorted(path.relative_to(library.folder) for path in library.folder.rglob("*")) if replace else []

    def interrupted():
        with library.writing("Anna", replace=replace) as folder:
            fill(folder, "Anna", 2)
            raise error

    with pytest.raises(error):
        interrupted()
    assert sorted(path.relative_to(library.folder) for path in library.folder.rglob("*")) == before
    if replace:
        assert library.get("Anna").features.style[0] == 1


def test_a_damaged_voice_is_listed_as_such_and_can_be_removed(library):
    put(library, "Anna")
    (library.folder / "Anna" / "prompt.safetensors").unlink()
    (library.folder / "half").mkdir()
    assert [voice.name for voice in library.list()] == ["kathleen"]
    assert [(entry.name, [f.file for f in entry.faults]) for entry in library.damaged()] == [
        ("Anna", ["prompt.safetensors"]), ("half", ["voice.json"])
    ]  # fmt: skip
    with pytest.raises(CorruptFileError, match=r"prompt\.safetensors: is missing.*vox voices remove Anna"):
        library.get("Anna")
    library.remove("Anna")
    library.remove("half")
    assert library.damaged() == []


def test_removing_takes_the_folder_and_nothing_else(library):
    put(library, "Anna")
    put(library, "Bert")
    library.remove("Anna")
    assert [path.name for path in library.folder.iterdir()] == ["Bert"]
    with pytest.raises(UnknownVoiceError):
        library.remove("Anna")
    with pytest.raises(InputError, match="package"):
        library.remove("kathleen")


def test_a_voice_travels_as_an_archive_also_under_another_name(library, tmp_path):
    put(library, "小明", 3)
    library.export("小明", tmp_path / "x.voice")
    with pytest.raises(InputError, match="already"):
        library.add(tmp_path / "x.voice")
    other = library.add(tmp_path / "x.voice", name="Ming")
    assert (other.name, other.manifest.id) == ("Ming", library.get("小明").manifest.id)
    assert check(other.folder) == []
    library.remove("小明")
    assert library.add(tmp_path / "x.voice").features.style[0] == 3
    assert sorted(path.name for path in library.folder.iterdir()) == ["Ming", "小明"]


def test_a_damaged_archive_leaves_nothing(library, tmp_path):
    put(library, "Anna")
    library.export("Anna", tmp_path / "x.voice")
    library.remove("Anna")
    data = bytearray((tmp_path / "x.voice").read_bytes())
    at = data.index(b"tiny")
    data[at : at + 4] = b"TINY"
    (tmp_path / "x.voice").write_bytes(data)
    with pytest.raises(CorruptFileError):
        library.add(tmp_path / "x.voice", name="B")
    assert list(library.folder.iterdir()) == []


def test_what_is_being_written_or_removed_is_no_voice(library):
    put(library, "Anna")
    shutil.copytree(library.folder / "Anna", library.folder / ".Anna.removed")
    assert [voice.name for voice in library.list()] == ["Anna", "kathleen"]


def test_the_voices_of_the_package_are_whole():
    """Whatever is bundled must load; the package may also come without voices."""
    for voice in Library(Path("/nonexistent")).list():
        assert check(voice.folder) == []
    assert Library(Path("/nonexistent")).damaged() == []
