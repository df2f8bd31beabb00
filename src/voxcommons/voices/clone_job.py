"""Cloning as a job of the queue: what is ordered, and the handler that does it so that a second try is harmless.

Apart from enrolment.py, which makes one voice for somebody who waits, and which does the work here too. A worker may be killed
at any moment and another begins anew: the voice is built aside, noted as ready, and moved into the library by one rename. Who
comes later finds either nothing ready and starts over, or the note and the voice in its place, and is done.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voxcommons.base.errors import InputError, UnknownVoiceError
from voxcommons.jobs.job import Order, Outcome
from voxcommons.jobs.worker import Work
from voxcommons.prepare.gate import GATES
from voxcommons.voicefile.names import voice_name
from voxcommons.voices.library import Library

if TYPE_CHECKING:
    from voxcommons.base.settings import Settings
    from voxcommons.models.build import BaseModel

KIND: Final = "clone"
_FOLDER: Final = "jobs"
NO_GATE: Final = "none"
_READY: Final = "ready"
_NOTES_KEPT_S: Final = 7 * 86_400
_TRUE: Final = frozenset({"yes", "true", "1"})
_FALSE: Final = frozenset({"no", "false", "0"})
_SWITCHES: Final = ("denoise", "keep_recording", "preview", "replace")


@dataclass(frozen=True)
class CloneOrder:
    """A voice that is to be cloned.

    Attributes:
        recording: absolute path of the recording; workers on other machines must find it there too.
        name: of the new voice.
        text: what is said in it; empty when unknown.
        language: of the recording; empty when it is to be found.
        base: the base model, as for ``--base``.
        consent: a note on the speaker's consent.
        licence: under which the voice may be shared.
        gate: refuse a recording that this gate rejects; one of `prepare.gate.GATES`, or "none".
        denoise: lower the noise first.
        keep_recording: keep the recording with the voice.
        preview: let the voice speak a sample of itself.
        replace: whether a voice of that name gives way.
    """

    recording: str
    name: str
    text: str = ""
    language: str = ""
    base: str = "starter"
    consent: str = ""
    licence: str = ""
    gate: str = NO_GATE
    denoise: bool = False
    keep_recording: bool = True
    preview: bool = True
    replace: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> CloneOrder:
        """From texts a person typed, or from a payload.

        Raises:
            InputError: naming every fault.
        """
        known = {field.name: field for field in fields(cls)}
        faults = [f"unknown {name}" for name in given if name not in known]
        faults += [f"no {name}" for name in ("recording", "name") if not given.get(name)]
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name in _SWITCHES:
                values[name] = str(value).lower() in _TRUE
                faults += [] if str(value).lower() in _TRUE | _FALSE else [f"{name}={value}, neither yes nor no"]
            elif name in known:
                values[name] = value
                faults += [] if isinstance(value, str) else [f"{name} that is no text"]
        if values.get("gate", NO_GATE) not in (NO_GATE, *GATES):
            faults.append(f"gate={values['gate']!r}, none of {', '.join((NO_GATE, *GATES))}")
        if faults:
            more = ", ".join(sorted(set(known) - {"recording", "name"}))
            raise InputError("this cannot be cloned", expected=f"recording=FILE name=NAME and perhaps {more}", found="; ".join(faults))
        return cls(**values)

    def order(self, settings: Settings) -> Order:
        """The order for the queue.

        Raises:
            InputError: there is no such recording, or the name is taken.
        """
        path = Path(self.recording).absolute()
        if not path.is_file():
            raise InputError("no such file", expected="a recording", found=str(path), key="no_such_file")
        Library(settings.home).reserve(self.name, replace=self.replace)
        return Order(KIND, {**asdict(self), "recording": str(path), "name": voice_name(self.name)})


class CloneHandler:
    """Clones voices, and keeps the base model loaded from one job to the next.

    Args:
        settings: of the installation; voices go into its library.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base: tuple[str, BaseModel] | None = None

    def __call__(self, work: Work) -> Outcome:
        """Do one job; see the head of this file.

        Raises:
            InputError: the recording or the name cannot be used.
            Cancelled: the job is to stop.
        """
        wanted = CloneOrder.read(work.payload)
        library = Library(self._settings.home)
        place = self._settings.home / _FOLDER
        if not _is_there(library, wanted.name, place, work.job_id):
            aside = place / f"{work.job_id}-{work.number}"
            shutil.rmtree(aside, ignore_errors=True)
            library.reserve(wanted.name, replace=wanted.replace)
            built = self._build(wanted, Library(aside, bundled=aside / "none"), work)
            (aside / _READY).write_text(built, encoding="ascii")
            work.check()
            library.move_in(aside / "voices" / wanted.name, replace=wanted.replace)
        voice = library.get(wanted.name)
        _tidy(place, work)
        return Outcome({"voice": voice.name, "id": voice.manifest.id, "folder": str(voice.folder), "language": voice.manifest.language})

    def _build(self, wanted: CloneOrder, library: Library, work: Work) -> str:
        """Make the voice in a library of its own; its id."""
        from voxcommons.voices.cloning import CloneOptions  # these load torch, which ordering must not
        from voxcommons.voices.enrolment import EnrolOptions, enrol_taken
        from voxcommons.voices.intake import take_in
        from voxcommons.voices.preview import preview_with

        gate = GATES.get(wanted.gate, GATES["normal"])
        asked = EnrolOptions(gate, take_rejected=wanted.gate == NO_GATE, denoise=wanted.denoise)
        intake = take_in(wanted.recording, asked, work)
        base = self._base_model(wanted.base, work)
        about = CloneOptions(
            keep_recording=wanted.keep_recording, consent=wanted.consent, licence=wanted.licence,
            preview=preview_with(base, self._settings, work) if wanted.preview else None,
        )  # fmt: skip
        made = enrol_taken(
            intake, wanted.name, text=wanted.text or None, language=wanted.language or None, base=base, library=library, progress=work,
            options=replace(asked, clone=about),
        )  # fmt: skip
        for note in made.advice:
            work.note(note.text(self._settings.language_of_messages))
        return made.voice.manifest.id

    def _base_model(self, name: str, work: Work) -> BaseModel:
        if self._base is None or self._base[0] != name:
            from voxcommons.models.build import load_base, use_threads
            from voxcommons.voices.base_models import find_base
            from voxcommons.voices.public_networks import equipped

            work.start(None, f"loading the base model {name}")
            use_threads(self._settings.threads)
            self._base = None  # let go of the last one first: two may not fit
            loaded = load_base(find_base(name, self._settings.home), parts=("content", "semantic_to_wave", "text_to_semantic"))
            self._base = (name, equipped(loaded, self._settings.home, cloning=True))
        return self._base[1]


def _is_there(library: Library, name: str, place: Path, job_id: str) -> bool:
    """Whether an earlier try of this job has put its voice into the library already."""
    ready = {note.read_text("ascii") for note in place.glob(f"{job_id}-*/{_READY}")}
    with contextlib.suppress(UnknownVoiceError):
        return library.get(name).manifest.id in ready
    return False


def _tidy(place: Path, work: Work) -> None:
    """Remove what is left of this job but the note, which a try after this one needs, and the notes of a week ago."""
    for folder in place.glob(f"{work.job_id}-*"):
        shutil.rmtree(folder / "voices", ignore_errors=True)
    week_ago = time.time() - _NOTES_KEPT_S
    for note in place.glob(f"*/{_READY}"):
        if note.stat().st_mtime < week_ago:
            shutil.rmtree(note.parent, ignore_errors=True)


def clone_order(given: Mapping[str, Any], settings: Settings) -> Order:
    """An order from what a person typed; raises as `CloneOrder.read` and `CloneOrder.order`."""
    return CloneOrder.read(given).order(settings)
