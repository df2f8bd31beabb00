"""What the user sets through the environment, read once and checked whole.

The one reader of the environment in the program: everything else is handed a Settings value. So a test can hand in any
settings, and no module behaves differently because of something it looked up on its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import platformdirs

from voxcommons.base.errors import ConfigError

MessageLanguage = Literal["en", "zh"]
LogLevel = Literal["debug", "info", "warning", "error"]

_MOST_THREADS = 1024

# Name -> meaning; docs/settings.md carries the same table and a test compares them.
VARIABLES: Mapping[str, str] = {
    "VOX_HOME": "the one folder for all user data",
    "VOX_THREADS": "processor threads for the models",
    "VOX_LANG": "language of messages: en or zh",
    "VOX_DATABASE": "where jobs and the catalogue of voices are kept: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
    "VOX_HISTORY": "whether texts that are spoken are kept for vox voices history: on or off",
    "VOX_LOG": "log level: debug, info, warning or error",
}


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides.

    Attributes:
        home: absolute path of the one folder for all user data; it need not exist yet.
        threads: processor threads for the models, or None for the library's own choice.
        language_of_messages: the language the command line speaks to the user.
        log_level: how much the log on stderr tells.
        history: whether texts that are spoken are kept.
        database: URL of the database, or None for a file in `home`; never shown, since it may hold a password.
    """

    home: Path
    threads: int | None = None
    language_of_messages: MessageLanguage = "en"
    log_level: LogLevel = "warning"
    history: bool = True
    database: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings, from `environ` or else from the process environment.

        Args:
            environ: variables to read instead of the process environment.

        Returns:
            Checked settings; an empty variable counts as not set.

        Raises:
            ConfigError: if any variable is wrong; `faults` names every wrong one.
        """
        source = os.environ if environ is None else environ
        faults: list[str] = []
        home = _home(source.get("VOX_HOME", ""), faults)
        threads = _threads(source.get("VOX_THREADS", ""), faults)
        language = _choice("VOX_LANG", source.get("VOX_LANG", ""), ("en", "zh"), faults)
        database = _database(source.get("VOX_DATABASE", ""), faults)
        history = _choice("VOX_HISTORY", source.get("VOX_HISTORY", ""), ("on", "off"), faults)
        level = _choice("VOX_LOG", source.get("VOX_LOG", ""), ("debug", "info", "warning", "error"), faults)
        if faults:
            raise ConfigError(
                "the settings in the environment are wrong",
                faults=tuple(faults),
                do="correct or unset them; docs/settings.md lists them",
                key="settings_wrong",
            )
        return cls(
            home=home,
            threads=threads,
            language_of_messages=cast(MessageLanguage, language) if language else _language_of_locale(source),
            log_level=cast(LogLevel, level or "warning"),
            history=history != "off",
            database=database,
        )


def _home(value: str, faults: list[str]) -> Path:
    if not value:
        return platformdirs.user_data_path("voxcommons", appauthor=False)
    try:
        home = Path(value).expanduser().absolute()
    except RuntimeError:  # "~name" of a user who does not exist
        faults.append(f"VOX_HOME={value!r} names the home of an unknown user")
        return Path(value)
    if home.exists() and not home.is_dir():
        faults.append(f"VOX_HOME={value!r} is not a folder")
    return home


def _threads(value: str, faults: list[str]) -> int | None:
    if not value:
        return None
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value[:9]) <= _MOST_THREADS:
        faults.append(f"VOX_THREADS={value!r} is not a whole number from 1 to {_MOST_THREADS}")
        return None
    return int(value)


def _database(value: str, faults: list[str]) -> str | None:
    scheme, colon, _ = value.partition("://")
    if value and (not colon or scheme.partition("+")[0] not in ("sqlite", "postgresql")):
        # Without the value: it may hold a password.
        faults.append("VOX_DATABASE is neither sqlite:///FILE nor postgresql://USER:PASSWORD@HOST/NAME")
    return value or None


def _choice(name: str, value: str, allowed: tuple[str, ...], faults: list[str]) -> str | None:
    if value and value.lower() not in allowed:
        faults.append(f"{name}={value!r} is not one of {', '.join(allowed)}")
        return None
    return value.lower() or None


def _language_of_locale(source: Mapping[str, str]) -> MessageLanguage:
    """Chinese messages for a Chinese locale, English for all others (POSIX order of the variables)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if source.get(name):
            return "zh" if source[name].lower().startswith("zh") else "en"
    return "en"
