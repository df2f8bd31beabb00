"""Every documented call of the public program's `api_v2`, with the answer it must get.

A table and a loop, so that it can also be run by hand against any server:

    python tests/public_calls.py http://127.0.0.1:9880 /allowed/speaker.wav weights-path
"""

import io
import sys
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

Body = Callable[[requests.Response], bool]


@dataclass(frozen=True)
class Call:
    """One request and its answer.

    Attributes:
        what: in words.
        path: of the endpoint.
        fields: query of a GET, JSON of a POST.
        method: of HTTP.
        status: that must come back.
        says: JSON that must come back; None for sound.
        sound: what the sound must be.
    """

    what: str
    path: str
    fields: dict[str, Any] = field(default_factory=dict)
    method: str = "GET"
    status: int = 200
    says: dict[str, Any] | None = None
    sound: Body | None = None


def is_wav(answer: requests.Response) -> bool:
    with wave.open(io.BytesIO(answer.content)) as file:
        return (file.getnchannels(), file.getsampwidth()) == (1, 2) and file.getnframes() > 1000


def is_streamed_wav(answer: requests.Response) -> bool:
    content = answer.content
    return content[:4] == b"RIFF" and content[36:44] == b"data\0\0\0\0" and len(content) > 2000 and "Content-Length" not in answer.headers


def is_raw(answer: requests.Response) -> bool:
    return len(answer.content) > 2000 and len(answer.content) % 2 == 0


def is_ogg(answer: requests.Response) -> bool:
    return answer.content[:4] == b"OggS"


def is_aac(answer: requests.Response) -> bool:
    return answer.content[:3] == b"ID3" and b"\xff\xf1" in answer.content


SOUNDS: dict[str, Body] = {"wav": is_wav, "raw": is_raw, "ogg": is_ogg, "aac": is_aac}
EVERYTHING = {
    "top_k": 5, "top_p": 0.9, "temperature": 0.7, "text_split_method": "cut0", "batch_size": 4, "batch_threshold": 0.5,
    "split_bucket": False, "speed_factor": 1.2,
    "fragment_interval": 0.1, "seed": 7, "media_type": "wav", "streaming_mode": False, "parallel_infer": False,
    "repetition_penalty": 1.2, "sample_steps": 16, "super_sampling": True, "overlap_length": 4, "min_chunk_length": 32,
}  # fmt: skip
TEXT = "Hello there."


def calls(reference: str, weights: str, second: str = "") -> Iterator[Call]:
    """All of them, for a server that has these files."""
    asked = {"text": TEXT, "text_lang": "en", "ref_audio_path": reference, "prompt_lang": "en", "prompt_text": "what is said in it"}
    for method in ("GET", "POST"):
        yield Call("the shortest request", "/tts", asked, method, sound=is_wav)
        yield Call("every parameter", "/tts", asked | EVERYTHING, method, sound=is_wav)
        yield Call("without a transcript", "/tts", asked | {"prompt_text": ""}, method, sound=is_wav)
        yield Call("a language in capitals", "/tts", asked | {"text_lang": "EN"}, method, sound=is_wav)
        yield from _refused(asked, method)
    for cut in range(6):
        yield Call(f"cut{cut}", "/tts", asked | {"text_split_method": f"cut{cut}"}, "POST", sound=is_wav)
    for name, sound in SOUNDS.items():
        streamed = is_streamed_wav if name == "wav" else sound
        yield Call(f"{name} whole", "/tts", asked | {"media_type": name}, sound=sound)
        yield Call(f"{name} in mode true", "/tts", asked | {"media_type": name, "streaming_mode": "true"}, sound=streamed)
        for mode in (1, 2, 3, True):
            yield Call(f"{name} in mode {mode}", "/tts", asked | {"media_type": name, "streaming_mode": mode}, "POST", sound=streamed)
    if second:
        yield Call("more clips", "/tts", asked | {"aux_ref_audio_paths": [second]}, "POST", sound=is_wav)
        yield Call("more clips in a query", "/tts", asked | {"aux_ref_audio_paths": [second, reference]}, sound=is_wav)
    yield Call("nothing but marks is a second of silence", "/tts", asked | {"text": "……"}, "POST", sound=is_wav)
    success = {"message": "success"}
    yield Call("a reference clip", "/set_refer_audio", {"refer_audio_path": reference}, says=success)
    yield Call("a reference voice", "/set_refer_audio", {"refer_audio_path": "voice:tester"}, says=success)
    yield Call("no reference clip", "/set_refer_audio", status=400, says={"message": "set refer audio failed", "Exception": ...})
    for part in ("gpt", "sovits"):
        path = f"/set_{part}_weights"
        yield Call(f"{part} weights", path, {"weights_path": weights}, says=success)
        yield Call(f"no {part} weights", path, status=400, says={"message": f"{part} weight path is required"})
        failed = {"message": f"change {part} weight failed", "Exception": ...}
        yield Call(f"unknown {part} weights", path, {"weights_path": "no/such.ckpt"}, status=400, says=failed)
    for method in ("GET", "POST"):
        yield Call("control without a command", "/control", {}, method, 400, {"message": "command is required"})


