"""The studio as people use it: in a real Chromium with a microphone, by mouse, by keyboard, on a phone, and with a line that breaks."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from chromium import browser
from sounds import speech_like, write_wav
from tiny_server import Running
from voxcommons.base.database import Database
from voxcommons.base.settings import Settings
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.worker import Worker
from voxcommons.trust.labels import read_label
from voxcommons.voices.library import Library
from voxcommons.voices.sittings import Sittings
from voxcommons.voices.tasks import handlers

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PAGES = ("", "/record", "/voices", "/jobs", "/phone")
PATIENCE_MS = 60_000
PAINTED = """() => {
  const wave = document.getElementById('wave');
  return wave.width > 100 && wave.getContext('2d').getImageData(0, 0, wave.width, wave.height).data.some((value) => value > 0);
}"""
SAME_DICE = "let drawn = 0; crypto.getRandomValues = (numbers) => numbers.map((_, place) => { numbers[place] = ++drawn; return drawn; });"
HALFWAY = "() => { const seek = document.getElementById('seek'); seek.value = seek.max / 2; seek.dispatchEvent(new Event('input')); }"
OWN = "One and two.\nThree and four.\nFive and six."


@pytest.fixture(scope="module")
def microphone(tmp_path_factory) -> Path:
    """What the microphone hears, again and again: phrases with pauses."""
    return write_wav(tmp_path_factory.mktemp("microphone") / "heard.wav", speech_like((2.2, 2.0, 2.4), 0.5, 48_000), 48_000)


@pytest.fixture(scope="module")
def chromium(microphone, pytestconfig) -> Iterator[object]:
    with browser(microphone, required=pytestconfig.getoption("--require-browser")) as started:
        yield started


@pytest.fixture(scope="module")
def worked(served: Running) -> Iterator[Running]:
    """The server, and somebody who does its jobs."""
    settings, leave = Settings(home=served.home, threads=1), threading.Event()
    database = Database.of(settings)
    worker = Worker(DurableQueue(database), handlers(settings), poll_s=0.1, quit=leave)
    thread = threading.Thread(target=worker.run, name="worker under test")
    thread.start()
    yield served
    leave.set()
    thread.join()
    database.close()


@pytest.fixture
def visit(chromium, worked):
    """Opens pages; whatever the browser complains about fails the test, and so does anything fetched from elsewhere."""
    contexts, complaints, asked = [], [], []

    def open_page(path: str = "", *, size=DESK, locale: str = "en-GB", ready: bool = True, context=None, **options):
        if context is None:
            context = chromium.new_context(viewport=size, locale=locale, accept_downloads=True, **options)
            context.set_default_timeout(PATIENCE_MS)
            context.add_init_script(SAME_DICE)
            contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(f"{path}: {error}"))
        page.on("console", lambda line: complaints.append(f"{path}: {line.text}") if line.type == "error" else None)
        page.goto(f"{worked.address}/studio{path}")
        if ready:
            page.wait_for_selector("body[data-ready]", state="attached")
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in asked if not url.startswith((worked.address, "data:", "blob:"))} == set()


def expect(locator):
    from playwright.sync_api import expect as expected

    expected.set_options(timeout=PATIENCE_MS)
    return expected(locator)


def spoken(visit, text="Hello there. How are you?", **options):
    """The page "Speak" with one take."""
    page = visit(**options)
    page.fill("#text", text)
    page.select_option("#voice", "tester")
    page.click("#speak")
    expect(page.locator("#words .word").first).to_be_visible()
    expect(page.locator("#stop")).to_be_hidden()
    return page


def recording(visit, **options):
    """The page "Record" with three prompts and the microphone on."""
    page = visit("/record", **options)
    page.select_option("#reading", "own")
    page.fill("#own", OWN)
    page.fill("#own-language", "en")
    page.check("#consent")
    page.click("#begin")
    page.click("#allow")
    expect(page.locator("#to-prompts")).to_be_visible()
    return page


def take(page, seconds: float = 3.2) -> None:
    """Record the prompt that is shown, for so long by the microphone's own clock."""
    page.click("#record")
    expect(page.locator("#record")).to_have_class(re.compile(r"\bon\b"))
    page.evaluate("seconds => new Promise((done) => setTimeout(done, 1000 * seconds))", seconds)
    page.click("#record")


def verdict(page):
    return expect(page.locator("#prompt-state")).to_have_text(re.compile(r"dB above the noise|语音"))


# --- speak ---------------------------------------------------------------------------------------------------------------


