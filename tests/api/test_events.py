"""Speech as events: what OpenAI's client and plain HTTP read is the sound of the stream, and every end says what it is."""

import base64
import json

import numpy as np
import openai
import pytest
import requests
import soundfile

from tiny_base import add_tiny_voice
from tiny_server import running
from voxcommons.api.events import SpeechEvents
from voxcommons.base.errors import StorageError
from voxcommons.models.build import load_base
from voxcommons.trust.labels import read_label

TEXT = "Hello there. How are you?"
WANTED = {"model": "tiny", "voice": "tester", "input": TEXT}


@pytest.fixture(scope="module")
def client(served):
    with openai.OpenAI(base_url=f"{served.address}/v1", api_key="none needed", max_retries=0, timeout=300) as client:
        yield client


def events_of(lines) -> list[dict]:
    """The events of a body, read as the simplest of readers do."""
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def sound_of(events) -> bytes:
    return b"".join(base64.b64decode(event["audio"], validate=True) for event in events if event["type"] == "speech.audio.delta")


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_the_openai_client_passes_the_events_of_every_format_through(client, tmp_path, name):
    with client.audio.speech.with_streaming_response.create(**WANTED, response_format=name, stream_format="sse") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert json.loads(answer.headers["x-aigc"])["Label"] == "1"
        events = events_of(answer.iter_lines())
    assert [event["type"] for event in events[-2:]] == ["speech.audio.delta", "speech.audio.done"]
    path = tmp_path / f"heard.{name}"
    path.write_bytes(sound_of(events))
    assert path.stat().st_size > 2000
    if name != "pcm":
        assert read_label(path)["ProduceID"] == answer.headers["x-release-id"]


def test_the_openai_clients_own_reader_of_events_reads_them(client):
    asked = WANTED | {"response_format": "pcm", "stream_format": "sse", "seed": 3}
    with client.post("/audio/speech", body=asked, cast_to=object, stream=True, stream_cls=openai.Stream[object]) as stream:
        events = list(stream)
    plain = client.audio.speech.create(**WANTED, response_format="pcm", extra_body={"seed": 3}).content
    assert sound_of(events) == plain
    usage = events[-1]["usage"]
    assert usage["input_tokens"] == len(TEXT)
    assert usage["output_tokens"] == pytest.approx(25 * len(plain) / 2 / 24000, abs=0.5)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@pytest.mark.parametrize(("stream", "fewest"), [(None, 2), (True, 2), (False, 1)])
def test_events_come_as_the_sound_is_made_or_whole(served, stream, fewest):
    asked = WANTED | {"response_format": "wav", "stream_format": "sse", "stream": stream, "seed": 3}
    answer = served.post("/v1/audio/speech", json=asked)
    assert answer.content.endswith(b"\n\n")
    assert len(events_of(answer.text.split("\n"))) - 1 >= fewest
    head = sound_of(events_of(answer.text.split("\n")))[:44]
    assert (head[4:8] == b"\xff\xff\xff\xff") == (stream is not False)  # only what is whole knows its length


def test_a_long_piece_is_several_events_of_short_lines_that_join_without_a_seam():
    content = bytes(range(256)) * 400
    lines = SpeechEvents(0).sound(content).decode().split("\n")
    assert max(map(len, lines)) < 60_000
    texts = [event["audio"] for event in events_of(lines)]
    assert len(texts) == 5
    assert base64.b64decode("".join(texts), validate=True) == content
    assert all(len(base64.b64decode(text)) % 2 == 0 for text in texts)


def test_what_is_wrong_before_the_first_sound_is_an_ordinary_error(served):
    for fields, status in (({"voice": "nobody"}, 400), ({"input": "..."}, 400), ({"model": "gpt-9"}, 404)):
        answer = served.post("/v1/audio/speech", json=WANTED | {"stream_format": "sse"} | fields)
        assert (answer.status_code, set(answer.json())) == (status, {"error"})


def test_an_error_in_the_middle_is_an_event_that_says_no_more_than_an_answer_would():
    for error, code in ((StorageError("/secret/place is full"), "storage"), (ValueError("secret"), "internal_error")):
        head, line = SpeechEvents(0).failed(error).decode().split("\n")[:2]
        told = json.loads(line.removeprefix("data: "))
        assert (head, told["type"], told["error"]["type"], told["error"]["code"]) == ("event: error", "error", "server_error", code)
        assert "secret" not in line


