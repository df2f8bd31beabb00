"""The process around the application: a socket, a loop, and a way to stop that lets nobody wait.

Apart from the application, which knows no sockets, so that a test can run the same server on a free port in a thread.
"""

from __future__ import annotations

import socket
from contextlib import closing
from typing import Final

import uvicorn

from voxcommons.api.app import Service, build
from voxcommons.api.config import ServeConfig, check_reach, is_loopback
from voxcommons.base.errors import InputError
from voxcommons.web.certificate import Certificate

_BACKLOG: Final = 128
_GRACE_S: Final = 5
_LONGEST_HEAD_BYTES: Final = 256 << 10  # a GET carries its text in the first line, percent-encoded


class _Uvicorn(uvicorn.Server):
    """Cancels what is being spoken before it waits for the connections to end."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the desk first: else a book would be spoken to its end."""
        self._service.desk.cancel()
        await super().shutdown(sockets)


class Server:
    """A server on a socket of its own.

    Args:
        config: what the operator decided.
        host: name or address to listen on.
        port: 0 for any that is free.
        certificate: for https; None serves http.

    Raises:
        InputError: the address cannot be listened on, would be open to others without a token, or something in the
            configuration is not there.
        CorruptFileError: a base model is damaged.
    """

    def __init__(self, config: ServeConfig, host: str, port: int, certificate: Certificate | None = None) -> None:
        check_reach(host, config)
        self._scheme = "http" if certificate is None else "https"
        self.service = build(config, self.stop, local=is_loopback(host))
        self._socket = _listening(host, port)
        options = uvicorn.Config(
            self.service.app, loop="asyncio", http="h11", ws="none", lifespan="on", log_config=None, access_log=False,
            timeout_graceful_shutdown=_GRACE_S, server_header=False, date_header=False, h11_max_incomplete_event_size=_LONGEST_HEAD_BYTES,
            ssl_certfile=certificate.certificate if certificate else None, ssl_keyfile=certificate.key if certificate else None,
        )  # fmt: skip
        self._uvicorn = _Uvicorn(options, self.service)

    @property
    def address(self) -> str:
        """Where clients find it, without a path."""
        host, port = self._socket.getsockname()[:2]
        return f"{self._scheme}://[{host}]:{port}" if ":" in host else f"{self._scheme}://{host}:{port}"

    @property
    def port(self) -> int:
        """The port it listens to."""
        return int(self._socket.getsockname()[1])

    def run(self) -> None:
        """Serve until it is stopped; in the main thread Ctrl-C and SIGTERM stop it and are then raised again."""
        with closing(self._socket):
            self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `run`, from any thread."""
        self._uvicorn.should_exit = True


def _listening(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise InputError("no such address to listen on", expected="a host like 127.0.0.1", found=f"{host}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = f"{host} port {port}: {error.strerror if isinstance(error, OSError) else error}"
        raise InputError("cannot listen there", expected="a free port of this machine", found=reason, do="choose another --port") from error
    return listener