def test_a_text_is_spoken_heard_and_kept_as_a_labelled_file(visit, worked, tmp_path):
    page = spoken(visit)
    assert page.locator("#words .sentence").count() == 2
    expect(page.locator("#time")).to_have_text(re.compile(r"0:0[1-9]"))
    assert page.evaluate(PAINTED)
    page.select_option("#format", "wav")
    with page.expect_download() as waiting:
        page.click("#download")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "tester-Hello-there-How-are-you.wav"
    label = read_label(path)
    assert label is not None
    assert label["ProduceID"] in worked.log.path.read_text("utf-8")
    samples, _ = soundfile.read(path)
    assert len(samples) / 16000 == pytest.approx(float(page.evaluate("() => Number(document.getElementById('seek').max)")), abs=0.01)
    expect(page.locator("#history .what").first).to_have_text("Hello there. How are you?")


def test_one_sentence_and_one_word_are_spoken_again_and_taken_back(visit):
    page = spoken(visit, "Hello there, my friend. How are you?")
    sent = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.url.endswith("/take") else None)
    length = page.locator("#seek").get_attribute("max")
    page.locator('.word[data-sentence="1"]').first.click()
    page.click("#retake-sentence")
    expect(page.locator("#undo")).to_be_enabled()
    assert list(sent[0]["sentences"]) == ["1"]
    assert page.locator('.word[aria-pressed="true"]').get_attribute("data-sentence") == "1"
    word = page.locator('.word[data-word="0"]').first
    word.click()
    expect(page.locator("#retake-word")).to_be_enabled()
    page.click("#retake-word")
    expect(page.locator("#stop")).to_be_hidden()
    assert [(one["sentence"], one["word"]) for one in sent[1]["words"]] == [(int(word.get_attribute("data-sentence")), 0)]
    for _ in range(2):
        page.click("#undo")
    expect(page.locator("#undo")).to_be_disabled()
    assert page.locator("#seek").get_attribute("max") == length


def test_takes_are_compared_at_the_same_place(visit):
    page = spoken(visit)
    page.click("#another")
    expect(page.locator("#takes .chip")).to_have_count(2)
    expect(page.locator("#play")).to_have_attribute("data-playing", "false")
    page.evaluate(HALFWAY)
    share = "() => Number(document.getElementById('seek').value) / Number(document.getElementById('seek').max)"
    before = page.evaluate(share)
    page.get_by_label("Take A").check(force=True)
    assert page.evaluate(share) == pytest.approx(before, abs=0.05)
    assert page.get_by_label("Take A").is_checked()


