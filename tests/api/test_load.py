"""Many clients at once: nobody is turned away, and each hears the voice that was asked for."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tiny_base import add_tiny_voice
from tiny_server import running
from voxcommons.api.crowd import Crowd
from voxcommons.models.build import load_base

VOICES = [f"voice-{number}" for number in range(4)]
TEXTS = ["Well.", "Here we are, all of us."]
CLIENTS, EACH = 12, 4


@pytest.fixture
def crowded(home, tiny_folder):
    base = load_base(tiny_folder, parts=("semantic_to_wave",))
    for number, name in enumerate(VOICES):
        add_tiny_voice(home, base, name, seed=number)
    with running(home, tiny_folder) as server:
        yield server


def spoken(server, voice, text):
    """The samples of an answer, without the label, whose time is never the same."""
    asked = {"model": "tiny", "voice": voice, "input": text, "response_format": "pcm", "sample_rate": "model", "seed": 7}
    answer = server.post("/v1/audio/speech", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_many_clients_at_once_hear_the_voices_they_asked_for(crowded):
    alone = {(voice, text): spoken(crowded, voice, text) for voice in VOICES for text in TEXTS}
    assert len(set(alone.values())) == len(alone)  # else nothing could be told apart

    def client(number):
        order = [(VOICES[(number + turn) % len(VOICES)], TEXTS[(number + turn) % len(TEXTS)]) for turn in range(EACH)]
        return [(asked, spoken(crowded, *asked)) for asked in order]

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [one for answers in pool.map(client, range(CLIENTS)) for one in answers]
    assert len(answers) == CLIENTS * EACH
    assert [asked for asked, content in answers if content != alone[asked]] == []


def test_a_hundred_may_wait_for_their_turn(crowded):
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda number: len(spoken(crowded, VOICES[number % len(VOICES)], TEXTS[0])), range(100)))
    assert min(answers) > 0


def test_who_does_not_read_an_answer_takes_a_place_and_the_next_is_told_to_come_back():
    async def meet():
        gate, inside = asyncio.Event(), asyncio.Event()

        async def slow(scope, receive, send):
            inside.set()
            await gate.wait()

        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "http.request"}

        crowd, scope = Crowd(slow, 1), {"type": "http", "path": "/v1/speak"}
        reading = asyncio.create_task(crowd(scope, receive, send))
        await inside.wait()
        await crowd(scope, receive, send)
        refused = list(sent)
        gate.set()
        await reading
        sent.clear()
        await crowd(scope, receive, send)
        return refused, sent

    refused, later = asyncio.run(meet())
    assert refused[0]["status"] == 503
    assert (b"retry-after", b"5") in refused[0]["headers"]
    assert later == []  # there was room again, and what is inside answers
