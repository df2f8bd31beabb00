"""A voice for one moment: features computed from a short clip, kept in memory and never in the library.

Apart from `cloning`, which makes a voice to keep: here the clip is taken whole, as the public program takes it, and
what was computed is remembered for a while, because a caller sends the same clip with every sentence.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from voxcommons.audio.files import Audio, load
from voxcommons.base.errors import InputError
from voxcommons.models.build import BaseModel
from voxcommons.prepare.features import codes_of, mixed_style, phones_of, style_of
from voxcommons.text.reader import read
from voxcommons.voicefile.features import Features
from voxcommons.voicefile.manifest import PROMPT_FILE, BaseFacts, FileFacts, PromptFacts, VoiceManifest

SHORTEST_S: Final = 3.0
LONGEST_S: Final = 10.0
MOST_BYTES: Final = 64 << 20
MOST_OTHERS: Final = 16
_MOST_OTHER_S: Final = 60.0  # more of another clip makes no closer timbre
_LENGTH_SLACK_S: Final = 0.01
_SILENT_PEAK: Final = 1e-3

_Stamp = tuple[str, int, int]
_Key = tuple[str, str | None, tuple[_Stamp, ...], str, str]


@dataclass(frozen=True)
class Clips:
    """What a passing voice is made from.

    Attributes:
        main: 3 to 10 s of the speaker; timbre and prompt.
        others: further clips, for the timbre alone.
        text: what is said in `main`; empty to speak without a prompt, from the timbre alone.
        language: of the text, a mode of `text.reader.read`.
    """

    main: Path
    others: tuple[Path, ...] = ()
    text: str = ""
    language: str = "auto"


@dataclass(frozen=True)
class PassingVoice:
    """A voice that lies in memory only; the engine takes it like one of the library."""

    manifest: VoiceManifest
    features: Features


def passing_voice(base: BaseModel, clips: Clips) -> PassingVoice:
    """Compute a voice from clips.

    Args:
        base: the base model, with its content encoder where there is a text.
        clips: what to make it from.

    Raises:
        InputError: a clip is no recording, silent, too large, or the main one is not 3 to 10 s long; the text's
            language cannot be read; the base model cannot clone.
        CorruptFileError: a clip is damaged beyond reading.
    """
    main = _main_clip(clips.main)
    others = [_clip(path) for path in clips.others[:MOST_OTHERS]]
    rate = main.rate
    style = mixed_style(base, [style_of(base, [clip.samples], clip.rate) for clip in (main, *others)])  # each has its own rate
    codes, phones, prompt = np.zeros(0, np.int64), np.zeros(0, np.int64), None
    if clips.text.strip():
        said = read(clips.text, clips.language, table=base.table)
        codes = codes_of(base, main.samples, rate)
        found = phones_of(base, main.samples, rate, said)
        phones = np.asarray(found.ids, np.int64)
        prompt = PromptFacts(0.0, round(main.seconds, 3), found.text, "text" if found.from_text else "recognised")
    features = Features(style, codes, phones)
    manifest = VoiceManifest(
        name=f"clip-{features.voice_id[:12]}",
        id=features.voice_id,
        language=_language(clips.language),
        base=BaseFacts(base.name, base.sha256),
        sample_rate=base.sample_rate,
        files={PROMPT_FILE: FileFacts(sum(array.nbytes for array in features.arrays().values()), features.sha256)},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        prompt=prompt,
    )
    return PassingVoice(manifest, features)


class PassingVoices:
    """The passing voices of late; the one unused for longest goes first. For one thread at a time.

    Args:
        most: how many are kept; one takes a few kilobytes.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._kept: OrderedDict[_Key, PassingVoice] = OrderedDict()

    def get(self, base: BaseModel, clips: Clips) -> PassingVoice:
        """The voice of these clips, computed if it is not kept or a file has changed; raises as `passing_voice`."""
        stamps = tuple(_stamp(path) for path in (clips.main, *clips.others))
        key = (base.sha256, base.own_weights, stamps, clips.text, clips.language)
        voice = self._kept.pop(key, None)
        if voice is None:
            voice = passing_voice(base, clips)
        self._kept[key] = voice
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return voice

    def forget(self) -> None:
        """Drop all of them."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


def _language(mode: str) -> str:
    """The language of a reading mode; "auto" where the mode leaves it open."""
    return "auto" if mode.startswith("auto") else mode.removeprefix("all_")


def _stamp(path: Path) -> _Stamp:
    facts = path.stat()
    return str(path), facts.st_mtime_ns, facts.st_size


def _main_clip(path: Path) -> Audio:
    audio = _clip(path)
    if not SHORTEST_S - _LENGTH_SLACK_S <= audio.seconds <= LONGEST_S + _LENGTH_SLACK_S:
        raise InputError(
            "the reference clip has the wrong length",
            expected=f"{SHORTEST_S:.0f} to {LONGEST_S:.0f} s",
            found=f"{audio.seconds:.1f} s",
            do="cut it, or make a voice of the whole recording: vox clone --help",
        )
    return audio


def _clip(path: Path) -> Audio:
    if path.stat().st_size > MOST_BYTES:
        found = f"{path.stat().st_size} bytes"
        raise InputError("the reference clip is too large", expected=f"at most {MOST_BYTES} bytes", found=found, do="cut it")
    audio = load(path, max_seconds=_MOST_OTHER_S)
    if float(np.abs(audio.samples).max(initial=0.0)) < _SILENT_PEAK:
        raise InputError("the reference clip is silent", expected="somebody speaking", found=path.name, key="recording_silent")
    return audio
