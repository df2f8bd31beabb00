"""Who may ask, how much they may send, which files they may name, and what happens when they go or there are too many."""

import json
import os
import socket

import openai
import pytest
import requests
import urllib3

from tiny_server import PATIENCE_S, running
from voxcommons.api.config import ServeConfig, check_reach, named_bases, read_tokens
from voxcommons.api.folders import AllowedFolders
from voxcommons.base.errors import InputError

TOKEN = "a-token-of-some-length"
SPEECH = {"model": "tiny", "voice": "tester", "input": "Hello there."}
LONG = {
    "text": "Hello there, this goes on and on. " * 280, "text_lang": "en", "ref_audio_path": "voice:tester", "text_split_method": "cut0"
}  # fmt: skip


@pytest.fixture(scope="module")
def closed(voxhome, tiny_folder):
    """A server with a token."""
    with running(voxhome, tiny_folder, tokens=frozenset({TOKEN, "another-token-entirely"})) as server:
        yield server


@pytest.fixture
def endless(voxhome, endless_folder, tiny_folder, home):
    """A server whose speech takes long: room for three at a time and for none to wait."""
    from tiny_base import add_tiny_voice
    from voxcommons.models.build import load_base

    add_tiny_voice(home, load_base(endless_folder, parts=("semantic_to_wave",)))
    with running(home, endless_folder, queue=0) as server:
        server.until_idle()
        yield server


def begun(server, **fields) -> requests.Response:
    """A stream of which the first bytes are there and of which no more is taken."""
    answer = server.post("/tts", json=LONG | {"streaming_mode": 2, "media_type": "raw"} | fields, stream=True)
    assert answer.status_code == 200
    assert answer.raw.read(100)
    return answer


# --- tokens --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "Bearer wrong-token-of-some-length", f"Basic {TOKEN}", TOKEN, "Bearer ", "Bearer \xff"])
@pytest.mark.parametrize("path", ["/tts", "/v1/models", "/v1/audio/voices", "/control", "/nowhere"])
def test_without_a_known_token_there_is_nothing(closed, header, path):
    answer = closed.get(path, headers={"Authorization": header.encode("latin-1")} if header else {})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert ("error" in answer.json()) == path.startswith("/v1/")


def test_with_a_token_both_interfaces_work(closed):
    header = {"Authorization": f"Bearer {TOKEN}"}
    asked = {"text": "Hi.", "text_lang": "en", "ref_audio_path": "voice:tester"}
    assert closed.get("/tts", params=asked, headers=header).status_code == 200
    with openai.OpenAI(base_url=f"{closed.address}/v1", api_key=TOKEN, max_retries=0) as client:
        assert client.audio.speech.create(**SPEECH).content
    with openai.OpenAI(base_url=f"{closed.address}/v1", api_key="nope", max_retries=0) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_the_page_and_the_health_need_no_token(closed):
    assert closed.get("/healthz").json()["status"] == "ok"
    page = closed.get("/").text
    assert "/v1/audio/speech" in page
    assert "src=" not in page
    assert closed.get("/openapi.json").json()["paths"].keys() >= {"/tts", "/control", "/set_refer_audio", "/v1/audio/speech"}


def test_a_server_for_others_needs_a_token_unless_told_so(tmp_path):
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        check_reach(host, ServeConfig(tmp_path))
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
        with pytest.raises(InputError, match="token"):
            check_reach(host, ServeConfig(tmp_path))
        check_reach(host, ServeConfig(tmp_path, tokens=frozenset({TOKEN})))
        check_reach(host, ServeConfig(tmp_path, open_to_all=True))


def test_a_token_file_has_tokens_of_some_length(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"# for the reader\n{TOKEN}\n\nanother-token-entirely\n")
    assert read_tokens(path) == {TOKEN, "another-token-entirely"}
    for content in ("", "# none\n", "short\n", "with blanks in the token\n", "zeichen-außerhalb-von-ascii\n"):
        path.write_text(content)
        with pytest.raises(InputError, match="token"):
            read_tokens(path)
    with pytest.raises(InputError, match="no such token file"):
        read_tokens(tmp_path / "none")


