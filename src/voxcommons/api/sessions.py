"""Which models a client chose with the calls that set weights, remembered per client.

The public program has one choice for everybody, so two users of one server speak with each other's models. Here a choice
belongs to a session: a name the client sends, else its token, else its address. A request looks once, when it arrives.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from fastapi import Request

from voxcommons.api.guard import bearer
from voxcommons.api.studio import Selection

HEADER: Final = "X-Vox-Session"
_MOST: Final = 1000


class Sessions:
    """The choices of late; the one unused for longest goes first.

    Args:
        default: for who has chosen nothing.
    """

    def __init__(self, default: Selection) -> None:
        self._default = default
        self._chosen: OrderedDict[str, Selection] = OrderedDict()

    def get(self, request: Request) -> Selection:
        """What the client of a request has chosen."""
        key = client_of(request)
        if key in self._chosen:
            self._chosen.move_to_end(key)
        return self._chosen.get(key, self._default)

    def choose(self, request: Request, *, gpt: str | None = None, sovits: str | None = None) -> None:
        """Remember a choice; None leaves that part as it was."""
        before = self.get(request)
        self._chosen[client_of(request)] = replace(before, gpt=gpt or before.gpt, sovits=sovits or before.sovits)
        while len(self._chosen) > _MOST:
            self._chosen.popitem(last=False)

    def forget(self) -> None:
        """Everybody has the default again."""
        self._chosen.clear()


def client_of(request: Request) -> str:
    """Who asks, in few bytes: a session, a token or an address. Neither the token nor the name itself is kept."""
    name, token = request.headers.get(HEADER, ""), bearer(request.headers.get("authorization", ""))
    host = request.client.host if request.client is not None and not name and not token else ""
    return hashlib.sha256("\n".join((name, token, host)).encode("utf-8", "replace")).hexdigest()
