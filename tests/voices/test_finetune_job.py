"""A tuning ordered from the queue comes about once, wherever its worker dies."""

import pytest

from dying_work import Power, Work
from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.base.settings import Settings
from voxcommons.models.build import load_base, save_base
from voxcommons.voices.enrolment import enrol
from voxcommons.voices.finetune_job import FinetuneHandler, FinetuneOrder, finetune_order
from voxcommons.voices.library import Library
from voxcommons.voices.tasks import TASKS
from voxcommons.voices.tuning import tuning_notes


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture
def settings(home, base, tmp_path):
    recording = write_wav(tmp_path / "a.wav", speech_like((4.0, 5.0, 4.0, 3.0), 1.0))
    enrol(recording, "a", language="en", base=load_base(base), library=Library(home))
    return Settings(home=home, threads=1)


def payload(settings, base, **more):
    return finetune_order({"voice": "a", "base": str(base), "steps": "10"} | more, settings).payload


def test_a_voice_is_tuned_once_however_often_the_job_is_tried(settings, base):
    handler, wanted = FinetuneHandler(settings), payload(settings, base, into="b")
    work = Work(wanted)
    first = handler(work).result
    library = Library(settings.home)
    assert (first["voice"], first["changed"]) == ("b", True)
    assert tuning_notes(library.get("b"))["mark"] == work.job_id
    stamp = (library.get("b").folder / "voice.json").stat().st_mtime_ns
    again = Work(wanted)
    assert handler(again).result == first
    assert again.steps == 0
    assert (library.get("b").folder / "voice.json").stat().st_mtime_ns == stamp


def test_a_worker_that_dies_leaves_the_voice_as_it_was(settings, base):
    library = Library(settings.home)
    before = (library.get("a").folder / "voice.json").read_bytes()
    for dies_at in (1, 8, 14):
        with pytest.raises(Power):
            FinetuneHandler(settings)(Work(payload(settings, base), dies_at=dies_at))
        assert (library.get("a").folder / "voice.json").read_bytes() == before


def test_orders_are_refused_at_once(settings, tmp_path):
    with pytest.raises(InputError, match="no voice; unknown speed|unknown speed; no voice"):
        FinetuneOrder.read({"speed": "1"})
    with pytest.raises(InputError, match="way=magic.*minutes=soon.*steps=-1"):
        FinetuneOrder.read({"voice": "a", "way": "magic", "minutes": "soon", "steps": "-1"})
    with pytest.raises(InputError, match="fresh=perhaps"):
        FinetuneOrder.read({"voice": "a", "fresh": "perhaps"})
    with pytest.raises(InputError, match="no such voice"):
        finetune_order({"voice": "nobody"}, settings)
    with pytest.raises(InputError, match="no such file"):
        finetune_order({"voice": "a", "recording": str(tmp_path / "none.wav")}, settings)
    with pytest.raises(InputError, match="already there"):
        finetune_order({"voice": "a", "into": "a"}, settings)


def test_the_queue_knows_the_kind():
    assert TASKS["finetune"].order is finetune_order
