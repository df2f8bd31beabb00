"""The one database of an installation: an SQLite file in the user's folder, or PostgreSQL by a URL.

Apart from the rooms that keep tables in it, because a finished job and what it made are written in one transaction. It
knows how to open, migrate, read and write, and none of the tables. What goes wrong with the database itself (gone, full,
locked, of a newer version) becomes a StorageError here, so that no caller meets the library's own errors.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NoReturn

from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from voxcommons.base.errors import ConfigError, MissingExtraError, StorageError, VoxError
from voxcommons.base.files import storage_error
from voxcommons.base.settings import Settings

FILE: Final = "voxcommons.db"
NEWEST: Final = "0002"
"""The last migration; a test holds it to the folder migrations/."""

Clock = Callable[[Session], float]

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_WAIT_S: Final = 30  # for another process that is writing
_WRITES: Final = "vox_writes"
_WAL_MARK: Final = b"\x02\x02"  # bytes 18 and 19 of an SQLite file that keeps a write-ahead log
_PG_LOCK: Final = 0x766F7863  # any number, the same for all who migrate
_PG_MISHAPS: Final = ("08", "28", "3D", "40", "53", "57", "58")  # connection, login, no such database, conflict, full, shut down, disk
_TAKES: Final = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


class Database:
    """One database, opened and brought to the newest migration on first use.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.
        clock: tells the time in seconds since 1970; None takes this machine's for SQLite and the server's for PostgreSQL,
            since workers on several machines must agree on when a lease ends.

    Raises:
        ConfigError: the URL is none, or of another kind of database.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        self.url = _read_url(url)
        self._clock = clock

    @classmethod
    def of(cls, settings: Settings) -> Database:
        """The database of an installation: ``VOX_DATABASE``, else a file in ``VOX_HOME``."""
        return cls(settings.database or f"sqlite:///{settings.home / FILE}")

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def shown(self) -> str:
        """Its URL without the password."""
        return self.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing.

        Raises:
            StorageError: the database cannot be used.
        """
        with self._told(), Session(self._engine) as session:
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in one transaction: all of it stands when the block ends well, nothing of it otherwise.

        SQLite lets one writer in at a time; the next waits up to half a minute.

        Raises:
            StorageError: the database cannot be used.
        """
        with self._told(), Session(self._engine.execution_options(**{_WRITES: True})) as session, session.begin():
            yield session

    def now(self, session: Session) -> float:
        """The time, in seconds since 1970, of the clock all users of this database share."""
        if self._clock is not None:
            return self._clock(session)
        if self.is_sqlite:
            return time.time()
        return float(session.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def close(self) -> None:
        """Let go of all connections; the next use opens it again."""
        if "_engine" in self.__dict__:
            self._engine.dispose()
            del self.__dict__["_engine"]

    @cached_property
    def _engine(self) -> Engine:
        engine = _sqlite(self.url) if self.is_sqlite else _postgres(self.url)
        try:
            with engine.execution_options(**{_WRITES: True}).begin() as connection:
                _migrate(connection)
        except BaseException:
            engine.dispose()
            raise
        return engine

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What the library says about a broken database, in our words; faults of our own statements pass."""
        try:
            yield
        except DBAPIError as cause:
            if not _is_mishap(cause):
                raise
            self._refuse(cause)

    def _refuse(self, cause: DBAPIError) -> NoReturn:
        raise StorageError(
            "the database cannot be used",
            expected=f"a database that answers at {self.shown}",
            found=_server_says(cause).get("M", str(cause.orig)),
            do="free some space or close what holds it" if self.is_sqlite else "start the server or correct VOX_DATABASE",
        ) from cause


def _read_url(given: str) -> URL:
    try:
        url = make_url(given)
        kind = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        kind = ""
    if kind not in ("sqlite", "postgresql") or (kind == "sqlite" and url.database in (None, "", ":memory:")):
        # The text itself is not shown: it may hold a password.
        found = f"one that begins with {given.partition(':')[0]!r}"
        raise ConfigError("the address of the database is wrong", expected=_TAKES, found=found)
    if kind == "postgresql" and url.drivername == "postgresql":
        return url.set(drivername="postgresql+pg8000")
    return url


def _server_says(cause: DBAPIError) -> dict[str, str]:
    """The fields of PostgreSQL's own message, which pg8000 hides behind "network error" when the server then hangs up."""
    error: BaseException | None = cause.orig
    while error is not None:
        if error.args and isinstance(error.args[0], dict):
            return error.args[0]
        error = error.__cause__ or error.__context__
    return {}


def _is_mishap(cause: DBAPIError) -> bool:
    """Whether the database failed, and not a statement of ours."""
    # pg8000 knows few classes of errors, but hands on the server's five characters; the first two tell the kind.
    return isinstance(cause, OperationalError | InterfaceError) or _server_says(cause).get("C", "")[:2] in _PG_MISHAPS


def _sqlite(url: URL) -> Engine:
    """An SQLite file with a write-ahead log: readers never wait, and a killed process leaves it whole."""
    path = Path(str(url.database))
    try:
        _prepare_file(path)
    except (OSError, sqlite3.Error) as cause:
        meant = storage_error(cause, path) if isinstance(cause, OSError) else None
        raise meant or StorageError("the database cannot be opened", expected="an SQLite file", found=f"{path}: {cause}") from cause
    engine = create_engine(url, connect_args={"timeout": _WAIT_S}, json_serializer=_json)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - sqlite3's own, wrapped or not
        connection.isolation_level = None  # transactions begin below, not by the driver's guess
        for pragma in ("foreign_keys = ON", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its turn before it reads: a lock that is asked for later cannot be waited for.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _json(value: object) -> str:
    """JSON that both engines take: SQLite would keep NaN, PostgreSQL refuses it."""
    return json.dumps(value, allow_nan=False)


def _prepare_file(path: Path) -> None:
    """Make the file and its log mode once; only the owner may read it, since it holds what was spoken."""
    if _keeps_log(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(path.name + ".lock")):
        if not _keeps_log(path):
            path.touch(mode=0o600)
            with contextlib.closing(sqlite3.connect(path, timeout=_WAIT_S)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")


def _keeps_log(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(20)[18:] == _WAL_MARK


def _postgres(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True, json_serializer=_json)
    except ModuleNotFoundError as cause:
        raise MissingExtraError("PostgreSQL needs a library that is not installed", extra="postgres", found=f"no {cause.name}") from cause


def _migrate(connection: Connection) -> None:
    """Bring the tables to the newest migration; whoever comes second waits for the first and finds it done."""
    if _version(connection) == NEWEST:
        return
    from alembic import command  # takes a quarter of a second, and most runs have nothing to migrate
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PG_LOCK})
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    version = _version(connection)
    if version is not None and version not in known:
        raise VoxError(
            "the database was made by a newer version of this program",
            expected=f"migration {NEWEST} or older", found=f"migration {version}", do="install the newer version, or use another VOX_HOME",
        )  # fmt: skip
    command.upgrade(config, NEWEST)


def _version(connection: Connection) -> str | None:
    """The migration the database stands at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