@pytest.fixture
def endless(endless_folder, home):
    """A server whose speech takes long."""
    add_tiny_voice(home, load_base(endless_folder, parts=("semantic_to_wave",)))
    with running(home, endless_folder, max_text=10_000) as server:
        server.until_idle()
        yield server


def begun(server, **fields) -> requests.Response:
    """A stream of events of which the first is there."""
    asked = WANTED | {"input": "Hello there, this goes on and on. " * 280, "stream": True, "stream_format": "sse"} | fields
    answer = server.post("/v1/audio/speech", json=asked, stream=True)
    assert answer.status_code == 200
    assert answer.raw.read(100).startswith(b'data: {"type":"speech.audio.delta"')
    return answer


def test_a_client_who_goes_away_ends_the_work_and_the_record_says_so(endless):
    begun(endless).close()
    endless.until_idle()
    closed = json.loads(endless.log.path.read_text().splitlines()[-1])
    assert (closed["event"], closed["complete"]) == ("close", False)


def test_a_stream_that_fails_ends_with_an_error_event_and_not_with_done(endless_folder, home):
    add_tiny_voice(home, load_base(endless_folder, parts=("semantic_to_wave",)))
    with running(home, endless_folder) as server:
        answer = begun(server, response_format="pcm")
    rest = events_of(answer.raw.read().decode().split("\n"))
    assert rest[-1]["type"] == "error"
    assert rest[-1]["error"]["code"] == "shutting_down"
    assert all(event["type"] == "speech.audio.delta" for event in rest[:-1])


def test_the_openai_client_raises_what_an_error_event_says(endless_folder, home):
    add_tiny_voice(home, load_base(endless_folder, parts=("semantic_to_wave",)))
    asked = WANTED | {"input": "Hello there, this goes on and on. " * 280, "stream": True, "stream_format": "sse"}
    with running(home, endless_folder) as server, openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as client:
        stream = client.post("/audio/speech", body=asked, cast_to=object, stream=True, stream_cls=openai.Stream[object])
        assert next(stream)["type"] == "speech.audio.delta"
        server.server.stop()
        with pytest.raises(openai.APIError, match="shutting down"):
            list(stream)


# --- the rate ------------------------------------------------------------------------------------------------------------


def heard(served, **fields) -> tuple[np.ndarray, str]:
    answer = served.post("/v1/audio/speech", json=WANTED | {"response_format": "pcm", "seed": 3} | fields)
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<i2") / 32768, answer.headers["X-Sample-Rate"]


def test_bare_samples_are_at_the_rate_clients_of_openai_play_them_at(served):
    theirs, their_rate = heard(served)
    ours, our_rate = heard(served, sample_rate="model")
    assert (their_rate, our_rate) == ("24000", "16000")
    assert len(theirs) == pytest.approx(1.5 * len(ours), abs=2)
    second = [np.abs(np.fft.rfft(sound[:rate] * np.hanning(rate)))[1:4000] for sound, rate in ((theirs, 24000), (ours, 16000))]
    assert np.corrcoef(*second)[0, 1] > 0.99  # the same tones, so the same pitch


@pytest.mark.parametrize("stream", [None, True])
def test_resampling_a_stream_leaves_no_seams(served, stream):
    streamed, _ = heard(served, stream=stream)
    raw, _ = heard(served, stream=stream, sample_rate="model")
    from voxcommons.audio.resample import resample

    whole = resample(raw.astype(np.float32), 16000, 24000)
    assert len(streamed) == len(whole)
    np.testing.assert_allclose(streamed, whole, atol=2e-4)


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_files_keep_the_models_rate_unless_asked_otherwise(served, tmp_path, name):
    for fields, rate in (({}, 16000), ({"sample_rate": 48000}, 48000)):
        answer = served.post("/v1/audio/speech", json=WANTED | {"response_format": name} | fields)
        (tmp_path / f"a.{name}").write_bytes(answer.content)
        assert (soundfile.info(tmp_path / f"a.{name}").samplerate, answer.headers["X-Sample-Rate"]) == (rate, str(rate))


def test_the_other_interface_keeps_the_models_rate(served):
    asked = {"text": "Hi.", "text_lang": "en", "ref_audio_path": "voice:tester", "media_type": "raw"}
    assert served.get("/tts", params=asked).headers["X-Sample-Rate"] == "16000"


def test_a_rate_nobody_has_is_refused(served):
    answer = served.post("/v1/audio/speech", json=WANTED | {"sample_rate": 12345})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "sample_rate")
