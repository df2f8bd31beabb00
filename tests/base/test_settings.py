"""Settings come from the environment, once, and a wrong environment is reported whole."""

import dataclasses
from pathlib import Path

import pytest

from voxcommons.base.errors import ConfigError
from voxcommons.base.settings import VARIABLES, Settings


def test_nothing_set_gives_the_platform_folder_and_english():
    settings = Settings.from_environment({})
    assert settings.home.is_absolute()
    assert settings.home.name == "voxcommons"
    assert (settings.threads, settings.language_of_messages, settings.log_level) == (None, "en", "warning")


def test_every_variable_is_read(tmp_path):
    given = {"VOX_HOME": str(tmp_path), "VOX_THREADS": "3", "VOX_LANG": "ZH", "VOX_LOG": "debug", "VOX_HISTORY": "off"}
    settings = Settings.from_environment(given)
    assert settings == Settings(home=tmp_path, threads=3, language_of_messages="zh", log_level="debug", history=False)


def test_an_empty_variable_counts_as_not_set():
    assert Settings.from_environment(dict.fromkeys(VARIABLES, "")) == Settings.from_environment({})


def test_a_relative_home_becomes_absolute():
    assert Settings.from_environment({"VOX_HOME": "here"}).home == Path("here").absolute()


@pytest.mark.parametrize("locale", [{"LANG": "zh_CN.UTF-8"}, {"LC_ALL": "zh_TW", "LANG": "en_US"}])
def test_a_chinese_locale_speaks_chinese(locale):
    assert Settings.from_environment(locale).language_of_messages == "zh"
    assert Settings.from_environment({**locale, "VOX_LANG": "en"}).language_of_messages == "en"


def test_every_fault_is_listed_at_once(tmp_path):
    file = tmp_path / "file"
    file.touch()
    wrong = {"VOX_HOME": str(file), "VOX_THREADS": "many", "VOX_LANG": "fr", "VOX_LOG": "loud"}
    with pytest.raises(ConfigError) as caught:
        Settings.from_environment(wrong)
    assert len(caught.value.faults) == 4
    for name in wrong:
        assert any(name in fault for fault in caught.value.faults)
        assert name in str(caught.value)


@pytest.mark.parametrize("threads", ["0", "-1", "1.5", "٣", "99999999999999999999", "1025", " 2"])
def test_threads_are_a_sensible_whole_number(threads):
    with pytest.raises(ConfigError, match="VOX_THREADS"):
        Settings.from_environment({"VOX_THREADS": threads})


def test_settings_cannot_be_changed_after_reading():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_environment({}).threads = 2


def test_without_an_argument_the_process_environment_is_read(monkeypatch, tmp_path):
    monkeypatch.setenv("VOX_HOME", str(tmp_path))
    assert Settings.from_environment().home == tmp_path


def test_the_database_is_one_of_two_kinds_and_its_password_is_not_shown():
    url = "postgresql://vox:geheim@host/name"
    settings = Settings.from_environment({"VOX_DATABASE": url})
    assert settings.database == url
    assert "geheim" not in repr(settings)
    for wrong in ("mysql://vox:geheim@host/name", "geheim", "sqlite"):
        with pytest.raises(ConfigError, match="VOX_DATABASE") as caught:
            Settings.from_environment({"VOX_DATABASE": wrong})
        assert "geheim" not in str(caught.value)
