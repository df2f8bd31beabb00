"""What an operator decides when a server starts, checked as a whole before anything is loaded.

Apart from the command line, so that a test or another program can start a server with the same checks.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxcommons.base.errors import InputError
from voxcommons.voices.polyphones import DICTIONARY

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 9880
_SHORTEST_TOKEN = 16
_MOST_TOKEN_BYTES = 64 << 10


@dataclass(frozen=True)
class ServeConfig:
    """How a server serves.

    Attributes:
        home: the one folder for all user data: voices and the record of releases.
        bases: base models by the names clients call them; the first is used where none is named. The value is the name of an
            installed one or a folder.
        folders: where reference clips and base models named by clients may lie.
        tokens: any of these must come with a request; empty lets everybody in.
        open_to_all: whether a server without tokens may listen to other machines.
        allow_control: whether `/control` may stop or restart the server.
        queue: requests that may wait besides those being spoken; one more is answered 429.
        max_text: longest text of one request, in characters.
        max_body_bytes: longest request body.
        max_upload_bytes: largest recording that the studio's pages may send.
        database: where jobs, catalogue and history are; None for the file in `home`.
        threads: processor threads for the models; None takes what suits them.
        tuned_kept: voices with weights of their own that stay loaded.
        history: whether texts that are spoken are kept.
        polyphones: who decides Mandarin characters with several readings: one of `voices.polyphones.CHOICES`.
    """

    home: Path
    bases: Mapping[str, str] = field(default_factory=lambda: {"starter": "starter"})
    folders: tuple[Path, ...] = ()
    tokens: frozenset[str] = frozenset()
    open_to_all: bool = False
    allow_control: bool = False
    queue: int = 256
    max_text: int = 10_000
    max_body_bytes: int = 1 << 20
    max_upload_bytes: int = 64 << 20
    database: str | None = field(default=None, repr=False)
    threads: int | None = None
    tuned_kept: int = 4
    polyphones: str = DICTIONARY
    history: bool = True

    @property
    def default_base(self) -> str:
        """The name of the base model used where none is named."""
        return next(iter(self.bases))


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_reach(host: str, config: ServeConfig) -> None:
    """Refuse to listen to other machines without a token.

    Raises:
        InputError: the host is not this machine alone, there is no token, and nobody said that this is meant.
    """
    if is_loopback(host) or config.tokens or config.open_to_all:
        return
    raise InputError(
        "other machines could use this server without a token",
        expected="--token-file with a token, or a host like 127.0.0.1",
        found=f"--host {host}",
        do="give a token file, or --open-to-all if that is meant",
    )


def read_tokens(path: Path) -> frozenset[str]:
    """The tokens of a file: one a line; empty lines and lines that begin with # are left out.

    Raises:
        InputError: there is no such file, it holds no token, or one that is short or has odd characters.
    """
    if not path.is_file():
        raise InputError("no such token file", expected="a text file with one token a line", found=str(path), key="no_such_file")
    content = path.read_bytes()[:_MOST_TOKEN_BYTES].decode("utf-8", "replace")
    tokens = frozenset(line.strip() for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    bad = sum(len(token) < _SHORTEST_TOKEN or not token.isascii() or any(char.isspace() for char in token) for token in tokens)
    if bad or not tokens:
        raise InputError(
            "the token file cannot be used",
            expected=f"tokens of at least {_SHORTEST_TOKEN} ASCII characters, one a line",
            found=f"{bad} that are not" if tokens else "no token",
            do="make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return tokens


def named_bases(given: tuple[str, ...]) -> dict[str, str]:
    """`ALIAS=NAME`, `ALIAS=FOLDER`, a name or a folder, as a mapping from the name clients use to what is loaded.

    Raises:
        InputError: two have the same name, or one has none.
    """
    found: dict[str, str] = {}
    for item in given or ("starter",):
        name, separator, folder = item.partition("=")
        place = folder if separator else item
        name = name if separator else Path(item).name or item
        if not name or not place or name in found:
            problem = "two base models have the same name" if name in found else "a base model without a name"
            raise InputError(problem, expected="--base ALIAS=FOLDER, each alias once", found=item)
        found[name] = place
    return found
