"""A database is made, migrated and shared on first use, and says in one line what is wrong with it."""

import sqlite3
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import voxcommons.jobs.tables
import voxcommons.voices.tables  # noqa: F401 - the tables there are
from databases import new_postgres
from voxcommons.base import database as module
from voxcommons.base.database import NEWEST, Database
from voxcommons.base.errors import ConfigError, StorageError, VoxError
from voxcommons.base.settings import Settings
from voxcommons.base.tables import Table


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    opened = Database(new_postgres() if request.param == "postgresql" else f"sqlite:///{tmp_path / 'deep' / 'a.db'}")
    yield opened
    opened.close()


def version(database):
    with database.reading() as session:
        return session.scalar(text("SELECT version_num FROM alembic_version"))


def test_the_migrations_make_the_tables_that_the_code_describes(database):
    with database.reading() as session:
        connection = session.connection()
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_the_newest_migration_is_the_one_the_program_asks_for():
    assert ScriptDirectory(str(module._MIGRATIONS)).get_heads() == [NEWEST]


def test_many_who_open_an_empty_database_at_once_all_find_it_ready(database):
    found, start = [], threading.Barrier(4)

    def use():
        own = Database(database.url.render_as_string(hide_password=False))
        start.wait()
        found.append(version(own))
        own.close()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [NEWEST] * 4


def test_a_block_that_fails_leaves_nothing_of_itself(database):
    with pytest.raises(RuntimeError), database.writing() as session:
        session.execute(text("CREATE TABLE half (x INTEGER)"))
        session.execute(text("INSERT INTO half VALUES (1)"))
        raise RuntimeError
    with database.writing() as session:
        session.execute(text("CREATE TABLE half (x INTEGER)"))


def test_a_database_of_a_newer_version_is_left_alone(database):
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(VoxError, match="newer version"):
        version(database)


def test_the_clock_is_the_time_of_day(database):
    with database.reading() as session:
        assert 1_700_000_000 < database.now(session) < 5_000_000_000


def test_a_file_of_sqlite_keeps_a_log_and_is_its_owners_alone(tmp_path):
    database = Database.of(Settings(home=tmp_path / "home"))
    assert version(database) == NEWEST
    file = tmp_path / "home" / "voxcommons.db"
    assert file.stat().st_mode & 0o077 == 0
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    database.close()


def test_a_file_that_is_no_database_is_said_so(tmp_path):
    (tmp_path / "a.db").write_bytes(b"this is a letter, and a long one at that" * 10)
    with pytest.raises(StorageError, match=r"a\.db"):
        version(Database(f"sqlite:///{tmp_path / 'a.db'}"))


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://root:geheim@host/x", "sqlite://", "sqlite:///:memory:", "postgresql:geheim"])
def test_an_address_that_is_none_is_refused_without_showing_a_password(url):
    with pytest.raises(ConfigError) as caught:
        Database(url)
    assert "geheim" not in str(caught.value)


def test_a_server_that_is_away_is_one_line_without_the_password():
    database = Database("postgresql://vox:geheim@127.0.0.1:1/x")
    with pytest.raises(StorageError, match="127") as caught:
        version(database)
    assert "geheim" not in str(caught.value)


def test_what_the_server_refuses_is_told_in_its_words():
    database = Database(new_postgres().replace("/test", "/nowhere"))
    with pytest.raises(StorageError, match=r"nowhere\w+. does not exist"):
        version(database)
