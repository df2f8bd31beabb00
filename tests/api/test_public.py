"""The public program's `api_v2`, as its clients call it."""

import io
import json
import shutil
import subprocess
import wave

import pytest

from public_calls import TEXT, calls, wrong_with
from tiny_base import add_tiny_voice
from tiny_server import running
from voxcommons.models.build import load_base
from voxcommons.trust.audit import verify
from voxcommons.trust.labels import read_label


def asked(**fields):
    clip = {"ref_audio_path": "speaker.wav", "prompt_lang": "en", "prompt_text": "hello"}
    return {"text": TEXT, "text_lang": "en", "seed": 5, **clip} | fields


def by_voice(**fields):
    return {"text": TEXT, "text_lang": "en", "seed": 5, "ref_audio_path": "voice:tester"} | fields


def samples(content: bytes) -> bytes:
    with wave.open(io.BytesIO(content)) as file:
        return file.readframes(file.getnframes())


def test_every_documented_call_gets_its_documented_answer(served, clips, tiny_folder):
    found = [wrong_with(call, served.address) for call in calls(str(clips / "speaker.wav"), "tiny", str(clips / "second.wav"))]
    assert len(found) > 70
    assert [wrong for wrong in found if wrong] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_gets_a_labelled_file(served, tmp_path):
    target = tmp_path / "hello.wav"
    query = f"{served.address}/tts?text=Hello&text_lang=en&ref_audio_path=speaker.wav&prompt_lang=en"
    subprocess.run(["curl", "--silent", "--fail", query, "--output", str(target)], check=True, timeout=300)
    label = read_label(target)
    assert label["Label"] == "1"
    assert label["ProduceID"] in served.log.path.read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_posts_json_and_takes_a_stream(served, tmp_path):
    target = tmp_path / "hello.ogg"
    wanted = json.dumps(asked(media_type="ogg", streaming_mode=2))
    command = ["curl", "--silent", "--fail", "--no-buffer", f"{served.address}/tts", "--json", wanted, "--output", str(target)]
    subprocess.run(command, check=True, timeout=300)
    assert read_label(target)["Label"] == "1"


def test_a_voice_of_the_library_stands_in_for_a_clip(served):
    answer = served.get("/tts", params=by_voice())
    assert answer.status_code == 200
    assert len(samples(answer.content)) > 1000
    assert served.get("/tts", params=by_voice(ref_audio_path="voice:nobody")).json()["message"] == "tts failed"


def test_the_same_seed_gives_the_same_sound_and_another_seed_another(served):
    first, second, other = (samples(served.post("/tts", json=by_voice(seed=seed)).content) for seed in (3, 3, 4))
    assert first == second != other


def test_a_seed_that_was_drawn_is_told_and_can_be_used_again(served):
    drawn = served.post("/tts", json=by_voice(seed=-1))
    again = served.post("/tts", json=by_voice(seed=int(drawn.headers["X-Seed"])))
    assert samples(drawn.content) == samples(again.content)


def test_streamed_pieces_are_the_whole(served):
    whole = samples(served.post("/tts", json=by_voice()).content)
    streamed = served.post("/tts", json=by_voice(streaming_mode=1, media_type="raw")).content
    assert streamed == whole


def test_the_silence_between_pieces_is_as_long_as_asked(served):
    def seconds(interval: float) -> float:
        answer = served.get("/tts", params=by_voice(text="Hello there, you two.", fragment_interval=interval, media_type="raw"))
        return len(answer.content) / 2 / int(answer.headers["X-Sample-Rate"])

    pieces = 2  # cut5 cuts behind the comma
    assert seconds(0.6) - seconds(0.1) == pytest.approx(pieces * 0.5, abs=0.01)


def test_text_without_words_is_a_second_of_silence_and_recorded(served):
    answer = served.post("/tts", json=by_voice(text="……"))
    assert answer.status_code == 200
    assert set(samples(answer.content)) == {0}
    assert len(samples(answer.content)) == 2 * int(answer.headers["X-Sample-Rate"])


