"""Sittings: a person reads prompts one by one, today and perhaps tomorrow, until there is enough for a voice.

A sitting is a folder with one description and the takes as they were recorded, nothing else, so it is whole after a crash and is deleted by
deleting it. It is found by a resume code that a person can copy by hand; a browser that forgets everything loses no take. Every take has
an id that its sender chose, so that a take which is sent twice over a bad line is kept once.
"""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock

from voxcommons.audio.advice import Advice
from voxcommons.audio.files import load, save_flac
from voxcommons.base.errors import InputError
from voxcommons.base.files import atomic_path
from voxcommons.prepare.gate import REJECT
from voxcommons.text.segment import MODES
from voxcommons.voices.second_opinion import SecondOpinion
from voxcommons.voices.take_verdict import RoomTone, TakeVerdict, judge_room, judge_take

FOLDER: Final = "recordings"
JOINED: Final = "joined.flac"
MOST_PROMPTS, MOST_TAKES, LONGEST_PROMPT_CHARS = 500, 2000, 400
MOST_BYTES: Final = 4 << 30  # of one sitting: six hours of uncompressed sound
_FACTS: Final = "sitting.json"
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_CODE_CHARS: Final = 10
_TAKE_ID: Final = re.compile(r"[0-9a-f-]{8,40}\Z")
_RATE: Final = 48_000
_MOST_SITTINGS: Final = 10_000


