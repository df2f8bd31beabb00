"""OpenAI's speech endpoint, as OpenAI's own client and curl call it."""

import io
import json
import shutil
import subprocess
import wave
from shutil import copytree

import av
import numpy as np
import openai
import pytest
import soundfile

from tiny_base import add_tiny_voice
from tiny_server import running
from voxcommons.models.build import load_base
from voxcommons.trust.labels import read_label
from voxcommons.voices.editing import Style, add_style
from voxcommons.voices.library import Library

TEXT = "Hello there."
MAGIC = {"mp3": b"ID3", "opus": b"OggS", "aac": b"ID3", "flac": b"fLaC", "wav": b"RIFF"}


@pytest.fixture(scope="module")
def client(served):
    with openai.OpenAI(base_url=f"{served.address}/v1", api_key="none needed", max_retries=0, timeout=300) as client:
        yield client


def heard(content: bytes, name: str, tmp_path) -> np.ndarray:
    if name == "pcm":
        return np.frombuffer(content, "<i2") / 32768
    path = tmp_path / f"heard.{name}"
    path.write_bytes(content)
    assert read_label(path)["Label"] == "1"
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_the_openai_client_gets_every_format(client, name, tmp_path):
    answer = client.audio.speech.create(model="tiny", voice="tester", input=TEXT, response_format=name)
    assert answer.content.startswith(MAGIC.get(name, b""))
    assert len(heard(answer.content, name, tmp_path)) > 2000


@pytest.mark.parametrize("name", ["mp3", "opus", "flac", "wav", "pcm"])
def test_the_openai_client_streams_every_format(client, name, tmp_path):
    wanted = {"model": "tiny", "voice": "tester", "input": TEXT, "response_format": name, "extra_body": {"stream": True}}
    with client.audio.speech.with_streaming_response.create(**wanted) as answer:
        assert "content-length" not in answer.headers
        content = b"".join(answer.iter_bytes())
    assert len(heard(content, name, tmp_path)) > 2000


def test_the_openai_client_writes_a_file_while_it_arrives(client, tmp_path):
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="tester", input=TEXT) as answer:
        answer.stream_to_file(tmp_path / "out.mp3")
    assert read_label(tmp_path / "out.mp3")["ProduceID"] == answer.headers["x-release-id"]


def test_a_stream_without_hurry_is_the_whole_sound(client):
    seed = {"seed": 3}
    wanted = {"model": "tiny", "voice": "tester", "input": f"{TEXT} {TEXT}", "response_format": "pcm"}
    streamed = client.audio.speech.create(**wanted, extra_body=seed).content
    assert streamed == client.audio.speech.create(**wanted, extra_body=seed | {"stream": False}).content


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_a_format_with_its_length_in_the_head_comes_whole_unless_asked_otherwise(client, name):
    answer = client.audio.speech.with_raw_response.create(model="tiny", voice="tester", input=TEXT, response_format=name)
    sound = soundfile.read(io.BytesIO(answer.content))[0]
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert 2000 < len(sound) < 100_000


def test_speed_shortens_speech(client):
    lengths = []
    for speed in (0.8, 1.6):
        wanted = {"model": "tiny", "voice": "tester", "input": TEXT, "response_format": "wav", "extra_body": {"seed": 1}}
        answer = client.audio.speech.create(**wanted, speed=speed)
        with wave.open(io.BytesIO(answer.content)) as file:
            lengths.append(file.getnframes())
    assert lengths[0] > 1.5 * lengths[1]


def test_models_and_voices_are_listed(client, served):
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").owned_by == "voxcommons"
    voices = {voice["id"]: voice for voice in served.get("/v1/audio/voices").json()["data"]}
    assert (voices["tester"]["language"], voices["tester"]["model"]) == ("en", "tiny")
    assert voices["kathleen"]["model"] is None
    assert (voices["tester"]["languages"], voices["tester"]["styles"]) == ([], [])


def test_the_styles_of_a_voice_and_the_languages_of_its_base_model_are_listed(home, tiny_folder, tmp_path):
    folder = tmp_path / "polyglot"
    copytree(tiny_folder, folder)
    facts = json.loads((folder / "base.json").read_text())
    (folder / "base.json").write_text(json.dumps(facts | {"languages": ["en", "zh"]}))
    voice = add_tiny_voice(home, load_base(folder, parts=("semantic_to_wave",)))
    add_style(Library(home), voice.name, "calm", Style(voice.features, "", "recognised"))
    with running(home, folder) as server:
        told = {one["id"]: one for one in server.get("/v1/audio/voices").json()["data"]}["tester"]
        asked = {"model": "tiny", "input": "Well.", "seed": 1, "voice": f"tester/{told['styles'][0]}"}
        assert server.post("/v1/audio/speech", json=asked).status_code == 200
    assert (told["languages"], told["styles"]) == (["en", "zh"], ["calm"])


@pytest.mark.parametrize(
    ("fields", "kind", "code", "param"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "model_not_found", "model"),
        ({"voice": "nobody"}, openai.BadRequestError, "no_such_voice", "voice"),
        ({"voice": "../../etc"}, openai.BadRequestError, "no_such_voice", "voice"),
        ({"voice": "kathleen"}, openai.BadRequestError, None, None),
        ({"input": " "}, openai.BadRequestError, "no_text", "input"),
        ({"input": "..."}, openai.BadRequestError, "no_text", "input"),
        ({"input": "a" * 501}, openai.UnprocessableEntityError, "string_above_max_length", "input"),
        ({"response_format": "wma"}, openai.UnprocessableEntityError, "invalid_value", "response_format"),
        ({"speed": 9}, openai.UnprocessableEntityError, "invalid_value", "speed"),
        ({"extra_body": {"language": "tlh"}}, openai.BadRequestError, "no_such_language", "language"),
    ],
)
def test_a_mistake_comes_back_as_openai_says_it(client, fields, kind, code, param):
    with pytest.raises(kind) as caught:
        client.audio.speech.create(**({"model": "tiny", "voice": "tester", "input": TEXT} | fields))
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.body["message"]
    assert caught.value.type == "invalid_request_error"


def test_an_unknown_model_cannot_be_looked_up(client):
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.models.retrieve("gpt-9")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_gets_an_mp3_and_an_error(served, tmp_path):
    command = ["curl", "--silent", f"{served.address}/v1/audio/speech", "-H", "Content-Type: application/json", "-d"]
    wanted = {"model": "tiny", "voice": "tester", "input": TEXT}
    subprocess.run([*command, json.dumps(wanted), "--output", str(tmp_path / "hello.mp3")], check=True, timeout=300)
    assert read_label(tmp_path / "hello.mp3")["Label"] == "1"
    said = subprocess.run([*command, "{}"], check=True, timeout=300, capture_output=True).stdout
    assert json.loads(said)["error"]["type"] == "invalid_request_error"
