"""Tuning a voice as a job of the queue: what is ordered, and the handler that does it so that a second try is harmless.

Apart from tuning.py, which works for somebody who waits. A tuned voice takes its place in one swap and carries the job's id, so who
comes after a crash finds either the voice as it was and begins anew, or the mark, and is done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voxcommons.base.errors import InputError, UnknownVoiceError
from voxcommons.jobs.job import Order, Outcome
from voxcommons.jobs.worker import Work
from voxcommons.voices.library import Library, Voice

if TYPE_CHECKING:
    from voxcommons.base.settings import Settings

KIND: Final = "finetune"
_WAYS: Final = ("adapters", "last", "full")
_TRUE: Final = frozenset({"yes", "true", "1"})
_FALSE: Final = frozenset({"no", "false", "0"})
_MOST: Final = 100_000


@dataclass(frozen=True)
class FinetuneOrder:
    """A voice that is to be tuned.

    Attributes:
        voice: its name.
        recording: absolute path of a recording to add; empty for none. Workers on other machines must find it there too.
        text: what is said in it; empty when unknown.
        language: of it; empty when it is to be found.
        into: name of a new voice for the result; empty changes the voice itself.
        way: what may move.
        minutes: most minutes, a number in digits.
        steps: most steps, likewise; empty for no such bound.
        base: the base model; empty for the one the voice was made for.
        fresh: start from the base model instead of from what the voice has learnt.
    """

    voice: str
    recording: str = ""
    text: str = ""
    language: str = ""
    into: str = ""
    way: str = "adapters"
    minutes: str = "30"
    steps: str = ""
    base: str = ""
    fresh: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> FinetuneOrder:
        """From texts a person typed, or from a payload.

        Raises:
            InputError: naming every fault.
        """
        known = {field.name for field in fields(cls)}
        faults = [f"unknown {name}" for name in given if name not in known] + ([] if given.get("voice") else ["no voice"])
        values: dict[str, Any] = {}
        for name in known & set(given):
            value = given[name]
            if name == "fresh":
                values[name] = str(value).lower() in _TRUE
                faults += [] if str(value).lower() in _TRUE | _FALSE else [f"fresh={value}, neither yes nor no"]
            else:
                values[name] = value
                faults += [] if isinstance(value, str) else [f"{name} that is no text"]
        faults += _wrong_values(values)
        if faults:
            more = ", ".join(sorted(known - {"voice"}))
            raise InputError("this cannot be tuned", expected=f"voice=NAME and perhaps {more}", found="; ".join(faults))
        return cls(**values)

    def order(self, settings: Settings) -> Order:
        """The order for the queue.

        Raises:
            InputError: there is no such voice or recording, or the new name is taken.
        """
        library = Library(settings.home)
        name = library.get(self.voice).name
        if self.into:
            library.reserve(self.into)
        path = Path(self.recording).absolute() if self.recording else None
        if path is not None and not path.is_file():
            raise InputError("no such file", expected="a recording", found=str(path), key="no_such_file")
        return Order(KIND, {**asdict(self), "voice": name, "recording": str(path or "")})


def _wrong_values(values: Mapping[str, Any]) -> list[str]:
    faults = []
    if values.get("way", _WAYS[0]) not in _WAYS:
        faults.append(f"way={values['way']}, none of {', '.join(_WAYS)}")
    for name, usual in (("minutes", "30"), ("steps", "1")):
        given = str(values.get(name) or usual)
        if not (given.replace(".", "", name == "minutes").isdecimal() and 0 < float(given) < _MOST):
            faults.append(f"{name}={given}, which is no such number")
    return faults


class FinetuneHandler:
    """Tunes voices.

    Args:
        settings: of the installation; voices lie in its library.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, work: Work) -> Outcome:
        """Do one job; see the head of this file.

        Raises:
            InputError: the voice or the recording cannot be used, or the tuning did harm.
            Cancelled: the job is to stop.
        """
        from voxcommons.voices.tuning import MARK, tuning_notes  # loads torch, which ordering must not

        wanted = FinetuneOrder.read(work.payload)
        library = Library(self._settings.home)
        with contextlib.suppress(UnknownVoiceError):
            there = library.get(wanted.into or wanted.voice)
            if tuning_notes(there).get(MARK) == work.job_id:
                return _outcome(there, changed=True)
        return self._tune(wanted, library, work)

    def _tune(self, wanted: FinetuneOrder, library: Library, work: Work) -> Outcome:
        from voxcommons.models.build import use_threads
        from voxcommons.train.few_shot import FewShotRecipe
        from voxcommons.voices.base_models import base_of_voice, find_base
        from voxcommons.voices.tuning import TuneOptions, finetune
        from voxcommons.voices.tuning_phrases import Source

        use_threads(self._settings.threads or 1)
        home = self._settings.home
        place = find_base(wanted.base or base_of_voice(library.get(wanted.voice).manifest.base.name, home), home)
        steps = int(wanted.steps) if wanted.steps else None
        recipe = FewShotRecipe(way=wanted.way, parts=("sound",), steps=steps, minutes=float(wanted.minutes))  # type: ignore[arg-type]
        options = TuneOptions(recipe, fresh=wanted.fresh, into=wanted.into or None, mark=work.job_id)
        added = [Source(Path(wanted.recording), wanted.text or None, wanted.language or None)] if wanted.recording else []
        made = finetune(library, wanted.voice, added, base_place=place, home=home, options=options, progress=work)
        return _outcome(made.voice, changed=made.changed)


def _outcome(voice: Voice, *, changed: bool) -> Outcome:
    return Outcome({"voice": voice.name, "id": voice.manifest.id, "folder": str(voice.folder), "changed": changed})


def finetune_order(given: Mapping[str, Any], settings: Settings) -> Order:
    """An order from what a person typed; raises as `FinetuneOrder.read` and `FinetuneOrder.order`."""
    return FinetuneOrder.read(given).order(settings)
