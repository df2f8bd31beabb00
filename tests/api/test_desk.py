"""The desk: turns, room, cancelling and closing, without speech or HTTP."""

import threading
from collections.abc import Generator

import pytest

from voxcommons.api.desk import Desk, Ended, Ticket
from voxcommons.base.errors import Cancelled

PATIENCE_S = 30


class Client:
    """Keeps what was delivered."""

    def __init__(self) -> None:
        self.got: list[object] = []
        self.ended = threading.Event()
        self.cancel = threading.Event()

    def deliver(self, piece: object) -> None:
        self.got.append(piece)
        if isinstance(piece, Ended):
            self.ended.set()

    def ticket(self, work: Generator, client: str = "") -> Ticket:
        return Ticket(work, self.deliver, self.cancel, client)

    def wait(self) -> list[object]:
        assert self.ended.wait(PATIENCE_S)
        return self.got


def counting(n: int, order: list[str] | None = None, name: str = "") -> Generator:
    for number in range(n):
        if order is not None:
            order.append(name)
        yield number


def held(gate: threading.Event) -> Generator:
    gate.wait(PATIENCE_S)
    yield "done"


@pytest.fixture
def desk():
    desk = Desk(queue=2, at_once=2)
    yield desk
    desk.close()


def test_pieces_come_in_order_and_then_the_end(desk):
    client = Client()
    assert desk.hand_in(client.ticket(counting(3)))
    desk.open()
    assert client.wait() == [0, 1, 2, Ended()]


def test_requests_take_turns(desk):
    order: list[str] = []
    clients = [Client(), Client()]
    for client, name in zip(clients, "ab", strict=True):
        desk.hand_in(client.ticket(counting(3, order, name)))
    desk.open()
    for client in clients:
        client.wait()
    assert order == list("ababab")


def test_a_turn_without_a_piece_delivers_nothing(desk):
    def silent() -> Generator:
        yield None
        yield "piece"

    client = Client()
    desk.hand_in(client.ticket(silent()))
    desk.open()
    assert client.wait() == ["piece", Ended()]


def test_no_more_are_taken_than_there_is_room_for(desk):
    clients = [Client() for _ in range(5)]
    taken = [desk.hand_in(client.ticket(counting(1))) for client in clients]
    assert taken == [True] * 4 + [False]  # two at once, two waiting
    assert desk.retry_after_s >= 1
    desk.open()
    for client in clients[:4]:
        client.wait()
    assert desk.hand_in(Client().ticket(counting(1)))


def test_who_leaves_while_waiting_makes_room_at_once(desk):
    clients = [Client() for _ in range(5)]
    for client in clients[:4]:
        desk.hand_in(client.ticket(counting(1)))
    clients[3].cancel.set()
    assert desk.hand_in(clients[4].ticket(counting(1)))


def test_who_asks_for_much_at_once_holds_up_nobody_who_asks_for_little():
    desk, order = Desk(queue=20, at_once=1), []
    clients = [(Client(), name) for name in ("much", "much", "much", "much", "little", "one")]
    clients.append((Client(), "little"))
    for client, name in clients:
        assert desk.hand_in(client.ticket(counting(1, order, name), name))
    desk.open()
    for client, _ in clients:
        client.wait()
    desk.close()
    assert order == ["much", "little", "one", "much", "little", "much", "much"]


def test_an_error_reaches_its_client_and_nobody_else(desk):
    def broken() -> Generator:
        yield 1
        raise ValueError("broken")

    one, other = Client(), Client()
    desk.hand_in(one.ticket(broken()))
    desk.hand_in(other.ticket(counting(3)))
    desk.open()
    got = one.wait()
    assert got[0] == 1
    assert isinstance(got[1].error, ValueError)
    assert other.wait() == [0, 1, 2, Ended()]


def test_who_cancels_gets_nothing_more_and_the_work_is_closed(desk):
    closed = threading.Event()

    def work() -> Generator:
        try:
            while True:
                client.cancel.set()
                yield "piece"
        finally:
            closed.set()

    client = Client()
    desk.hand_in(client.ticket(work()))
    desk.open()
    got = client.wait()
    assert got[0] == "piece"
    assert isinstance(got[1].error, Cancelled)
    assert closed.is_set()


def test_closing_cancels_everybody_and_takes_nobody_in():
    desk, gate = Desk(queue=5, at_once=1), threading.Event()
    clients = [Client() for _ in range(3)]
    desk.open()
    for client in clients:
        desk.hand_in(client.ticket(held(gate)))
    desk.cancel()
    gate.set()
    desk.close()
    assert all(client.cancel.is_set() and client.ended.is_set() for client in clients)
    assert not desk.hand_in(Client().ticket(counting(1)))
