"""A real server on a free port of this machine, with a tiny base model and the voice 'tester', for tests."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from voxcommons.api.config import ServeConfig
from voxcommons.api.server import Server
from voxcommons.trust.audit import ReleaseLog

PATIENCE_S = 300


@dataclass(frozen=True)
class Running:
    """A server that is up.

    Attributes:
        server: the server itself.
        address: where it listens.
        home: its folder of user data.
    """

    server: Server
    address: str
    home: Path

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.address + path, timeout=PATIENCE_S, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.address + path, timeout=PATIENCE_S, **options)

    @property
    def log(self) -> ReleaseLog:
        return ReleaseLog(self.home)

    def until_idle(self) -> None:
        """Ask until nothing is spoken and nothing waits; every answer takes its time, so nobody needs to sleep."""
        for _ in range(20_000):
            health = self.get("/healthz").json()
            if health["speaking"] == health["waiting"] == 0:
                return
        raise AssertionError("the server did not become idle")


@contextlib.contextmanager
def running(home: Path, base: Path, **config: Any) -> Iterator[Running]:
    """Serve until the block ends; the end must come by itself."""
    certificate, bases = config.pop("certificate", None), config.pop("bases", {"tiny": str(base)})
    server = Server(ServeConfig(home=home, bases=bases, threads=1, **config), "127.0.0.1", 0, certificate)
    thread = threading.Thread(target=server.run, name="server under test")
    thread.start()
    try:
        yield Running(server, server.address, home)
    finally:
        server.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the server did not stop"
