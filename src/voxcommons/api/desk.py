"""Where requests wait and are worked on: one thread for the models, turns for everybody, no more than the room holds.

The models keep the processor busy, so a second thread would only slow the first. A request is a generator of pieces;
those that are being worked on take turns piece by piece, so a short sentence does not wait for a book. Those that wait stand
in a line per client, and the lines are served in turn, so who asks for a hundred sentences at once holds up nobody who asks
for one. Knows nothing of speech or of HTTP.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from voxcommons.base.errors import Cancelled
from voxcommons.base.log import logger

AT_ONCE = 3
"""Requests that take turns; each holds its own state of the models."""

_log = logger(__name__)
_END = object()


@dataclass(frozen=True)
class Ended:
    """The last thing a request delivers.

    Attributes:
        error: what went wrong, None when all went well.
    """

    error: BaseException | None = None


@dataclass(eq=False)
class Ticket:
    """A request at the desk.

    Attributes:
        work: yields pieces; None is a turn given away without a piece.
        deliver: takes pieces and at last an `Ended`; called from the desk's thread and must not wait.
        cancel: set when nobody wants the rest; the work may look at it too.
        client: whose it is; requests of one client wait in one line.
    """

    work: Generator[Any, None, None]
    deliver: Callable[[Any], None]
    cancel: threading.Event
    client: str = ""
    begun: float = field(default=0.0)


class _Lines:
    """Requests that wait: a line for each client, the lines served in turn."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Ticket]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, tuple(self._lines.values())))  # a copy, for who looks on from another thread

    def __iter__(self) -> Iterator[Ticket]:
        return (ticket for line in self._lines.values() for ticket in line)

    def append(self, ticket: Ticket) -> None:
        """At the end of its client's line."""
        self._lines.setdefault(ticket.client, deque()).append(ticket)

    def next(self) -> Ticket:
        """The first of the line whose turn it is, which then is the last line to have its turn again."""
        client, line = self._lines.popitem(last=False)
        ticket = line.popleft()
        if line:
            self._lines[client] = line
        return ticket

    def prune(self) -> None:
        """Let those go who have left."""
        staying = [ticket for ticket in self if not ticket.cancel.is_set()]
        self._lines.clear()
        for ticket in staying:
            self.append(ticket)


class Desk:
    """Works on requests in a thread of its own, from `open` to `close`.

    Args:
        queue: how many requests may wait.
        at_once: how many take turns.
        clock: tells seconds.
    """

    def __init__(self, queue: int, at_once: int = AT_ONCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue, self._at_once, self._clock = queue, at_once, clock
        self._changed = threading.Condition()
        self._waiting = _Lines()
        self._active: deque[Ticket] = deque()
        self._turning: Ticket | None = None  # out of `_active` while it has its turn
        self._closed = False
        self._thread: threading.Thread | None = None
        self._usual_s = 2.0  # how long a request takes, a sliding mean

    def open(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._run, name="vox-desk", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Take nothing more and cancel everything, without waiting."""
        with self._changed:
            self._closed = True
            turning = () if self._turning is None else (self._turning,)
            for ticket in (*self._waiting, *self._active, *turning):
                ticket.cancel.set()
            self._changed.notify()

    def close(self) -> None:
        """Cancel everything and wait until the thread has let go of the models."""
        self.cancel()
        if self._thread is not None:
            self._thread.join()

    def hand_in(self, ticket: Ticket) -> bool:
        """Take a request in; False when as many are waiting as may, or the desk is closed."""
        with self._changed:
            self._waiting.prune()
            free = self._at_once - self.speaking
            if self._closed or len(self._waiting) >= self._queue + free:
                return False
            self._waiting.append(ticket)
            self._changed.notify()
            return True

    @property
    def waiting(self) -> int:
        """Requests that nobody works on yet."""
        return len(self._waiting)

    @property
    def speaking(self) -> int:
        """Requests that take turns now."""
        return len(self._active) + (self._turning is not None)

    @property
    def retry_after_s(self) -> int:
        """When it is worth asking again."""
        return max(1, min(120, round(self._usual_s * (1 + self.waiting) / 2)))

    def _run(self) -> None:
        while (ticket := self._next()) is not None:
            going_on = self._turn(ticket)
            with self._changed:
                self._turning = None
                if going_on:
                    self._active.append(ticket)
                else:
                    self._usual_s += 0.2 * (self._clock() - ticket.begun - self._usual_s)
            del ticket  # whatever a request holds goes with it, not with the next one

    def _next(self) -> Ticket | None:
        """The request whose turn it is; None when the desk has closed and everything has ended."""
        with self._changed:
            while not self._waiting and not self._active:
                if self._closed:
                    return None
                self._changed.wait()
            while self._waiting and len(self._active) < self._at_once:
                ticket = self._waiting.next()
                ticket.begun = self._clock()
                self._active.append(ticket)
            self._turning = self._active.popleft()
            return self._turning

    def _turn(self, ticket: Ticket) -> bool:
        """One piece of one request; whether there may be more."""
        try:
            if ticket.cancel.is_set():
                ticket.work.close()
                ticket.deliver(Ended(Cancelled("the request was stopped", key="stopped")))
                return False
            piece = next(ticket.work, _END)
            if piece is _END:
                ticket.deliver(Ended())
                return False
            if piece is not None:
                ticket.deliver(piece)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the request gets it and the desk goes on
            _log.debug("a request ended with an error", exc_info=True)
            ticket.deliver(Ended(error))
            return False
        return True