def _refused(asked: dict[str, Any], method: str) -> Iterator[Call]:
    def without(name: str) -> dict[str, Any]:
        return {key: value for key, value in asked.items() if key != name}

    for name in ("ref_audio_path", "text", "text_lang", "prompt_lang"):
        yield Call(f"no {name}", "/tts", without(name), method, 400, {"message": f"{name} is required"})
    for name in ("text_lang", "prompt_lang"):
        message = {"message": f"{name}: tlh is not supported in version tiny"}
        yield Call(f"an unknown {name}", "/tts", asked | {name: "tlh"}, method, 400, message)
    yield Call("an unknown medium", "/tts", asked | {"media_type": "mp5"}, method, 400, {"message": "media_type: mp5 is not supported"})
    message = {"message": "text_split_method:cut9 is not supported"}
    yield Call("an unknown cut", "/tts", asked | {"text_split_method": "cut9"}, method, 400, message)
    yield Call("an unknown mode", "/tts", asked | {"streaming_mode": 7}, method, 400, {"message": "streaming_mode: 7 is not supported"})
    failed = {"message": "tts failed", "Exception": ...}
    yield Call("a clip that is not there", "/tts", asked | {"ref_audio_path": "nowhere.wav"}, method, 400, failed)
    yield Call("a speed out of range", "/tts", asked | {"speed_factor": 50}, method, 400, failed)
    detail = {"message": ..., "detail": ...}
    yield Call("a number that is none", "/tts", asked | {"top_k": "many"}, method, 422, detail)


def wrong_with(call: Call, address: str) -> str:
    """What is wrong with the answer to a call; empty when it is right."""
    where = {"params": call.fields} if call.method == "GET" else {"json": call.fields}
    answer = requests.request(call.method, address + call.path, timeout=300, **where)
    if answer.status_code != call.status:
        return f"{call.method} {call.what}: {answer.status_code} instead of {call.status}: {answer.text[:300]}"
    if call.says is not None:
        body = answer.json()
        if set(body) != set(call.says) or any(value not in (..., body[key]) for key, value in call.says.items()):
            return f"{call.method} {call.what}: {body} instead of {call.says}"
    if call.sound is not None:
        kind = f"audio/{call.fields.get('media_type', 'wav')}"
        if answer.headers["Content-Type"] != kind or not call.sound(answer):
            return f"{call.method} {call.what}: {len(answer.content)} bytes of {answer.headers['Content-Type']} are not what was asked for"
        if "X-AIGC" not in answer.headers:
            return f"{call.method} {call.what}: no label"
    return ""


if __name__ == "__main__":
    found = [wrong for call in calls(*sys.argv[2:5]) if (wrong := wrong_with(call, sys.argv[1]))]
    print("\n".join(found) or "all answers are right")
    sys.exit(bool(found))