@pytest.mark.parametrize(("name", "said"), [("short.wav", "3 to 10 s"), ("long.wav", "3 to 10 s"), ("text.wav", "text.wav")])
def test_a_clip_that_cannot_be_used_says_why(served, name, said):
    answer = served.post("/tts", json=asked(ref_audio_path=name))
    assert (answer.status_code, answer.json()["message"]) == (400, "tts failed")
    assert said in answer.json()["Exception"]


def test_two_clients_at_once_each_get_their_own_speaker(served):
    from concurrent.futures import ThreadPoolExecutor

    wanted = [asked(ref_audio_path=name, text=TEXT) for name in ("speaker.wav", "second.wav")]
    alone = [samples(served.post("/tts", json=fields).content) for fields in wanted]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda fields: samples(served.post("/tts", json=fields).content), wanted * 3))
    assert together == alone * 3
    assert alone[0] != alone[1]


def test_weights_are_chosen_per_client_and_per_request(voxhome, tiny_folder, other_folder, clips):
    with running(voxhome, tiny_folder, bases={"tiny": str(tiny_folder), "sovits/other.pth": str(other_folder)}, folders=(clips,)) as server:

        def heard(session: str, **fields) -> bytes:
            return samples(server.post("/tts", json=asked(**fields), headers={"X-Vox-Session": session}).content)

        plain = heard("one")
        chosen = server.get("/set_sovits_weights", params={"weights_path": "sovits/other.pth"}, headers={"X-Vox-Session": "two"})
        assert chosen.json() == {"message": "success"}
        assert heard("one") == plain
        assert heard("two") != plain
        assert heard("one", sovits_weights_path="sovits/other.pth") == heard("two")
        assert heard("two", sovits_weights_path="tiny") == plain


def test_models_are_loaded_once_for_all_voices(voxhome, tiny_folder, clips):
    add = voxhome / "voices" / "second"
    if not add.exists():
        add_tiny_voice(voxhome, load_base(tiny_folder, parts=("semantic_to_wave",)), "second", seed=1)
    with running(voxhome, tiny_folder, folders=(clips,)) as server:
        for path in ("voice:tester", "voice:second", "speaker.wav", "second.wav"):
            assert server.post("/tts", json=asked(ref_audio_path=path)).status_code == 200
        assert len(server.server.service.studio._engines) == 1
        assert len(server.server.service.studio._passing) == 2


def test_a_public_checkpoint_is_not_read_and_says_what_to_do(served, clips):
    (clips / "mine-e15.ckpt").write_bytes(b"PK\x03\x04")
    answer = served.get("/set_gpt_weights", params={"weights_path": "mine-e15.ckpt"})
    assert (answer.status_code, answer.json()["message"]) == (400, "change gpt weight failed")
    assert "convert" in answer.json()["Exception"]


def test_control_is_off_unless_the_operator_wants_it(served, voxhome, tiny_folder):
    assert served.get("/control", params={"command": "exit"}).status_code == 403
    assert served.get("/control", params={"command": "dance"}).status_code == 400
    with running(voxhome, tiny_folder, allow_control=True) as server:
        assert server.get("/control", params={"command": "restart"}).json() == {"message": "success"}
        assert server.post("/tts", json=by_voice()).status_code == 200
        assert server.post("/control", json={"command": "exit"}).json() == {"message": "success"}


def test_every_sound_is_in_the_record_and_the_record_holds(served):
    answer = served.post("/tts", json=by_voice(streaming_mode=1))
    records = [json.loads(line) for line in served.log.path.read_text().splitlines()]
    mine = [record for record in records if record["id"] == answer.headers["X-Release-Id"]]
    assert [record["event"] for record in mine] == ["open", "close"]
    assert mine[1]["output"]["bytes"] == len(answer.content)
    assert verify(served.log.path).faults == ()
