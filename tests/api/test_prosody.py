"""Pauses, pitch and SSML over HTTP: the same names in both interfaces, and mistakes as each of them says it."""

import numpy as np
import pytest

from voxcommons.api.prosody import public_lines

SSML = '<speak>Hello <prosody rate="slow" pitch="+3st">there</prosody>.<break time="800ms"/>My friend.</speak>'


def openai(**fields):
    sound = {"response_format": "pcm", "sample_rate": "model", "seed": 1}
    return {"model": "tiny", "voice": "tester", "input": "Hello there."} | sound | fields


def tts(**fields):
    return {"text": "Hello there.", "text_lang": "en", "ref_audio_path": "voice:tester", "seed": 1, "media_type": "raw"} | fields


def heard(served, path: str, body: dict) -> np.ndarray:
    answer = served.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<i2") / 32768


def longest_silence_s(samples: np.ndarray) -> float:
    quiet = np.concatenate([[0], (np.abs(samples) < 0.002).astype(int), [0]])
    edges = np.flatnonzero(np.diff(quiet))
    return float((edges[1::2] - edges[::2]).max()) / 16000


@pytest.mark.parametrize("stream", [None, True, False])
def test_openais_route_speaks_ssml_with_its_pauses(served, stream):
    samples = heard(served, "/v1/audio/speech", openai(input=SSML, ssml=True, stream=stream))
    assert longest_silence_s(samples) == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_the_public_route_speaks_ssml_with_its_pauses(served, mode):
    samples = heard(served, "/tts", tts(text=SSML, ssml=True, streaming_mode=mode))
    assert longest_silence_s(samples) == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("method", [f"cut{number}" for number in range(6)])
def test_a_pause_in_plain_text_lasts_as_long_however_the_public_route_cuts(served, method):
    body = tts(text="Hello there. [pause 0.9s] My friend, again. Well.", text_split_method=method, fragment_interval=0.1)
    assert longest_silence_s(heard(served, "/tts", body)) == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize("method", [f"cut{number}" for number in range(6)])
def test_no_cut_falls_into_a_pause_and_none_is_lost(method):
    lines = public_lines("[pause 1.5s] One, two. Three[pause 0.5s]? [pause 2s]", "en", method)
    assert [pause.seconds for line in lines for pause in line.pauses] == [1.5, 0.5, 2]
    assert "pause" not in "".join(line.text for line in lines)


@pytest.mark.parametrize(("path", "body"), [("/v1/audio/speech", openai), ("/tts", tts)])
def test_pitch_range_and_noise_are_fields_of_both(served, path, body):
    usual = heard(served, path, body())
    for fields in ({"pitch": 5}, {"pitch_range": 0.2}, {"noise_scale": 0}):
        assert not np.array_equal(heard(served, path, body(**fields)), usual), fields
    np.testing.assert_array_equal(heard(served, path, body(pitch=0, pitch_range=1, noise_scale=0.5)), usual)


def test_a_get_carries_them_too(served):
    answer = served.get("/tts", params=tts(text=SSML, ssml="true", pitch=-2))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<speak>", "line 1, column 8"), ("<!DOCTYPE a [<!ENTITY b 'c'>]><speak>&b;</speak>", "document type"),
        ("<speak><blink/></speak>", "<blink>"), ("<speak><break time='1h'/></speak>", "no length"),
    ],
)  # fmt: skip
def test_ssml_that_is_wrong_is_told_before_anything_is_spoken(served, text, said):
    answer = served.post("/v1/audio/speech", json=openai(input=text, ssml=True, stream=True))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")
    assert said in answer.json()["error"]["message"]
    answer = served.post("/tts", json=tts(text=text, ssml=True))
    assert answer.status_code == 400
    assert said in answer.json()["Exception"]


def test_a_pause_that_cannot_be_is_told_before_anything_is_spoken(served):
    assert served.post("/v1/audio/speech", json=openai(input="Hello. [pause 1h] There.", stream=True)).status_code == 400
    assert "no length" in served.post("/tts", json=tts(text="Hello. [pause 1h] There.", streaming_mode=1)).json()["Exception"]


def test_values_out_of_range_are_named(served):
    answer = served.post("/v1/audio/speech", json=openai(pitch=40))
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "pitch")
    assert served.post("/tts", json=tts(pitch_range=-1)).status_code == 422


def test_silence_alone_is_nothing_to_say(served):
    answer = served.post("/v1/audio/speech", json=openai(input='<speak><break time="2s"/></speak>', ssml=True))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_text")
