"""A model host in miniature, for tests: the few answers that a download asks for, on the loopback.

It can break off in the middle of a file, and it writes down what was asked of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
from collections.abc import Iterator


class Host:
    """Files of one repository, by their path.

    Attributes:
        files: path -> content.
        stated: path -> hash to state instead of the right one.
        breaks_after: bytes after which the next download is broken off; None for never.
        asked: (method, path, range) of every request.
        tokens: every authorisation that was sent.
    """

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.files: dict[str, bytes] = {}
        self.stated: dict[str, str] = {}
        self.breaks_after: int | None = None
        self.asked: list[tuple[str, str, str]] = []
        self.tokens: list[str] = []
        self.address = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[Host]:
        """Serve until the block ends."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(host: Host) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            wanted = self.headers.get("Range", "")
            host.asked.append((self.command, self.path, wanted))
            host.tokens += [self.headers["Authorization"]] if "Authorization" in self.headers else []
            path = self.path.partition("?")[0].removeprefix(f"/{host.repository}/resolve/main/")
            content = host.files.get(path.replace("%3D", "="))
            if content is None:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("X-Repo-Commit", "0" * 40)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0) if wanted else 0
            piece = content[start:]
            self.send_response(206 if wanted and body else 200)
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("ETag", f'"{host.stated.get(path, hashlib.sha256(content).hexdigest())}"')
            if wanted and body:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(piece) if body else len(content)))
            self.end_headers()
            if body and host.breaks_after is not None:
                self.wfile.write(piece[: host.breaks_after])
                host.breaks_after = None
                self.close_connection = True
            elif body:
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
