"""Our own endpoint: the sound, and with it when each word is spoken."""

import base64
import io
import wave

import av
import numpy as np
import pytest

from tiny_base import add_tiny_voice
from tiny_server import running
from voxcommons.models.build import load_base
from voxcommons.trust.labels import read_label


def asked(**fields):
    return {"text": "Hello there. [pause 0.5s] My friend.", "voice": "tester", "seed": 4, "takes": 1} | fields


def samples(content: bytes) -> bytes:
    with wave.open(io.BytesIO(content)) as file:
        return file.readframes(file.getnframes())


def test_words_come_with_the_sound_and_its_label(served, tmp_path):
    facts = served.post("/v1/speak", json=asked(words=True)).json()
    content = base64.b64decode(facts["audio"])
    path = tmp_path / "spoken.wav"
    path.write_bytes(content)
    assert read_label(path)["ProduceID"] == facts["release_id"] in served.log.path.read_text()
    assert facts["seconds"] == pytest.approx(len(samples(content)) / 2 / facts["sample_rate"], abs=0.001)
    assert [sentence["text"] for sentence in facts["sentences"]] == ["Hello there.", "My friend."]
    assert facts["sentences"][1]["start_s"] - facts["sentences"][0]["end_s"] == pytest.approx(0.4, abs=0.001), "edges belong to sentences"
    times = [word[edge] for sentence in facts["sentences"] for word in sentence["words"] for edge in ("start_s", "end_s")]
    assert len(times) >= 6
    assert times == sorted(times)
    assert times[-1] <= facts["seconds"]


def test_the_sound_is_the_same_with_words_without_and_streamed(served):
    with_words = samples(base64.b64decode(served.post("/v1/speak", json=asked(words=True)).json()["audio"]))
    assert samples(served.post("/v1/speak", json=asked()).content) == with_words
    streamed = served.post("/v1/speak", json=asked(stream="token", format="flac")).content
    with av.open(io.BytesIO(streamed)) as container:
        found = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert found.astype("<i2").tobytes() == with_words


def test_ssml_and_its_warnings_have_their_places(served):
    text = '<speak>Hello <audio src="x">boom</audio> <prosody pitch="+3st">there \U0001f600</prosody>.</speak>'
    facts = served.post("/v1/speak", json=asked(text=text, ssml=True, words=True)).json()
    told = {warning["kind"]: text[warning["start"] : warning["end"]] for warning in facts["warnings"]}
    assert told["ssml"] == "<"
    assert "\U0001f600" in told.values()
    assert np.frombuffer(samples(base64.b64decode(facts["audio"])), "<i2").any()


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({"base": "nope"}, 404, "model_not_found", "base"), ({"text": " "}, 400, "no_text", "text"),
        ({"text": "a" * 501}, 422, "string_above_max_length", "text"), ({"language": "tlh"}, 400, "no_such_language", "language"),
        ({"words": True, "stream": "token"}, 400, "invalid_value", "stream"), ({"voice": "nobody"}, 400, "no_such_voice", "voice"),
        ({"voice": "nobody", "words": True}, 400, "no_such_voice", "voice"), ({"takes": 99}, 422, "invalid_value", "takes"),
        ({"text": "<speak>", "ssml": True}, 400, None, "text"), ({"pich": 2}, 422, "invalid_value", "pich"),
    ],
)  # fmt: skip
def test_a_mistake_says_which_field(served, fields, status, code, param):
    answer = served.post("/v1/speak", json=asked(**fields))
    assert answer.status_code == status
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, param)


@pytest.mark.parametrize("kept", [True, False])
def test_texts_are_kept_only_where_the_operator_wants_it(home, tiny_folder, kept):
    add_tiny_voice(home, load_base(tiny_folder, parts=("semantic_to_wave",)))
    with running(home, tiny_folder, history=kept) as server:
        for more in ({}, {"stream": "sentence"}):
            assert server.post("/v1/speak", json=asked(**more)).status_code == 200
    notes = home / "history" / "notes.jsonl"
    assert (notes.is_file() and len(notes.read_text().splitlines())) == (2 if kept else False)