def test_all_of_it_can_be_done_by_keyboard(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "text"
    page.keyboard.type("One. Two and three.")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == "voice":
            page.keyboard.type("tester")
        if page.evaluate("() => document.activeElement.id") == "speak":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#words .word").nth(1)).to_be_visible()
    expect(page.locator("#stop")).to_be_hidden()
    while page.evaluate("() => !document.activeElement.classList.contains('word')"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.getAttribute('aria-pressed')") == "true"
    assert page.locator('.word[tabindex="0"]').count() == 1


def test_a_mistake_is_told_in_the_language_of_the_page(visit):
    page = visit(locale="zh-CN")
    assert page.locator("h1").text_content() == "朗读"
    page.fill("#text", "...")
    page.select_option("#voice", "tester")
    page.click("#speak")
    expect(page.locator(".message.bad")).to_have_text(re.compile("没有可读的文字"))
    visit.complaints.clear()  # the browser writes down every answer that is an error
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("Speak")
    page.goto(page.url.partition("?")[0])
    expect(page.locator("h1")).to_have_text("Speak")


# --- record --------------------------------------------------------------------------------------------------------------


def test_from_the_microphone_to_a_voice_that_speaks(visit, worked):
    page = recording(visit, size=PHONE)
    assert "no noise suppression" in page.text_content("#granted")
    expect(page.locator("#meter[aria-valuetext]")).to_be_visible()
    page.click("#room")
    expect(page.locator("#room-state")).to_have_text(re.compile("room|silence"))
    page.click("#to-prompts")
    for number, sentence in enumerate(OWN.splitlines()):
        expect(page.locator("#prompt")).to_have_text(sentence)
        take(page)
        verdict(page)
        if number < 2:
            page.click("#next")
    expect(page.locator("#make")).to_be_enabled()
    page.fill("#name", "from the browser")
    page.click("#make")
    expect(page.locator("#made a")).to_be_visible()
    voice = Library(worked.home).get("from the browser")
    assert voice.manifest.consent.note.startswith("This is my own voice")
    sitting = Sittings(worked.home).get(page.text_content("#code-shown"))
    device = sitting.takes[0].device
    assert (device["noiseSuppression"], device["autoGainControl"], device["echoCancellation"]) == (False, False, False)
    assert device["contextRate"] >= 16_000
    assert sitting.room is not None
    page.click("#made a")
    expect(page.locator("#voice")).to_have_value("from the browser")
    page.fill("#text", "Hello.")
    page.click("#speak")
    expect(page.locator("#words .word").first).to_be_visible()


def test_a_retake_replaces_what_was_said_before(visit, worked):
    page = recording(visit)
    page.click("#to-prompts")
    page.locator("body").press("Space")
    expect(page.locator("#record")).to_have_class(re.compile(r"\bon\b"))
    page.locator("body").press("Space")  # at once: nothing was said
    expect(page.locator("#advice li").first).to_be_visible()
    first = page.text_content("#prompt-state")
    take(page)
    expect(page.locator("#prompt-state")).not_to_have_text(first)
    verdict(page)
    sitting = Sittings(worked.home).get(page.text_content("#code-shown"))
    assert [one.prompt for one in sitting.takes] == [0, 0]
    assert sitting.best(0).id == sitting.takes[1].id
    page.click("#listen")
    page.locator("body").press("ArrowRight")
    expect(page.locator("#prompt")).to_have_text("Three and four.")


def test_a_take_survives_a_lost_connection_and_a_reload_and_the_sitting_is_resumed_elsewhere(visit, worked):
    page = recording(visit)
    page.click("#to-prompts")
    page.context.set_offline(True)
    take(page)
    expect(page.locator("#queue")).to_have_text(re.compile("1 recordings? wait"))
    code = page.text_content("#code-shown")
    assert Sittings(worked.home).get(code).takes == ()
    visit.complaints.clear()  # the browser writes down that it is offline
    page.context.set_offline(False)
    other = visit("/record", context=page.context)
    page.close()
    other.fill("#code", code.lower().replace("-", " "))
    other.locator("#resume-form button").click()
    expect(other.locator("#done-text")).to_have_text(re.compile("^1 of 3"))
    assert len(Sittings(worked.home).get(code).takes) == 1
    elsewhere = visit("/record", size=PHONE)
    elsewhere.fill("#code", code)
    elsewhere.locator("#resume-form button").click()
    expect(elsewhere.locator("#code-shown")).to_have_text(code)
    elsewhere.once("dialog", lambda dialog: dialog.accept())
    with elsewhere.expect_navigation():
        elsewhere.click("#remove")
    assert not any(Sittings(worked.home).folder.glob(f"{code.replace('-', '')}*"))
    visit.complaints.clear()


def test_a_recording_that_exists_becomes_a_voice(visit, worked, tmp_path):
    path = write_wav(tmp_path / "mine.wav", speech_like((4.0, 4.5, 4.0)))
    page = visit("/record")
    page.check("#consent")
    page.set_input_files("#file", path)
    page.locator("#file-form button").click()
    verdict(page)
    page.fill("#name", "brought")
    page.click("#make")
    expect(page.locator("#made a")).to_be_visible()
    assert Library(worked.home).get("brought").has_recording


# --- voices, jobs, phone -------------------------------------------------------------------------------------------------


def test_a_voice_is_described_found_given_a_style_and_taken_along(visit, worked, tiny, tmp_path):
    from tiny_base import add_tiny_voice

    add_tiny_voice(worked.home, tiny, "shelf", seed=3)
    voice = add_tiny_voice(worked.home, tiny, "grown", seed=4)
    points = [{"step": step, "learnt": 1 / (step + 1) if step else None, "held_out": 1.0 - step / 50} for step in (0, 10, 20)]
    course = {"what": "sound", "best_step": 20, "points": points}
    (voice.folder / "tuning.json").write_text(json.dumps({"courses": [course]}))
    page = visit("/voices")
    shelf = page.locator('.voice[data-name="shelf"]')
    assert page.locator('.voice[data-name="grown"] svg[role=img]').get_attribute("aria-label").startswith("sound: 20 steps")
    shelf.locator("summary").click()
    shelf.get_by_label("Tags, with commas").fill("warm, Narrator")
    shelf.get_by_label("Dialect").fill("Yorkshire")
    shelf.get_by_role("button", name="Save").click()
    expect(shelf.locator(".tag").nth(1)).to_have_text("warm")
    expect(shelf.locator(".facts")).to_have_text(re.compile("Yorkshire"))
    page.fill("#words", "yorkshire")
    expect(page.locator("#count")).to_have_text("Voices: 1")
    shelf.get_by_label("Name of a new style").fill("calm")
    shelf.get_by_label("Recording of 5 s or more").set_input_files(write_wav(tmp_path / "calm.wav", speech_like((3.0, 3.5))))
    shelf.get_by_role("button", name="Add the style").click()
    expect(shelf.locator(".tag.style")).to_have_text("calm")
    with page.expect_download() as waiting:
        shelf.get_by_role("button", name="Download as .voice").click()
    waiting.value.save_as(tmp_path / "shelf.voice")
    shelf.get_by_role("button", name="Listen to shelf").click()
    expect(shelf.locator(".listen")).to_have_text(re.compile("Stop|Listen"))
    page.once("dialog", lambda dialog: dialog.accept())
    shelf.get_by_role("button", name="Delete the voice").click()
    expect(page.locator("#count")).to_have_text("Voices: 0")
    page.set_input_files("#bring", tmp_path / "shelf.voice")
    expect(page.locator("#count")).to_have_text("Voices: 1")
    assert Library(worked.home).get("shelf/calm").style == "calm"


def test_a_job_shows_how_it_goes_what_happened_and_can_be_tried_again(visit, worked):
    from voxcommons.jobs.job import Order

    database = Database.of(Settings(home=worked.home))
    queue = DurableQueue(database)
    (job,) = queue.submit([Order("clone", {"recording": str(worked.home / "nowhere.wav"), "name": "lost"})])
    page = visit("/jobs")
    card = page.locator(f'.job[data-id="{job.id}"]')
    expect(card.locator(".state")).to_have_text(re.compile("^failed"))
    card.locator("summary").click()
    expect(card.locator(".events li").last).to_have_text(re.compile("failed"))
    card.get_by_role("button", name=re.compile("Try again")).click()
    expect(card.locator(".events")).to_have_text(re.compile("ordered again.*failed", re.DOTALL))
    (waiting,) = queue.submit([Order("nobody-can", {"name": "idle"})])
    other = page.locator(f'.job[data-id="{waiting.id}"]')
    other.get_by_role("button", name=re.compile("Cancel")).click()
    expect(other.locator(".state")).to_have_text(re.compile("^cancelled"))
    database.close()


def test_a_token_is_asked_for_once_and_a_link_for_a_phone_brings_it(chromium, tmp_path, tiny_folder, tiny):
    from tiny_base import add_tiny_voice
    from tiny_server import running

    token = "a-token-of-some-length"
    add_tiny_voice(tmp_path, tiny)
    with running(tmp_path, tiny_folder, tokens=frozenset({token})) as server:
        context = chromium.new_context(viewport=PHONE)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"{server.address}/studio/voices")
        page.fill("#token", token)
        page.locator("#sign-in button").click()
        expect(page.locator('.voice[data-name="tester"]')).to_be_visible()
        page.goto(f"{server.address}/studio/phone")
        expect(page.locator("#secret")).to_be_visible()
        assert page.locator("#qr").get_attribute("src").startswith("data:image/svg+xml")
        context.close()
        other = chromium.new_context()
        page = other.new_page()
        page.goto(f"{server.address}/studio/voices#token={token}")
        expect(page.locator('.voice[data-name="tester"]')).to_be_visible()
        assert "token" not in page.url
        other.close()


# --- for everybody -------------------------------------------------------------------------------------------------------


def findings(page) -> list[str]:
    """What axe finds, down to moderate, and whether anything has to be scrolled sideways."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed (extra dev)")
    found = axe.Axe().run(page).response["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical", "moderate")]
    wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    told = [f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in bad]
    return told + ([f"{wide} pixels too wide"] if wide > 0 else [])


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "zh-CN")])
def test_no_page_has_a_barrier_that_axe_finds_or_is_wider_than_a_small_phone(visit, scheme, locale):
    wrong, how = {}, {"color_scheme": scheme, "locale": locale, "size": {"width": 320, "height": 640}}
    for path in PAGES[1:] if scheme == "light" else ("/voices",):
        page = visit(path, **how)
        for summary in page.locator("summary:visible").all()[:3]:
            summary.click()
        wrong[path] = findings(page)
    page = spoken(visit, **how)
    page.locator(".word").first.click()
    page.locator("summary").click()
    expect(page.locator('#play[data-playing="false"]')).to_be_visible()  # from here on nothing repaints the words
    wrong["spoken"] = findings(page)
    page.eval_on_selector_all(".word", "words => words.forEach(word => word.classList.add('now'))")
    wrong["while it is heard"] = findings(page)
    page = recording(visit, **how)
    if scheme == "light":
        wrong["microphone"] = findings(page)
    page.click("#to-prompts")
    page.locator("summary").click()
    take(page, 0.3)
    expect(page.locator("#advice li").first).to_be_visible()
    wrong["prompts"] = findings(page)
    assert {path: found for path, found in wrong.items() if found} == {}
