"""Pages and the interface behind them, as a program sees them: what they hold, who may ask, and how much may be sent."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sounds import speech_like, write_wav
from tiny_server import running
from voxcommons.api.guard import OPEN_BELOW, STUDIO_PAGES, UPLOADS
from voxcommons.jobs.job import State
from voxcommons.web import words
from voxcommons.web.pages import PAGES, PREFIX
from voxcommons.web.recording import prompts_of

MARK = {"X-Vox-Studio": "1"}
WEB = Path(words.__file__).parent
TOKEN = "a-token-of-some-length"


class Page(HTMLParser):
    """What a page would run or fetch, what its labels name, and which of its ids are there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses, self.inline, self.ids, self.named, self.fields = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.addresses += [facts[name] for name in ("src", "href") if name in facts]
        self.inline += [name for name in facts if name.startswith("on") or name == "style"]
        self.inline += ["script"] if tag == "script" and "src" not in facts and facts.get("type") != "application/json" else []
        self.inline += ["style"] if tag == "style" else []
        self.ids += [facts["id"]] if "id" in facts else []
        self.named += [facts["for"]] if tag == "label" and "for" in facts else []
        self.fields += [facts["id"]] if tag in ("input", "select", "textarea") and "id" in facts and "aria-label" not in facts else []


@pytest.fixture(scope="module", params=sorted(PAGES))
def page(request, served):
    return served.get(PREFIX + request.param)


def test_a_page_runs_nothing_inline_and_fetches_nothing_from_elsewhere(page):
    found = Page(page.text)
    assert page.status_code == 200
    assert found.inline == []
    assert all(address.startswith(("/", "#")) for address in found.addresses)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_ids_are_there_once_and_every_field_has_a_label(page):
    found = Page(page.text)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.named) <= set(found.ids)
    assert set(found.fields) <= set(found.named)


def test_files_of_a_page_are_there(page, served):
    for address in set(Page(page.text).addresses):
        if address.startswith("/studio/static"):
            assert served.get(address).status_code == 200, address


def test_the_guard_and_the_pages_agree():
    assert {PREFIX + path for path in PAGES} == STUDIO_PAGES
    assert OPEN_BELOW.startswith(PREFIX)
    assert UPLOADS.startswith(PREFIX)


