"""``voice.json``: what a voice says about itself.

A frozen value on one side, strict JSON on the other. Reading reports every fault at once, so that a person mends a
manifest in one go. It must not look at other files; ``check`` compares the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.voicefile.names import voice_name

SCHEMA: Final = 2
_FIRST_SCHEMA: Final = 1  # without tags, styles and a lexicon; a voice that has none of them is still written so
MOST_BYTES: Final = 256 << 10
MANIFEST_FILE: Final = "voice.json"
PROMPT_FILE: Final = "prompt.safetensors"
WEIGHTS_FILE: Final = "weights.safetensors"
REFERENCE_FILE: Final = "reference.flac"
TRANSCRIPT_FILE: Final = "reference.txt"
PREVIEW_FILE: Final = "preview.flac"
CARD_FILE: Final = "README.md"
LEXICON_FILE: Final = "lexicon.tsv"
TUNING_FILE: Final = "tuning.json"
CURVE_FILE: Final = "tuning.png"
MOST_STYLES: Final = 16
MOST_TAGS: Final = 32
_LONGEST_TAG_CHARS: Final = 40
# Every file a voice may have besides its manifest, with the most bytes it may take.
FILE_LIMITS: Final[Mapping[str, int]] = {
    PROMPT_FILE: 4 << 20,
    WEIGHTS_FILE: 1 << 30,
    REFERENCE_FILE: 64 << 20,
    TRANSCRIPT_FILE: 1 << 20,
    PREVIEW_FILE: 16 << 20,
    CARD_FILE: 1 << 20,
    LEXICON_FILE: 1 << 20,
    TUNING_FILE: 4 << 20,
    CURVE_FILE: 4 << 20,
    # A style keeps its name in voice.json and its files under a number: every file system takes those.
    **{f"style-{slot:02}.safetensors": 4 << 20 for slot in range(1, MOST_STYLES + 1)},
    **{f"style-{slot:02}.flac": 16 << 20 for slot in range(1, MOST_STYLES + 1)},
}
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_ID: Final = re.compile(r"[0-9a-f]{32}\Z")


@dataclass(frozen=True)
class FileFacts:
    """Size and content hash of one file of a voice."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class BaseFacts:
    """The base model that a voice differs from; features mean something only beside it."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Consent:
    """What the maker of a voice noted about the speaker's consent. A note, not a proof.

    Attributes:
        note: in the maker's words; empty when nothing was noted.
        noted: when, as an ISO 8601 time; empty with the note.
    """

    note: str = ""
    noted: str = ""


@dataclass(frozen=True)
class PromptFacts:
    """The piece of the recording that is the prompt.

    Attributes:
        start_s, end_s: in the recording it was taken from.
        text: what is said in it, when that is known.
        phones_from: ``text`` (read and aligned) or ``recognised`` (heard by the base model).
    """

    start_s: float
    end_s: float
    text: str = ""
    phones_from: str = "recognised"


@dataclass(frozen=True)
class RecordingFacts:
    """What the recording was like, kept even when the recording is not.

    Attributes:
        seconds: of the whole recording.
        speech_s: seconds of speech that were used.
        snr_db: speech over noise.
        bandwidth_hz: highest frequency in it.
        verdict: ``excellent``, ``good``, ``usable`` or ``poor``.
    """

    seconds: float
    speech_s: float
    snr_db: float
    bandwidth_hz: float
    verdict: str


@dataclass(frozen=True)
class StyleFacts:
    """A second way the voice speaks, from another clip of the same person: calm, angry, whispering.

    Attributes:
        slot: number of its files, 1 to 16.
        text: what is said in its prompt, when that is known.
        phones_from: as in PromptFacts.
        created: ISO 8601 time with its zone.
    """

    slot: int
    text: str = ""
    phones_from: str = "recognised"
    created: str = ""

    @property
    def features_file(self) -> str:
        """Its style vector and prompt."""
        return f"style-{self.slot:02}.safetensors"

    @property
    def recording_file(self) -> str:
        """The clip it was made from; it may be left out."""
        return f"style-{self.slot:02}.flac"


@dataclass(frozen=True)
class VoiceManifest:
    """Everything ``voice.json`` holds.

    Attributes:
        name: for people, and the name of the folder.
        id: 32 hexadecimal digits of the hash of the voice's features; it stays when a voice is renamed.
        language: of the recording (``en``, ``zh``, ``yue-HK``), or ``und`` when unknown.
        base: the base model.
        sample_rate: in Hz, of the sound the voice makes.
        files: facts of every other file in the folder.
        created: ISO 8601 time with its zone.
        licence: SPDX name or words; empty means: not to be shared.
        speaker: optional facts the speaker chose to give, in their own words: ``gender``, ``age``, ``dialect``, ``region``.
        consent: the note on consent.
        prompt: where the prompt came from.
        recording: what the recording was like.
        schema: version of this format; the oldest that can say what is said is written.
        tags: words to find it by, in order and each once.
        styles: further ways of speaking, by name.
    """

    name: str
    id: str
    language: str
    base: BaseFacts
    sample_rate: int
    files: Mapping[str, FileFacts]
    created: str
    licence: str = ""
    speaker: Mapping[str, str] = field(default_factory=dict)
    consent: Consent = field(default_factory=Consent)
    prompt: PromptFacts | None = None
    recording: RecordingFacts | None = None
    schema: int = SCHEMA
    tags: tuple[str, ...] = ()
    styles: Mapping[str, StyleFacts] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of ``voice.json``; equal manifests give equal text."""
        data = asdict(self) | {"schema": SCHEMA}
        if not (self.tags or self.styles or LEXICON_FILE in self.files):
            data["schema"] = _FIRST_SCHEMA
            del data["tags"], data["styles"]
        return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def parse_manifest(text: str | bytes) -> VoiceManifest:
    """Read ``voice.json``.

    Raises:
        CorruptFileError: with ``faults`` (a tuple of sentences) among its fields, every one of them.
    """
    found, faults = read_manifest(text)
    if found is None:
        raise CorruptFileError(
            "the voice is damaged", expected="a valid voice.json", found="; ".join(faults), key="voice_damaged", faults=tuple(faults)
        )
    return found


