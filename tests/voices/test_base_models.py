"""Base models are found by name or folder, and a name that is none is answered with those there are."""

import shutil

import pytest

from tiny_base import make_tiny_base
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.models.build import base_folder, save_base
from voxcommons.models.set_files import SET_FILE, sets_folder
from voxcommons.voices.base_models import base_of_voice, find_base, installed_bases


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True), folder)
    return folder


def test_the_starter_an_installed_one_and_a_folder_are_found(home, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    installed = sets_folder(home) / "mine"
    shutil.copytree(tiny, installed)
    (sets_folder(home) / "chinese-hubert-base").mkdir()  # a set, but no base model
    assert installed_bases(home) == ("starter", "mine")
    assert find_base("starter", home) == base_folder("starter")
    assert find_base("mine", home) == find_base("MINE", home) == installed
    assert find_base(str(tiny), home) == tiny
    shutil.copytree(tiny, tmp_path / "mine")
    assert find_base("mine", home) == installed  # a name comes first
    assert find_base("./mine", home).resolve() == tmp_path / "mine"


def test_an_unknown_name_is_answered_with_what_is_installed(home, tiny):
    shutil.copytree(tiny, sets_folder(home) / "mine")
    with pytest.raises(InputError) as caught:
        find_base("yours", home)
    assert str(caught.value) == (
        "no such base model: expected starter, mine, or a folder with base.json; found yours; see: vox models list"
    )
    for odd in ("", ".", "..", "../models/mine", "a\0b", "mine/", "x" * 5000):
        with pytest.raises(InputError):
            find_base(odd, home)


def test_a_published_one_that_is_not_installed_says_how_to_get_it(home):
    with pytest.raises(InputError, match=r"gpt-sovits-v2Pro is not installed: .*; run: vox models pull gpt-sovits-v2Pro$"):
        find_base("GPT-SoVITS-v2pro", home)


def test_an_installed_one_that_is_not_whole_says_how_to_mend_it(home, tiny):
    folder = sets_folder(home) / "gpt-sovits-v2"
    shutil.copytree(tiny, folder)
    (folder / SET_FILE).write_text("{}")
    with pytest.raises(CorruptFileError, match="run: vox models pull gpt-sovits-v2 --replace"):
        find_base("gpt-sovits-v2", home)


def test_a_voice_is_spoken_with_the_base_model_it_was_made_for(home, tiny):
    shutil.copytree(tiny, sets_folder(home) / "mine")
    assert base_of_voice("mine", home) == "mine"
    assert base_of_voice("starter", home) == "starter"
    assert base_of_voice("gone", home) == "starter"
