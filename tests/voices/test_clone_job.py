"""A voice ordered from the queue comes about once, wherever its worker dies."""

import numpy as np
import pytest

from dying_work import Power, Work
from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.database import Database
from voxcommons.base.errors import InputError
from voxcommons.base.settings import Settings
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.job import State
from voxcommons.jobs.worker import Worker
from voxcommons.models.build import save_base
from voxcommons.voicefile.check import check
from voxcommons.voices.clone_job import CloneHandler, CloneOrder, clone_order
from voxcommons.voices.library import Library


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True), folder)
    return str(folder)


@pytest.fixture
def settings(home):
    return Settings(home=home)


@pytest.fixture
def given(base, tmp_path):
    return {"recording": str(write_wav(tmp_path / "录音.wav", speech_like((4.0, 6.0)))), "name": "小明", "base": base, "consent": "yes"}


@pytest.fixture
def queue(settings):
    database = Database.of(settings)
    yield DurableQueue(database)
    database.close()


def test_a_voice_is_ordered_and_made(settings, queue, given):
    (job,) = queue.submit([clone_order(given, settings)])
    Worker(queue, {"clone": CloneHandler(settings)}).run(until_empty=True)
    done = queue.get(job.id)
    assert (done.state, done.result["voice"]) == (State.DONE, "小明")
    voice = Library(settings.home).get("小明")
    assert check(voice.folder) == []
    assert voice.manifest.id == done.result["id"]
    assert voice.manifest.consent.note == "yes"
    assert (voice.folder / "preview.flac").is_file()


def test_a_voice_is_ordered_without_a_sample_and_cleaned(settings, given):
    payload = clone_order(given | {"preview": "no", "denoise": "yes", "keep_recording": "no"}, settings).payload
    notes = Work(payload)
    CloneHandler(settings)(notes)
    folder = Library(settings.home).get("小明").folder
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "prompt.safetensors", "voice.json"]
    assert any("noise" in note for note in notes.notes)


def test_a_gate_that_was_ordered_refuses_a_poor_recording_for_good(settings, queue, given, tmp_path):
    sound = speech_like((4.0, 6.0))
    noisy = sound + np.random.default_rng(0).normal(0, 0.3 * sound.std(), len(sound)).astype(np.float32)
    given = given | {"recording": str(write_wav(tmp_path / "noisy.wav", noisy))}
    strict, any_ = queue.submit(clone_order(given | more, settings) for more in ({"gate": "strict"}, {"gate": "none", "name": "other"}))
    Worker(queue, {"clone": CloneHandler(settings)}, poll_s=0.001).run(until_empty=True)
    assert (queue.get(strict.id).state, queue.get(strict.id).tries) == (State.FAILED, 1)
    assert "not good enough" in queue.get(strict.id).error
    assert queue.get(any_.id).state == State.DONE


def test_wherever_a_worker_dies_the_next_makes_the_voice(settings, given):
    handler, library = CloneHandler(settings), Library(settings.home)
    payload = clone_order(given, settings).payload
    steps = Work(payload)
    handler(steps)
    assert steps.steps > 8
    library.remove("小明")
    for dies_at in range(1, steps.steps + 1, 4):
        for old in (settings.home / "jobs").glob("*/ready"):
            old.unlink()
        with pytest.raises(Power):
            handler(Work(payload, dies_at=dies_at))
        assert [voice.name for voice in library.list() if not voice.bundled] == []
        assert handler(Work(payload, number=2)).result["voice"] == "小明"
        library.remove("小明")


def test_a_worker_that_dies_behind_the_last_step_is_followed_by_one_that_finds_the_work_done(settings, given):
    handler = CloneHandler(settings)
    payload = clone_order(given, settings).payload
    first = handler(Work(payload))
    stamp = (Library(settings.home).get("小明").folder / "voice.json").stat().st_mtime_ns
    assert handler(Work(payload, number=2)) == first
    assert (Library(settings.home).get("小明").folder / "voice.json").stat().st_mtime_ns == stamp


def test_a_name_that_somebody_else_took_meanwhile_is_not_ours(settings, given):
    payload = clone_order(given, settings).payload
    CloneHandler(settings)(Work(payload))
    for note in (settings.home / "jobs").glob("*/ready"):
        note.unlink()
    with pytest.raises(InputError, match="already there"):
        CloneHandler(settings)(Work(payload, number=2))


def test_an_order_that_cannot_be_is_refused_before_it_is_queued(settings, given):
    for wrong, said in (
        ({}, "no recording; no name"),
        ({"recording": "x", "name": "y", "colour": "red", "replace": "perhaps"}, "unknown colour; replace=perhaps"),
        (given | {"recording": "/nowhere.wav"}, "no such file"),
        (given | {"gate": "high"}, "gate='high', none of none, "),
        (given | {"name": "a/b"}, "cannot be the name"),
    ):
        with pytest.raises(InputError, match=said):
            clone_order(wrong, settings)
    assert CloneOrder.read(given | {"keep_recording": "no"}).keep_recording is False
