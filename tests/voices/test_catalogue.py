"""A voice is found by everything known about it, on either database, and never by what is not so any more."""

import shutil

import pytest

from small_voices import Consent, fill, put, small_features
from voxcommons.base.database import Database
from voxcommons.voicefile.manifest import BaseFacts
from voxcommons.voices.catalogue import Catalogue, Query
from voxcommons.voices.editing import Description, Style, add_style, describe
from voxcommons.voices.library import Library


@pytest.fixture
def catalogue(database, stocked):
    return Catalogue(database, stocked)


@pytest.fixture
def many(stocked):
    """Four voices of the user."""
    anna = {"gender": "female", "age": "30s", "region": "Leeds"}
    signed = Consent("签了字", "2026-11-20T10:00:00+08:00")
    put(stocked, "Anna", 1, language="en", speaker=anna, tags=("calm", "warm"), licence="CC-BY-4.0")
    put(stocked, "小明", 2, language="zh", speaker={"gender": "男", "dialect": "四川话"}, tags=("温柔",), consent=signed)
    put(stocked, "Ming_2", 3, language="zh-HK", speaker={"gender": "non-binary, male voice"}, tags=("calm", "old man"))
    put(stocked, "100%", 4, language="yue", speaker={"gender": "Male"}, licence="CC0-1.0")
    return stocked


def names(catalogue, **query):
    return [voice.name for voice in catalogue.search(Query(**query))]


def test_everything_is_found_by_name_the_users_own_first(catalogue, many):
    assert names(catalogue) == [*sorted(["Anna", "小明", "Ming_2", "100%"]), "kathleen"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"language": "zh"}, {"小明", "Ming_2"}),
        ({"language": "ZH-hk"}, {"Ming_2"}),
        ({"language": "z"}, set()),
        ({"gender": "male"}, {"Ming_2", "100%"}),
        ({"gender": "female"}, {"Anna", "kathleen"}),
        ({"gender": "男"}, {"小明"}),
        ({"age": "30"}, {"Anna"}),
        ({"region": "leeds"}, {"Anna"}),
        ({"dialect": "四川"}, {"小明"}),
        ({"tags": ("calm",)}, {"Anna", "Ming_2"}),
        ({"tags": ("calm", "WARM")}, {"Anna"}),
        ({"tags": ("cal",)}, set()),
        ({"tags": ("old",)}, set()),
        ({"tags": ("温柔",)}, {"小明"}),
        ({"licence": "cc"}, {"Anna", "100%"}),
        ({"consent": True}, {"小明"}),
        ({"words": ("ming",)}, {"Ming_2"}),
        ({"words": ("LEEDS", "warm")}, {"Anna"}),
        ({"words": ("签",)}, {"小明"}),
        ({"words": ("%",)}, {"100%"}),
        ({"words": ("_",)}, {"Ming_2"}),
        ({"words": ("nobody",)}, set()),
        ({"words": ("'; DROP TABLE voice; --\0",)}, set()),
        ({"language": "zh", "tags": ("calm",)}, {"Ming_2"}),
    ],
)
def test_voices_are_found_by_what_is_known_about_them(catalogue, many, query, found):
    assert set(names(catalogue, **query)) == found


def test_what_changes_in_the_folders_is_seen_at_the_next_search(catalogue, many):
    assert names(catalogue, tags=("hoarse",)) == []
    describe(many, "Anna", Description(add_tags=["hoarse"]))
    assert names(catalogue, tags=("hoarse",)) == ["Anna"]
    add_style(many, "Anna", "angry", Style(small_features(9)))
    assert names(catalogue, style="Angry") == ["Anna"]
    many.remove("Anna")
    assert names(catalogue, tags=("hoarse",)) == []
    shutil.move(many.folder / "小明", many.folder / "大明")  # by hand
    assert [voice.folder.name for voice in catalogue.search(Query(dialect="四川话"))] == ["大明"]
    (many.folder / "大明" / "prompt.safetensors").unlink()
    assert names(catalogue, dialect="四川话") == []


def test_a_second_search_writes_nothing(catalogue, many, monkeypatch):
    catalogue.search()
    monkeypatch.setattr(Database, "writing", None)
    assert len(names(catalogue)) == 5


def test_libraries_of_two_homes_share_a_database_and_keep_apart(catalogue, many, database, tmp_path):
    other = Library(tmp_path / "other", bundled=tmp_path / "none")
    put(other, "Anna", 7, language="fr")
    assert names(Catalogue(database, other)) == ["Anna"]
    assert names(catalogue, language="fr") == []
    assert len(names(catalogue)) == 5


def test_odd_folders_are_left_out(catalogue, many):
    (many.folder / "half").mkdir()
    (many.folder / "broken").mkdir()
    (many.folder / "broken" / "voice.json").write_text("{")
    fill(many.folder / ("x" * 80), "long")
    fill(many.folder / "odd", "odd", speaker={"gender": "\0", "age": "ﷺ" * 200}, base=BaseFacts("b\0" * 90, "ab" * 32))
    assert len(names(catalogue)) == 6