def read_manifest(text: str | bytes) -> tuple[VoiceManifest | None, list[str]]:
    """Read ``voice.json`` and list its faults; the manifest is None exactly when there are any."""
    if len(text) > MOST_BYTES:
        return None, [f"voice.json has {len(text)} bytes, more than {MOST_BYTES}"]
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None, ["voice.json is not JSON"]
    if not isinstance(data, dict):
        return None, ["voice.json is not an object"]
    if type(data.get("schema")) is not int or not _FIRST_SCHEMA <= data["schema"] <= SCHEMA:
        return None, [f"voice.json has schema {data.get('schema')!r}, this program reads {_FIRST_SCHEMA} to {SCHEMA}"]
    reader = _Reader(data)
    manifest = reader.manifest()
    return (None, reader.faults) if reader.faults else (manifest, [])


class _Reader:
    """Takes a JSON object apart and notes every fault on the way."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self.faults: list[str] = []

    def manifest(self) -> VoiceManifest:
        data = self._data
        for unknown in sorted(set(data) - set(VoiceManifest.__dataclass_fields__)):
            self.faults.append(f"unknown field {unknown!r}")
        return VoiceManifest(
            name=self._text(data, "name", _is_name, "a name that can be a folder"),
            id=self._text(data, "id", _ID.match, "32 hexadecimal digits"),
            language=self._text(data, "language", _LANGUAGE.match, "a language tag"),
            base=self._base(),
            sample_rate=int(self._number(data, "sample_rate", 8_000, 192_000)),
            files=self._files(),
            created=self._text(data, "created", _is_time, "an ISO 8601 time with its zone"),
            licence=self._text(data, "licence", None, "text", optional=True),
            speaker=self._speaker(),
            consent=Consent(
                note=self._text(self._object("consent"), "note", None, "text", optional=True),
                noted=self._text(self._object("consent"), "noted", _is_time, "an ISO 8601 time with its zone", optional=True),
            ),
            prompt=self._prompt(),
            recording=self._recording(),
            tags=self._tags(),
            styles=self._styles(),
        )

    def _text(
        self,
        data: Mapping[str, Any],
        name: str,
        valid: Callable[[str], object] | None,
        expected: str,
        *,
        optional: bool = False,
    ) -> str:
        value = data.get(name, "" if optional else None)
        if optional and value == "":
            return ""
        if not isinstance(value, str) or len(value) > 4000 or (valid is not None and not valid(value)):
            self.faults.append(f"{name}: expected {expected}, found {_short(value)}")
            return ""
        return value

    def _number(self, data: Mapping[str, Any], name: str, low: float, high: float) -> float:
        value = data.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.faults.append(f"{name}: expected a number from {low} to {high}, found {_short(value)}")
            return low
        return value

    def _object(self, name: str) -> Mapping[str, Any]:
        value = self._data.get(name) or {}
        if not isinstance(value, dict):
            self.faults.append(f"{name}: expected an object, found {_short(value)}")
            return {}
        return value

    def _base(self) -> BaseFacts:
        data = self._object("base")
        return BaseFacts(
            name=self._text(data, "name", lambda text: 0 < len(text) <= 200, "the name of a base model"),
            sha256=self._text(data, "sha256", _SHA256.match, "64 hexadecimal digits"),
        )

    def _files(self) -> dict[str, FileFacts]:
        files: dict[str, FileFacts] = {}
        for name, facts in self._object("files").items():
            if name not in FILE_LIMITS:
                self.faults.append(f"files: {_short(name)} is not a file of a voice")
            elif not isinstance(facts, dict) or set(facts) != {"bytes", "sha256"}:
                self.faults.append(f"files: {name} needs bytes and sha256, found {_short(facts)}")
            else:
                size = self._number(facts, "bytes", 0, FILE_LIMITS[name])
                files[name] = FileFacts(int(size), self._text(facts, "sha256", _SHA256.match, "64 hexadecimal digits"))
        if PROMPT_FILE not in files:
            self.faults.append(f"files: {PROMPT_FILE} is missing")
        return files

    def _speaker(self) -> dict[str, str]:
        speaker = self._object("speaker")
        if not all(isinstance(value, str) and len(value) <= 200 for value in speaker.values()) or len(speaker) > 20:
            self.faults.append("speaker: expected at most 20 short texts")
            return {}
        return dict(speaker)

    def _tags(self) -> tuple[str, ...]:
        tags = self._data.get("tags") or []
        good = isinstance(tags, list) and len(tags) <= MOST_TAGS and all(is_tag(tag) for tag in tags)
        if not good or len(set(tags)) != len(tags):
            self.faults.append(f"tags: expected at most {MOST_TAGS} different short words, found {_short(tags)}")
            return ()
        return tuple(tags)

    def _styles(self) -> dict[str, StyleFacts]:
        found: dict[str, StyleFacts] = {}
        for name, data in self._object("styles").items():
            if not _is_name(name) or not isinstance(data, dict) or type(data.get("slot")) is not int:
                self.faults.append(f"styles: {_short(name)} has no name or no slot")
                continue
            found[name] = StyleFacts(
                slot=int(self._number(data, "slot", 1, MOST_STYLES)),
                text=self._text(data, "text", None, "text", optional=True),
                phones_from=self._text(data, "phones_from", {"text", "recognised"}.__contains__, '"text" or "recognised"'),
                created=self._text(data, "created", _is_time, "an ISO 8601 time with its zone", optional=True),
            )
        self._compare_style_files(found)
        return found

    def _compare_style_files(self, styles: Mapping[str, StyleFacts]) -> None:
        """A style has its features, and a file of a style belongs to one."""
        files = self._data.get("files")
        listed = {name for name in files if name.startswith("style-")} if isinstance(files, dict) else set()
        needed = [style.features_file for style in styles.values()]
        if len(set(needed)) != len(needed):
            self.faults.append("styles: two share a slot")
        self.faults += [f"styles: {name} is missing" for name in sorted(set(needed) - listed)]
        known = {*needed, *(style.recording_file for style in styles.values())}
        self.faults += [f"files: {_short(name)} belongs to no style" for name in sorted(listed - known)]

    def _prompt(self) -> PromptFacts | None:
        data = self._object("prompt")
        if not data:
            return None
        return PromptFacts(
            start_s=self._number(data, "start_s", 0, 1e6),
            end_s=self._number(data, "end_s", 0, 1e6),
            text=self._text(data, "text", None, "text", optional=True),
            phones_from=self._text(data, "phones_from", {"text", "recognised"}.__contains__, '"text" or "recognised"'),
        )

    def _recording(self) -> RecordingFacts | None:
        data = self._object("recording")
        if not data:
            return None
        return RecordingFacts(
            seconds=self._number(data, "seconds", 0, 1e6),
            speech_s=self._number(data, "speech_s", 0, 1e6),
            snr_db=self._number(data, "snr_db", -200, 200),
            bandwidth_hz=self._number(data, "bandwidth_hz", 0, 1e6),
            verdict=self._text(data, "verdict", {"excellent", "good", "usable", "poor"}.__contains__, "a verdict"),
        )


def is_tag(text: object) -> bool:
    """Whether a text can be a tag: a short word or two, in small letters, without commas."""
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TAG_CHARS:
        return False
    return text == " ".join(text.split()).casefold() and text.isprintable() and "," not in text


def _is_name(text: str) -> bool:
    try:
        return voice_name(text) == text
    except InputError:
        return False


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