def test_base_models_have_names_of_their_own():
    assert named_bases(()) == {"starter": "starter"}
    assert named_bases(("starter", "models/mine", "GPT/x.ckpt=models/x")) == {
        "starter": "starter", "mine": "models/mine", "GPT/x.ckpt": "models/x"
    }  # fmt: skip
    for wrong in (("a=x", "a=y"), ("=x",), ("a=",)):
        with pytest.raises(InputError):
            named_bases(wrong)


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Host": "evil.example:9880"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_a_web_page_in_a_browser_cannot_use_an_open_server(served, closed, headers):
    assert served.get("/v1/models", headers=headers).status_code == 403
    assert closed.get("/v1/models", headers=headers | {"Authorization": f"Bearer {TOKEN}"}).status_code == 200


# --- sizes ---------------------------------------------------------------------------------------------------------------


def test_a_body_beyond_the_limit_is_refused_in_the_shape_of_its_interface(served):
    big = "a" * (65 << 10)
    answer = served.post("/tts", json={"text": big})
    assert (answer.status_code, set(answer.json())) == (413, {"message", "Exception"})
    answer = served.post("/v1/audio/speech", json=SPEECH | {"input": big})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_a_body_that_does_not_say_its_length_is_measured(served):
    answer = served.post("/tts", data=iter([b"{"] + [b" " * 1024] * 70), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_text_beyond_the_limit_is_refused_before_it_waits(served):
    for fields in ({"text": "a" * 501}, {"prompt_text": "a" * 501}):
        answer = served.post("/tts", json=LONG | {"text": "Hi.", "prompt_lang": "en"} | fields)
        assert (answer.status_code, answer.json()["message"]) == (422, "text is too long")


@pytest.mark.parametrize(
    "body",
    [b"", b"[", b"[" * 30_000, b"null", b'"text"', b"[1]", b"\xff\xfe", b'{"text": NaN}', b'{"top_k": ' + b"9" * 5000 + b"}",
     b'{"text": "\\ud800", "text_lang": "\\ud800", "ref_audio_path": "\\ud800"}', b'{"speed_factor": 1e999}', b'{"seed": 1e400}',
     b'{"text": "Hi.", "text_lang": "en", "ref_audio_path": "\\u0000", "prompt_lang": "en"}',
     b'{"text": "Hi.", "text_lang": "en", "ref_audio_path": "voice:\\ud800"}', b'{"model": "tiny", "voice": "\\ud800", "input": "Hi."}',
     b'{"model": "\\ud800", "voice": "tester", "input": "Hi."}'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/tts", "/v1/audio/speech", "/control"])
def test_a_body_that_is_nonsense_is_the_clients_fault(served, path, body):
    answer = served.post(path, data=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.json()


# --- files ---------------------------------------------------------------------------------------------------------------


def test_only_files_in_the_allowed_folders_are_found(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside / "sub", outside):
        folder.mkdir(parents=True)
        (folder / "clip.wav").write_text("x")
    (inside / "link.wav").symlink_to(outside / "clip.wav")
    (inside / "loop").symlink_to(inside / "loop")
    os.mkfifo(inside / "pipe")
    allowed = AllowedFolders.of((inside,))
    assert allowed.file("sub/clip.wav") == allowed.file(str(inside / "sub" / "clip.wav")) == (inside / "sub" / "clip.wav").resolve()
    assert allowed.file("sub/../sub/clip.wav").name == "clip.wav"
    told = set()
    elsewhere = ("../outside/clip.wav", str(outside / "clip.wav"), str(inside / ".." / "outside" / "clip.wav"), "link.wav", "/etc/passwd")
    for name in (*elsewhere, "loop", "pipe", "sub", "", ".", "none.wav", "\0", "a" * 5000, "sub/clip.wav\0.png", "~/clip.wav", "file:///x"):
        with pytest.raises(InputError) as caught:
            allowed.file(name)
        told.add(caught.value.problem)
    assert len(told) == 1  # what is elsewhere and what is nowhere sound alike
    with pytest.raises(InputError, match="--allow-folder"):
        AllowedFolders(()).file("clip.wav")
    with pytest.raises(InputError, match="no such folder"):
        AllowedFolders.of((tmp_path / "none",))


@pytest.mark.parametrize("field", ["ref_audio_path", "aux_ref_audio_paths", "gpt_weights_path", "sovits_weights_path"])
@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", "/proc/self/environ", "/dev/zero", "speaker.wav/../../x"])
def test_no_field_of_a_request_reaches_outside(served, field, path):
    fields = {"text": "Hi.", "text_lang": "en", "ref_audio_path": "speaker.wav", "prompt_lang": "en"}
    answer = served.post("/tts", json=fields | {field: [path] if field.startswith("aux") else path})
    assert answer.status_code == 400
    assert "allowed folders" in answer.json()["Exception"]


@pytest.mark.parametrize(
    "call", ["/set_refer_audio?refer_audio_path=", "/set_gpt_weights?weights_path=", "/set_sovits_weights?weights_path="]
)
def test_no_call_that_chooses_a_file_reaches_outside(served, call):
    answer = served.get(f"{call}/etc/passwd")
    assert answer.status_code == 400
    assert "allowed folders" in answer.json()["Exception"]


# --- going away, and crowds ----------------------------------------------------------------------------------------------


def test_a_client_who_goes_away_in_a_stream_ends_the_work(endless):
    begun(endless).close()
    endless.until_idle()
    closed = json.loads(endless.log.path.read_text().splitlines()[-1])
    assert (closed["event"], closed["complete"]) == ("close", False)


def test_a_client_who_goes_away_before_the_first_sound_ends_the_work(endless):
    host, port = endless.server.address.removeprefix("http://").split(":")
    body = json.dumps(LONG).encode()
    head = f"POST /tts HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection((host, int(port)), PATIENCE_S) as line:
        line.sendall(head + body)
        while endless.get("/healthz").json()["speaking"] == 0:
            pass
    endless.until_idle()
    assert not endless.log.path.exists()  # nothing was released, so nothing was recorded


def test_one_more_than_there_is_room_for_is_asked_to_come_back(endless):
    talking = [begun(endless) for _ in range(3)]
    refused = endless.post("/tts", json=LONG)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["message"] == "the queue is full"
    with openai.OpenAI(base_url=f"{endless.address}/v1", api_key="none", max_retries=0) as client, pytest.raises(openai.RateLimitError):
        client.audio.speech.create(**(SPEECH | {"model": "tts-1"}))
    talking.pop().close()
    while endless.get("/healthz").json()["speaking"] == 3:
        pass
    begun(endless).close()
    for answer in talking:
        answer.close()


def test_those_who_wait_get_their_turn(voxhome, tiny_folder):
    from concurrent.futures import ThreadPoolExecutor

    with running(voxhome, tiny_folder, queue=20) as server, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: server.post("/v1/audio/speech", json=SPEECH).status_code, range(12)))
    assert answers == [200] * 12


def test_a_server_that_is_stopped_lets_nobody_wait(voxhome, endless_folder, home):
    from tiny_base import add_tiny_voice
    from voxcommons.models.build import load_base

    add_tiny_voice(home, load_base(endless_folder, parts=("semantic_to_wave",)))
    with running(home, endless_folder) as server:
        answer = begun(server)
    with pytest.raises(urllib3.exceptions.ProtocolError):  # the rest never comes, and the client is told so
        while answer.raw.read(65536):
            pass