@dataclass(frozen=True)
class Take:
    """A prompt that was read.

    Attributes:
        id: chosen by its sender.
        prompt: number of the prompt.
        file: its name in the folder of the sitting.
        at: seconds since 1970.
        verdict: how good it is.
        device: what the browser said about microphone and processing, as it was really granted.
    """

    id: str
    prompt: int
    file: str
    at: float
    verdict: TakeVerdict
    device: Mapping[str, str | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Sitting:
    """Everything about a sitting.

    Attributes:
        code: the resume code.
        language: of the prompts.
        prompts: the sentences to be read, in order; an empty one means a recording of its own words.
        consent: what the speaker agreed to, in words.
        created: seconds since 1970.
        room: how quiet the room is, once that was measured.
        takes: all takes, in order of arrival.
    """

    code: str
    language: str
    prompts: tuple[str, ...]
    consent: str
    created: float
    room: RoomTone | None = None
    takes: tuple[Take, ...] = ()

    def best(self, prompt: int) -> Take | None:
        """The take of a prompt that counts: the newest that was not rejected."""
        good = [take for take in self.takes if take.prompt == prompt and take.verdict.decision != REJECT]
        return good[-1] if good else None

    @property
    def kept(self) -> Sequence[Take]:
        """The takes that count, in order of the prompts."""
        found = (self.best(number) for number in range(len(self.prompts)))
        return [take for take in found if take is not None]

    @property
    def speech_s(self) -> float:
        """Seconds of speech that count."""
        return sum(take.verdict.speech_s for take in self.kept)

    @property
    def reading(self) -> str:
        """The mode in which its text is read: its language where that is one we read, else empty (to be found)."""
        primary = self.language.lower().partition("-")[0]
        return primary if self.text and primary in MODES else ""

    @property
    def text(self) -> str:
        """What is said in the takes that count; empty when it is not known of one of them."""
        said = [self.prompts[take.prompt].strip() for take in self.kept]
        return "\n".join(said) if all(said) else ""


@dataclass(frozen=True)
class Sittings:
    """The sittings of one installation.

    Attributes:
        home: the folder for all user data.
        clock: tells the time.
        opinions: makes the networks that are asked about recordings of one's own words; None asks nobody.
    """

    home: Path
    clock: Callable[[], float] = time.time
    opinions: Callable[[], SecondOpinion] | None = None

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.home / FOLDER

    def begin(self, prompts: Sequence[str], language: str, consent: str = "") -> Sitting:
        """Start a sitting.

        Raises:
            InputError: there is no prompt, too many, or one is too long.
            StorageError: the place cannot be written.
        """
        wanted = tuple(" ".join(prompt.split()) for prompt in prompts)
        longest = max(map(len, wanted), default=0)
        if not 1 <= len(wanted) <= MOST_PROMPTS or longest > LONGEST_PROMPT_CHARS:
            raise InputError(
                "these prompts cannot be read one by one", expected=f"1 to {MOST_PROMPTS} of at most {LONGEST_PROMPT_CHARS} characters",
                found=f"{len(wanted)}, the longest of {longest}", do="one sentence a line",
            )  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sum(1 for _ in self.folder.iterdir()) >= _MOST_SITTINGS:
            raise InputError("there is no room for more recordings", found=f"{_MOST_SITTINGS} of them", do="delete some")
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
        sitting = Sitting(code, language, wanted, consent, self.clock())
        _write(self.folder / code, sitting)
        return sitting

    def get(self, code: str) -> Sitting:
        """A sitting by its code, however it is typed.

        Raises:
            InputError: there is none.
        """
        return _read(self._place(code))

    def add(self, code: str, take_id: str, prompt: int, arrived: Path, device: Mapping[str, Any] | None = None) -> tuple[Sitting, Take]:
        """Judge a take and keep it; one that is known by its id is not kept again.

        Args:
            code: of the sitting.
            take_id: chosen by the sender, 8 to 40 hexadecimal digits or dashes.
            prompt: number of the prompt.
            arrived: the file; it is moved away.
            device: what the browser said about microphone and processing.

        Raises:
            InputError: no such sitting or prompt, no recording, or too many takes.
            CorruptFileError: the recording is damaged beyond reading.
            StorageError: the place cannot be written.
        """
        place = self._place(code)
        sitting = _read(place)
        known = next((take for take in sitting.takes if take.id == take_id), None)
        if known is not None:
            return sitting, known
        full = len(sitting.takes) >= MOST_TAKES or sum(file.stat().st_size for file in place.iterdir()) >= MOST_BYTES
        if full or not _TAKE_ID.match(take_id) or not 0 <= prompt < len(sitting.prompts):
            raise InputError(
                "this take cannot be kept",
                expected=f"a prompt from 1 to {len(sitting.prompts)}, at most {MOST_TAKES} takes and {MOST_BYTES >> 30} GiB",
                found=f"prompt {prompt + 1} after {len(sitting.takes)} takes", do="begin anew" if full else "reload the page",
            )  # fmt: skip
        text = sitting.prompts[prompt]
        # A sentence is judged while its reader waits; a recording that was made before may take a moment, and may be of two people.
        verdict = judge_take(arrived, text, self.opinions() if self.opinions is not None and not text else None)
        with self._changing(place):
            sitting = _read(place)
            known = next((take for take in sitting.takes if take.id == take_id), None)
            if known is not None:  # it came twice at once
                return sitting, known
            name = f"{prompt + 1:03}-{len(sitting.takes) + 1:04}{arrived.suffix or '.bin'}"
            arrived.replace(place / name)
            take = Take(take_id, prompt, name, self.clock(), verdict, _plain(device or {}))
            sitting = dataclasses.replace(sitting, takes=(*sitting.takes, take))
            _write(place, sitting)
        return sitting, take

    def add_room(self, code: str, arrived: Path) -> Sitting:
        """Judge a moment of silence and keep the verdict; raises as `add`."""
        place = self._place(code)
        room = judge_room(arrived)
        with self._changing(place):
            arrived.replace(place / f"room{arrived.suffix or '.bin'}")
            sitting = dataclasses.replace(_read(place), room=room)
            _write(place, sitting)
        return sitting

    def joined(self, code: str) -> Path:
        """One recording of all takes that count, for cloning.

        Raises:
            InputError: no such sitting, or no take counts.
            StorageError: the place cannot be written.
        """
        place = self._place(code)
        kept = _read(place).kept
        if not kept:
            raise InputError("nothing was recorded yet", expected="at least one good take", found="none", do="read some prompts first")
        # Takes keep the room around them: silence that is exactly zero would be taken for a device that suppresses noise.
        parts = [load(place / take.file, rate=_RATE).samples for take in kept]
        save_flac(place / JOINED, np.concatenate(parts), _RATE)
        return place / JOINED

    def remove(self, code: str) -> None:
        """Delete a sitting with all its recordings, for good; raises as `get`."""
        shutil.rmtree(self._place(code))

    def _place(self, code: str) -> Path:
        normal = re.sub(r"[\s-]", "", code).upper().translate(str.maketrans("OIL", "011"))
        place = self.folder / normal
        if len(normal) != _CODE_CHARS or set(normal) - set(_ALPHABET) or not (place / _FACTS).is_file():
            problem, found = "no recordings under this code", repr(code[:40])
            raise InputError(problem, expected="a code like 4F7KQ-9M2XA", found=found, do="check the code", key="no_such_sitting")
        return place

    @contextmanager
    def _changing(self, place: Path) -> Iterator[None]:
        with FileLock(place / ".lock"):
            yield


def shown(code: str) -> str:
    """A code as people copy it."""
    return f"{code[:5]}-{code[5:]}"


def _plain(device: Mapping[str, Any]) -> dict[str, str | float | bool | None]:
    """Few and short facts, whatever a browser sends."""
    kept = [(str(name)[:40], value) for name, value in list(device.items())[:20] if isinstance(value, str | float | int | None)]
    return {name: value[:200] if isinstance(value, str) else value for name, value in kept}


def _write(place: Path, sitting: Sitting) -> None:
    with atomic_path(place / _FACTS) as temporary:
        temporary.write_text(json.dumps(asdict(sitting), ensure_ascii=False, indent=1), encoding="utf-8")


def _read(place: Path) -> Sitting:
    made = json.loads((place / _FACTS).read_text("utf-8"))
    room, takes = made.pop("room"), made.pop("takes")
    return Sitting(
        **made | {"prompts": tuple(made["prompts"])},
        room=RoomTone(**_advised(room)) if room else None,
        takes=tuple(Take(**take | {"verdict": TakeVerdict(**_advised(take["verdict"]))}) for take in takes),
    )


def _advised(made: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with their advice, read back from JSON."""
    notes = (Advice(one["kind"], tuple((name, value) for name, value in one["fields"])) for one in made["advice"])
    return {**made, "advice": tuple(notes)}