@pytest.mark.parametrize(
    ("asked", "cookie", "header", "language"),
    [
        ("", None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("", None, "fr, en;q=0.3, zh;q=0.2", "en"), ("", None, "de", "en"),
        ("", None, "", "en"), ("?lang=en", "zh", "zh", "en"),
        ("", None, "en;q=0, zh;q=0.1", "zh"), ("", None, ";;q=x,,zh;q=y", "en"), ("?lang=zh", None, "en", "zh"), ("", "zh", "en", "zh"),
        ("?lang=xx", None, "zh", "zh"),
    ],
)  # fmt: skip
def test_a_page_is_in_the_language_that_is_asked_for_chosen_or_preferred(served, asked, cookie, header, language):
    answer = served.get(f"/studio{asked}", headers={"Accept-Language": header}, cookies={words.COOKIE: cookie} if cookie else {})
    assert answer.headers["Content-Language"] == language
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text
    chosen = answer.headers.get("Set-Cookie", "")
    assert ("SameSite=strict" in chosen) == (asked in ("?lang=zh", "?lang=en"))


def test_both_languages_have_the_same_words_with_the_same_fields_and_all_are_used():
    english, chinese = words.catalogue("en"), words.catalogue("zh")
    assert english.keys() == chinese.keys()
    fields = re.compile(r"\{(\w+)\}")
    without_fields = {"speak.text.help"}  # its braces are an example
    for name in english.keys() - without_fields:
        assert set(fields.findall(english[name])) == set(fields.findall(chinese[name])), name
    source = "\n".join(path.read_text("utf-8") for folder in ("templates", "static") for path in (WEB / folder).iterdir())
    called = set(re.findall(r"""\bt\(\s*["']([\w.]+\w)["']""", source))
    assert called - english.keys() == set()
    quoted = set(re.findall(r"""["']([a-z]\w*(?:\.\w+)+)["']""", source))
    joined = tuple(re.findall(r"""\bt\([`']([\w.]+\.)(?:\$|' \+)""", source))
    assert [name for name in english if name not in called | quoted and not name.startswith(joined)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_our_prompts_are_enough_for_a_voice_and_hold_questions_and_exclamations(language):
    prompts = prompts_of(language)
    assert len(prompts) == len(set(prompts)) >= 20
    ends = [prompt[-1] for prompt in prompts]
    assert sum(end in "?？" for end in ends) >= 0.1 * len(prompts)
    assert sum(end in "!！" for end in ends) >= 0.1 * len(prompts)
    assert not any(character.isdigit() for prompt in prompts for character in prompt)


# --- who may ask ---------------------------------------------------------------------------------------------------------


def test_only_our_own_pages_may_ask(served):
    assert served.get("/studio/api/voices").status_code == 403
    assert served.get("/studio/api/voices", headers=MARK | {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert served.get("/studio/api/voices", headers=MARK).status_code == 200


def test_another_site_cannot_act_on_an_open_server_even_where_the_guard_lets_it_in(tmp_path, tiny_folder):
    with running(tmp_path, tiny_folder, tokens=frozenset({TOKEN})) as server:
        asked = {"Authorization": f"Bearer {TOKEN}", "Sec-Fetch-Site": "cross-site"}
        assert server.get("/studio/api/jobs", headers=MARK | asked).status_code == 403


def test_with_a_token_pages_are_shown_and_hold_nothing_and_everything_else_needs_it(tmp_path, tiny_folder):
    with running(tmp_path, tiny_folder, tokens=frozenset({TOKEN})) as server:
        for path in PAGES:
            answer = server.get(PREFIX + path)
            assert answer.status_code == 200
            assert TOKEN not in answer.text
        assert server.get("/studio/static/page.js").status_code == 200
        for path in ("voices", "jobs", "history", "link", "sittings/0000000000"):
            assert server.get(f"/studio/api/{path}", headers=MARK).status_code == 401
        for path in ("static/../api/voices", "static/%2e%2e/api/voices", "static/..%2f..%2fpages.py", "nowhere"):
            assert server.get(f"/studio/{path}", headers=MARK).status_code in (401, 404), path
        found = server.get("/studio/api/link", headers=MARK | {"Authorization": f"Bearer {TOKEN}"}).json()
        assert found["address"].endswith(f"/studio/record#token={TOKEN}")
        assert found["svg"].startswith("data:image/svg+xml")


def test_uploads_may_be_as_large_as_recordings_and_nothing_else_may(tmp_path, tiny_folder):
    with running(tmp_path, tiny_folder, max_body_bytes=10_000, max_upload_bytes=200_000) as server:
        code = server.post("/studio/api/sittings", headers=MARK, json={"language": "en"}).json()["code"]
        place = f"{server.address}/studio/api/uploads/sittings/{code}/takes/aaaaaaaa-1?prompt=0"
        import requests

        sound = write_wav(tmp_path / "a.wav", speech_like((2.0,))).read_bytes()
        assert requests.put(place, data=sound, headers=MARK, timeout=60).status_code == 200
        assert requests.put(place, data=b"x" * 200_001, headers=MARK, timeout=60).status_code == 413
        in_pieces = requests.put(place, data=(b"x" * 20_000 for _ in range(20)), headers=MARK, timeout=60)
        assert in_pieces.status_code == 413
        assert server.post("/studio/api/sittings", headers=MARK, data="x" * 10_001).status_code == 413
        left = [path for path in (tmp_path / "recordings").rglob(".arriving-*")]
        assert left == []


# --- speaking ------------------------------------------------------------------------------------------------------------


def lines(answer):
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_take_is_the_same_streamed_and_as_a_file_and_a_retake_changes_its_sentence_alone(served):
    import base64
    import io

    import numpy as np
    import soundfile

    asked = {"text": "Hello there, my friend. How are you?", "voice": "tester", "seed": 5}

    def streamed(**more):
        found = lines(served.post("/studio/api/take", headers=MARK, json=asked | more))
        assert [line["kind"] for line in found] == ["head", "sound", "sound", "tail"]
        return found[0], [np.frombuffer(base64.b64decode(line["pcm"]), "<i2") for line in found[1:-1]], found[-1]

    head, sounds, tail = streamed()
    assert (head["seed"], head["rate"]) == (5, 16000)
    assert [one["number"] for one in tail["sentences"]] == [0, 1]
    assert tail["sentences"][1]["start_s"] == pytest.approx(len(sounds[0]) / 16000, abs=0.001)
    assert tail["seconds"] == pytest.approx(sum(map(len, sounds)) / 16000, abs=0.001)
    file = served.post("/studio/api/take", headers=MARK, json=asked | {"format": "wav"})
    whole, _ = soundfile.read(io.BytesIO(file.content), dtype="int16")
    np.testing.assert_array_equal(whole, np.concatenate(sounds))
    assert file.headers["X-AIGC"]
    _, changed, _ = streamed(sentences={"1": 77})
    np.testing.assert_array_equal(changed[0], sounds[0])
    assert changed[1].tobytes() != sounds[1].tobytes()
    word = {"sentence": 0, "word": 0, "seed": 99}
    _, other, _ = streamed(words=[word])
    assert other[0].tobytes() != sounds[0].tobytes()
    np.testing.assert_array_equal(other[1], sounds[1])


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"text": " "}, 400, "没有可读的文字"), ({"voice": "nobody"}, 400, "没有这个声音"), ({"text": "x" * 2001}, 422, "文字太长"),
        ({"language": "xx"}, 400, "不认识的语言"), ({"words": [{"sentence": 0, "word": 400, "seed": 1}]}, 400, "这个词不能单独重说"),
        ({"speed": 9}, 422, ""), ({"more": 1}, 422, ""), ({"ssml": True}, 400, ""),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_in_the_language_of_the_visitor(served, more, status, said):
    asked = {"text": "Hello there.", "voice": "tester"} | more
    answer = served.post("/studio/api/take", headers=MARK | {"Accept-Language": "zh"}, json=asked)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert "Traceback" not in answer.text


def test_what_was_spoken_is_remembered_once_and_forgotten_when_asked(served):
    asked = {"text": "Remember me.", "voice": "tester"}
    for _ in range(2):
        served.post("/studio/api/take", headers=MARK, json=asked)
    found = [one for one in served.get("/studio/api/history", headers=MARK).json()["history"] if one["text"] == "Remember me."]
    assert len(found) == 1
    import requests

    assert requests.delete(f"{served.address}/studio/api/history", headers=MARK, timeout=60).json()["forgotten"] >= 2
    assert served.get("/studio/api/history", headers=MARK).json() == {"history": []}


# --- recording, voices, jobs ---------------------------------------------------------------------------------------------


def test_a_voice_is_ordered_from_a_sitting_with_its_words_and_consent(served, tmp_path):
    import requests

    asked = {"language": "en", "prompts": ["One two three.", "Four five six."], "consent": "agreed"}
    code = served.post("/studio/api/sittings", headers=MARK, json=asked).json()["code"]
    for number in range(2):
        sound = write_wav(tmp_path / "a.wav", speech_like((3.0,), seed=number)).read_bytes()
        place = f"{served.address}/studio/api/uploads/sittings/{code}/takes/aaaaaaaa-{number}?prompt={number}"
        answer = requests.put(place, data=sound, headers=MARK | {"Content-Type": "audio/wav"}, timeout=60).json()
    assert answer["good"] == [0, 1]
    ordered = served.post(f"/studio/api/sittings/{code}/voice", headers=MARK, json={"name": "ordered"})
    assert ordered.status_code == 202
    job = served.get(f"/studio/api/jobs/{ordered.json()['job']}", headers=MARK).json()["job"]
    assert (job["kind"], job["state"], job["name"]) == ("clone", State.QUEUED, "ordered")
    assert str(served.home) not in json.dumps(job)
    taken = served.post(f"/studio/api/sittings/{code}/voice", headers=MARK, json={"name": "tester"})
    assert (taken.status_code, taken.json()["key"]) == (400, "voice_exists")
    assert served.get("/studio/api/sittings/AAAAAAAAAA", headers=MARK).json()["key"] == "no_such_sitting"


def test_a_voice_grows_by_an_order_with_what_was_recorded_since(served, tmp_path):
    import requests

    code = served.post("/studio/api/sittings", headers=MARK, json={"language": "en", "prompts": ["One two three."]}).json()["code"]
    sound = write_wav(tmp_path / "a.wav", speech_like((3.0,))).read_bytes()
    place = f"{served.address}/studio/api/uploads/sittings/{code}/takes/aaaaaaaa-1?prompt=0"
    assert requests.put(place, data=sound, headers=MARK, timeout=60).status_code == 200
    for more in ({}, {"code": code, "minutes": 2}):
        ordered = served.post("/studio/api/voices/tester/tuning", headers=MARK, json=more)
        assert ordered.status_code == 202, ordered.text
        job = served.get(f"/studio/api/jobs/{ordered.json()['job']}", headers=MARK).json()["job"]
        assert (job["kind"], job["name"]) == ("finetune", "tester")
    assert served.post("/studio/api/voices/nobody/tuning", headers=MARK, json={}).status_code == 400
    assert served.post("/studio/api/voices/tester/tuning", headers=MARK, json={"code": "AAAAA-AAAAA"}).json()["key"] == "no_such_sitting"


@pytest.mark.parametrize("content", ["[]", "{", "{\"courses\": 3}", "{\"courses\": [1, {\"points\": [{\"step\": \"x\"}]}]}", "[" * 100_000])
def test_a_curve_that_is_none_is_no_curve(tmp_path, tiny, content):
    from tiny_base import add_tiny_voice
    from voxcommons.web.growth import growth_of

    voice = add_tiny_voice(tmp_path, tiny)
    (voice.folder / "tuning.json").write_text(content)
    assert [course for course in growth_of(voice) if course["points"]] == []


@pytest.mark.parametrize("name", ["nobody", "..", "%2e%2e%2fvoices", "kathleen"])
def test_voices_that_are_not_ones_own_cannot_be_changed(served, name):
    import requests

    place = f"{served.address}/studio/api/voices/{name}"
    assert requests.delete(place, headers=MARK, timeout=60).status_code in (400, 404, 405)
    assert requests.patch(place, headers=MARK, json={"add_tags": ["x"]}, timeout=60).status_code in (400, 404, 405)


def test_what_is_no_voice_file_is_not_taken_in(served):
    answer = served.post("/studio/api/uploads/voices", headers=MARK, data=b"PK\x03\x04 not really")
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert list((served.home / ".arriving").iterdir()) == []
