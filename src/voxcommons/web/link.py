"""How a phone finds this server: an address in the same network, as a square that a camera reads.

Phones give pages a microphone only over https, so the address is worth little without `--https`; the page says so.
"""

from __future__ import annotations

import contextlib
import io
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from voxcommons.api.config import is_loopback
from voxcommons.api.guard import bearer
from voxcommons.web.answers import told
from voxcommons.web.pages import PREFIX

# Addresses of documentation networks: nothing is sent, the system only says from which of its own it would send.
_ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


@dataclass(frozen=True)
class Link:
    """The route of the page "Phone".

    Attributes:
        local: whether only this machine is listened to.
    """

    local: bool

    def add_to(self, router: APIRouter) -> None:
        """Put the route on a router."""
        router.add_api_route("/link", self.link, methods=["GET"], response_class=Response)

    def link(self, request: Request) -> Response:
        """The address for a phone; it carries the token of who asks, behind a # where no server ever sees it."""
        host, port = request.url.hostname or "", request.url.port
        if is_loopback(host):
            host = next(iter(own_addresses()), host)
        address = phone_link(request.url.scheme, host, port, bearer(request.headers.get("authorization", "")))
        return told({"address": address, "svg": qr_picture(address), "secure": request.url.scheme == "https", "local": self.local})


def phone_link(scheme: str, host: str, port: int | None, token: str = "") -> str:
    """The address of the page "Record"."""
    name = f"[{host}]" if ":" in host else host
    where = f"{scheme}://{name}{f':{port}' if port else ''}{PREFIX}/record"
    return f"{where}#token={quote(token, safe='')}" if token else where


def own_addresses() -> tuple[str, ...]:
    """This machine's addresses in its networks, those others reach it by first; without loopback."""
    found: dict[str, None] = {}
    for family, elsewhere in _ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found[probe.getsockname()[0]] = None
    with contextlib.suppress(OSError):
        found |= {str(info[4][0]).partition("%")[0]: None for info in socket.getaddrinfo(socket.gethostname(), None)}
    return tuple(address for address in found if not is_loopback(address) and not address.startswith("fe80"))


def qr_picture(text: str) -> str:
    """A QR code as the address of an SVG picture that holds itself."""
    import segno

    return str(segno.make(text, error="m").svg_data_uri(scale=6, border=3, dark="#000", light="#fff"))


def qr_in_terminal(text: str) -> str:
    """A QR code in block characters."""
    import segno

    out = io.StringIO()
    segno.make(text, error="l").terminal(out=out, border=2, compact=True)
    return out.getvalue()
