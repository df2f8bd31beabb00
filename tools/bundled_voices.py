"""Makes the voices that ship inside the package, as features without a recording.

    python tools/bundled_voices.py --data CORPUS [--base starter] [--out src/voxcommons/voices_bundled] [--preview]

Three are people who were recorded for speech synthesis and released it (kathleen, CMU ARCTIC bdl and slt). The others are
nobody: the mean timbre of ten or more readers of one sex, each weighing the same, with a memory of under a second from each.
No reader of LibriSpeech or Common Voice is shipped as a voice, so a mean voice never takes its prompt from one of them, but from a
person recorded for synthesis.

CORPUS is a folder with manifest.tsv and its tar archives. The result depends on the base model and must be made again when
that changes.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from voxcommons.base.errors import InputError
from voxcommons.base.files import atomic_folder
from voxcommons.evaluate.dev_speakers import Clip, ClipReader
from voxcommons.evaluate.pitch import median_pitch_hz, pitch_track
from voxcommons.models.build import BaseModel, load_base
from voxcommons.prepare.features import codes_of, mixed_style, phones_of, style_of
from voxcommons.text.reader import read
from voxcommons.text.symbols import PUNCTUATION, phone_ids
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import CARD_FILE, PREVIEW_FILE, PROMPT_FILE, BaseFacts, Consent, PromptFacts, VoiceManifest
from voxcommons.voices.card import voice_card
from voxcommons.voices.library import Voice

DEFAULT_OUT = "src/voxcommons/voices_bundled"
FEWEST_READERS = 10
MOST_READERS = 40
CLIPS_OF_A_PERSON, CLIPS_OF_A_READER = 24, 3
PROMPT_S = (4.0, 7.0)
# Pitch that leaves no doubt about the sex of an unlabelled reader, in Hz.
LOW_PITCH_HZ, HIGH_PITCH_HZ = (75.0, 145.0), (185.0, 280.0)

ARCTIC = "CMU ARCTIC (Carnegie Mellon University, 2003), free for any use with its notice"
LIBRISPEECH = "mean of readers of LibriSpeech (c) 2014 Vassil Panayotov, CC BY 4.0"
COMMON_VOICE = "mean of readers of Common Voice zh-CN, CC0 1.0"
RELEASED = "Recorded for speech synthesis and released by Carnegie Mellon University."
NOBODY = "Nobody's voice: the mean timbre of {readers} readers, each weighing the same; the prompt's tokens come from {prompt}."


@dataclass(frozen=True)
class Recipe:
    """How one voice is made.

    Attributes:
        name: of the voice.
        language: it speaks best.
        gender: ``F`` or ``M``.
        corpus: the timbre comes from readers of this corpus, ...
        speaker: ... from this one alone, or from many readers of the gender when empty.
        prompt: the person whose clip gives the prompt; always one recorded for synthesis.
        licence: of the result.
        consent: what is known about the person's consent; ``{readers}`` and ``{prompt}`` are filled in.
    """

    name: str
    language: str
    gender: str
    corpus: str
    speaker: str
    prompt: str
    licence: str
    consent: str


RECIPES = (
    Recipe("kathleen", "en", "F", "kathleen", "kathleen", "kathleen", "CC0-1.0",
           "Recorded for speech synthesis and given to the public domain by the speaker (CC0 1.0)."),
    Recipe("arctic-bdl", "en", "M", "arctic", "arctic-bdl", "arctic-bdl", ARCTIC, RELEASED),
    Recipe("arctic-slt", "en", "F", "arctic", "arctic-slt", "arctic-slt", ARCTIC, RELEASED),
    Recipe("en-woman", "en", "F", "librispeech", "", "arctic-slt", f"{LIBRISPEECH}; prompt from {ARCTIC}", NOBODY),
    Recipe("en-man", "en", "M", "librispeech", "", "arctic-bdl", f"{LIBRISPEECH}; prompt from {ARCTIC}", NOBODY),
    Recipe("zh-woman", "zh", "F", "cv-zh", "", "aishell3-SSB0139", f"{COMMON_VOICE}; prompt from AISHELL-3, Apache-2.0", NOBODY),
    Recipe("zh-man", "zh", "M", "cv-zh", "", "aishell3-SSB0139", f"{COMMON_VOICE}; prompt from AISHELL-3, Apache-2.0", NOBODY),
)  # fmt: skip
RECORDED_FOR_SYNTHESIS = frozenset({"kathleen", "arctic-bdl", "arctic-slt", "aishell3-SSB0139"})
PREVIEWS = {"en": "Hello, this is how I sound.", "zh": "你好，这就是我的声音。"}


@dataclass(frozen=True)
class Reader:
    """One person of the corpus and the clips to be used."""

    name: str
    gender: str
    clips: tuple[Clip, ...]


class Corpus:
    """The training clips of a corpus folder, by corpus name and speaker.

    Args:
        data: folder with manifest.tsv and its archives.

    Raises:
        InputError: when there is no manifest.
    """

    def __init__(self, data: Path) -> None:
        manifest = data / "manifest.tsv"
        if not manifest.is_file():
            raise InputError("this is no corpus folder", expected="the file manifest.tsv", found=f"nothing at {manifest}")
        clips: dict[tuple[str, str], list[Clip]] = {}
        genders: dict[str, str] = {}
        with manifest.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row["split"] != "train":
                    continue
                clip = Clip(data / row["archive"], row["path"], row["speaker"], row["language"], row["text"].strip(), float(row["seconds"]))
                clips.setdefault((row["corpus"], clip.speaker), []).append(clip)
                genders[clip.speaker] = row["gender"]
        for own in clips.values():  # a fixed shuffle: neighbours were often read in one sitting
            own.sort(key=lambda clip: sha256(clip.path.encode()).digest())
        self._clips, self._genders = clips, genders

    def person(self, name: str) -> Reader:
        """Return one person."""
        for (_, speaker), clips in self._clips.items():
            if speaker == name:
                return Reader(name, self._genders[name], tuple(clips))
        raise InputError("the corpus lacks a speaker", expected=name, found="no clip")

    def readers(self, corpus: str) -> Iterator[Reader]:
        """Return the readers of one corpus who have enough speech, in a fixed shuffled order."""
        names = sorted((speaker for name, speaker in self._clips if name == corpus), key=lambda s: sha256(s.encode()).digest())
        for name in names:
            usable = tuple(clip for clip in self._clips[corpus, name] if clip.seconds >= 3.0)
            if len(usable) >= 2:
                yield Reader(name, self._genders[name], usable[:CLIPS_OF_A_READER])


def sounds_of(reader: ClipReader, clips: Sequence[Clip]) -> tuple[list[NDArray[np.float32]], int]:
    """Return clips as sounds at their common rate."""
    read_clips = [reader.read(clip) for clip in clips]
    rates = {rate for _, rate in read_clips}
    if len(rates) != 1:
        raise InputError("the clips of a speaker differ in rate", expected="one rate", found=", ".join(map(str, sorted(rates))))
    return [samples for samples, _ in read_clips], rates.pop()


def of_gender(person: Reader, sounds: Sequence[NDArray[np.float32]], rate: int, gender: str) -> bool:
    """Whether a reader is of a gender: by the label, which pitch may not contradict, else by pitch alone."""
    if person.gender and person.gender != gender:
        return False
    low, high = LOW_PITCH_HZ if gender == "M" else HIGH_PITCH_HZ
    return low <= median_pitch_hz(np.concatenate([pitch_track(sound, rate) for sound in sounds])) <= high


def mean_style(base: BaseModel, corpus: Corpus, reader: ClipReader, recipe: Recipe) -> tuple[NDArray[np.float32], int]:
    """Return the mean style [gin] of readers and how many there were.

    Raises:
        InputError: when there are fewer than ten.
    """
    styles = []
    for person in corpus.readers(recipe.corpus):
        if person.gender not in ("", recipe.gender):
            continue
        sounds, rate = sounds_of(reader, person.clips)
        if of_gender(person, sounds, rate, recipe.gender):
            styles.append(style_of(base, sounds, rate))
        if len(styles) == MOST_READERS:
            break
    if len(styles) < FEWEST_READERS:
        raise InputError(
            f"too few readers for {recipe.name}", expected=f"at least {FEWEST_READERS}", found=str(len(styles)),
            do="a mean of fewer could be recognised as one of them",
        )
    return mixed_style(base, styles), len(styles)


def prompt_of(base: BaseModel, corpus: Corpus, reader: ClipReader, name: str) -> tuple[Features, Clip]:
    """Return codes and phones of the clip whose text fits its sound best, of the first dozen; the style is empty."""
    assert name in RECORDED_FOR_SYNTHESIS
    low, high = PROMPT_S
    found: list[tuple[float, Features, Clip]] = []
    for clip in [clip for clip in corpus.person(name).clips if low <= clip.seconds <= high and clip.text][:12]:
        (sound,), rate = sounds_of(reader, [clip])
        utterance = read(clip.text, clip.language, table=base.table)
        agreement = phones_of(base, sound, rate, utterance).agreement
        end = () if utterance.phones[-1] in PUNCTUATION else phone_ids((".",), base.table)
        phones = np.array([*utterance.ids, *end], np.int64)
        found.append((agreement, Features(np.zeros(0, np.float32), codes_of(base, sound, rate), phones), clip))
    if not found:
        raise InputError(f"no clip of {name} can be a prompt", expected="one of 4 to 7 seconds with text", found="none")
    _, features, clip = max(found, key=lambda item: item[0])
    return features, clip


def make_features(base: BaseModel, corpus: Corpus, reader: ClipReader, recipe: Recipe) -> tuple[Features, Clip, int]:
    """Return the features of a voice, the clip of its prompt and the number of readers in its timbre."""
    prompt, clip = prompt_of(base, corpus, reader, recipe.prompt)
    if recipe.speaker:
        assert recipe.speaker in RECORDED_FOR_SYNTHESIS
        own = [c for c in corpus.person(recipe.speaker).clips if c.seconds >= 2.0][:CLIPS_OF_A_PERSON]
        sounds, rate = sounds_of(reader, own)
        style, readers = style_of(base, sounds, rate), 1
    else:
        style, readers = mean_style(base, corpus, reader, recipe)
    return Features(style, prompt.prompt_codes, prompt.prompt_phones), clip, readers


def write_voice(base: BaseModel, recipe: Recipe, made: tuple[Features, Clip, int], out: Path, preview: bool) -> int:
    """Write one voice folder; returns its size in bytes."""
    features, clip, readers = made
    manifest = VoiceManifest(
        name=recipe.name,
        id=features.voice_id,
        language=recipe.language,
        base=BaseFacts(base.name, base.sha256),
        sample_rate=base.sample_rate,
        files={},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=recipe.licence,
        speaker={"gender": recipe.gender, "readers": str(readers)},
        consent=Consent(recipe.consent.format(readers=readers, prompt=recipe.prompt), datetime.now(UTC).isoformat(timespec="seconds")),
        prompt=PromptFacts(start_s=0.0, end_s=round(clip.seconds, 3), text="", phones_from="text"),
    )
    with atomic_folder(out / recipe.name, replace=True) as folder:
        write_features(folder / PROMPT_FILE, features)
        manifest = write_manifest(folder, manifest)
        if preview:
            _write_preview(base, Voice(manifest, folder), folder / PREVIEW_FILE)
        (folder / CARD_FILE).write_text(voice_card(manifest), encoding="utf-8")
        write_manifest(folder, manifest)
        return sum(path.stat().st_size for path in folder.iterdir())


def _write_preview(base: BaseModel, voice: Voice, path: Path) -> None:
    from voxcommons.cli.spoken import speak_to_file
    from voxcommons.synth.engine import Engine
    from voxcommons.synth.options import SpeakOptions

    with tempfile.TemporaryDirectory() as home:
        speak_to_file(Engine(base), PREVIEWS[voice.manifest.language], voice, SpeakOptions(), path, Path(home))


def make_all(base: BaseModel, data: Path, out: Path, preview: bool, recipes: Sequence[Recipe] = RECIPES) -> Mapping[str, tuple[int, int]]:
    """Make voices; returns readers and bytes of each by name.

    Raises:
        InputError: when the corpus lacks somebody.
    """
    corpus = Corpus(data)
    done = {}
    with ClipReader() as reader:
        for recipe in recipes:
            made = make_features(base, corpus, reader, recipe)
            done[recipe.name] = (made[2], write_voice(base, recipe, made, out, preview))
    return done


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Corpus folder with manifest.tsv and archives.")
@click.option("--base", "base_name", default="starter", show_default=True, help="Base model: a name or a folder.")
@click.option("--out", default=DEFAULT_OUT, show_default=True, type=click.Path(path_type=Path), help="Folder of the voices.")
@click.option("--only", multiple=True, type=click.Choice([recipe.name for recipe in RECIPES]), help="Make only this one; may be repeated.")
@click.option("--preview", is_flag=True, help="Let every voice speak a sentence into its folder.")
def main(data: Path, base_name: str, out: Path, only: tuple[str, ...], preview: bool) -> None:
    """Make the bundled voices."""
    recipes = [recipe for recipe in RECIPES if not only or recipe.name in only]
    for name, (readers, size) in make_all(load_base(base_name), data, out, preview, recipes).items():
        click.echo(f"{name}: timbre of {readers} reader{'s' * (readers > 1)}, {size} bytes")


if __name__ == "__main__":
    main()
