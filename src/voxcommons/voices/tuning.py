"""Fine-tuning a voice of the library: from its recordings, old and new, to weights of its own.

The training itself knows no voices (`train.few_shot`). Here its phrases are gathered from the recording the voice keeps and from
those that are added, the result is heard before it is kept, and everything goes into the voice in one swap or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from torch import Tensor

from voxcommons.audio.files import load, save_flac
from voxcommons.audio.loudness import normalise_loudness
from voxcommons.audio.resample import resample
from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import BaseModel, OwnWeights, Placement, load_base
from voxcommons.models.overlay import overlaid
from voxcommons.train.few_shot import FewShotRecipe, Tuned, few_shot
from voxcommons.train.watching import Course, draw
from voxcommons.voicefile.archive import copy_or_link, write_manifest
from voxcommons.voicefile.delta import BASE_KEY
from voxcommons.voicefile.manifest import (
    CARD_FILE,
    CURVE_FILE,
    FILE_LIMITS,
    MANIFEST_FILE,
    PREVIEW_FILE,
    REFERENCE_FILE,
    TRANSCRIPT_FILE,
    TUNING_FILE,
    WEIGHTS_FILE,
    VoiceManifest,
)
from voxcommons.voicefile.names import voice_name
from voxcommons.voicefile.tensors import RawTensor, write_tensors
from voxcommons.voices.card import voice_card
from voxcommons.voices.cloning import Preview
from voxcommons.voices.library import Library, Voice
from voxcommons.voices.own_weights import own_weights
from voxcommons.voices.public_networks import equipped
from voxcommons.voices.tuning_check import SENTENCES, Ear, Heard, Limits, harm, refusal
from voxcommons.voices.tuning_phrases import Gathered, Source, check_base, gather

_GAP_S: Final = 0.6  # between recordings that are kept as one
_MOST_KEPT_BYTES: Final = FILE_LIMITS[REFERENCE_FILE] // 3 * 2  # of samples of 16 bits; FLAC makes at least a third less of speech
_WAY, _RANK, MARK = "way", "rank", "mark"


@dataclass(frozen=True)
class TuneOptions:
    """What is decided about a tuning.

    Attributes:
        recipe: how.
        fresh: start from the base model instead of from what the voice has learnt.
        keep_recordings: put added recordings into the voice, so that it can go on from them.
        into: name of a new voice for the result; None changes the voice itself.
        device: "cpu", "cuda" or "auto".
        checked: hear the voice before and after, and refuse what did harm.
        limits: of that harm.
        sentences: how many are spoken to find it.
        domain: the added recordings are of a domain: they are weighed up, and no step is kept that tells the old ones worse.
        mark: noted with the result, so that who ordered it can tell that it was done.
        preview: writes a new spoken sample of the finished voice, given its loaded base model.
        now: the clock.
    """

    recipe: FewShotRecipe = field(default_factory=FewShotRecipe)
    fresh: bool = False
    keep_recordings: bool = True
    into: str | None = None
    device: str = "cpu"
    checked: bool = True
    limits: Limits = field(default_factory=Limits)
    sentences: int = SENTENCES
    domain: bool = False
    mark: str = ""
    preview: Callable[[BaseModel], Preview] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class Finetuned:
    """What came of it.

    Attributes:
        voice: as it stands in the library; unchanged when `changed` is False.
        changed: whether any step was better than none.
        courses: how each part went.
        seconds_of_speech: that were tuned on, those kept back included.
        weights_bytes: size of the voice's weights.
        before, after: what was heard; None where nobody listened.
        seconds: it took.
        peak_bytes: most memory the process had.
    """

    voice: Voice
    changed: bool
    courses: tuple[Course, ...]
    seconds_of_speech: float
    weights_bytes: int
    before: Heard | None
    after: Heard | None
    seconds: float
    peak_bytes: int


def finetune(
    library: Library, name: str, added: Sequence[Source] = (), *, base_place: Path, home: Path, options: TuneOptions | None = None,
    progress: Progress | None = None,
) -> Finetuned:
    """Tune a voice.

    Args:
        library: where it is.
        name: of the voice.
        added: recordings besides the one it keeps.
        base_place: folder of the base model it was made for.
        home: VOX_HOME.
        options: how.
        progress: told about each stage.

    Raises:
        InputError: there is nothing to tune on, it is too little, the base model is another one, or the tuning did harm; the voice is as
            it was then.
        CorruptFileError: a recording or the voice is damaged.
        StorageError: the disk is full or the place cannot be written.
    """
    options, progress, begun = options or TuneOptions(), progress or NullProgress(), time.monotonic()
    voice = _tunable(library, name, options)
    start = {} if options.fresh else _earlier(voice, options.recipe)
    gathered = gather(voice, added, base_place, home, device=options.device, progress=progress)
    progress.start(None, "loading the base model for training")
    model = equipped(load_base(base_place, placement=Placement(options.device, for_training=True), parts=_TRAINED), home)
    check_base(voice, model)
    tuned = few_shot(model, voice.features.style, gathered.split(domain=options.domain), options.recipe, start=start, progress=progress)
    del model
    before = after = None
    changed = bool(tuned.tensors) and any(course.best_step for course in tuned.courses)
    if changed and options.checked:
        before, after = _listen(voice, tuned, gathered, options.sentences, base_place, home, progress)
        faults = harm(before, after, options.limits)
        if faults:
            raise refusal(voice.name, faults)
    made = _Made(tuned, gathered, before, after, options, time.monotonic() - begun)
    if changed:
        voice = _keep(library, voice, made, base_place, home, progress)
    size = voice.manifest.files[WEIGHTS_FILE].bytes if WEIGHTS_FILE in voice.manifest.files else 0
    speech = sum(phrase.seconds for phrase in gathered.phrases)
    return Finetuned(voice, changed, tuned.courses, speech, size, before, after, time.monotonic() - begun, _peak_bytes())


_TRAINED: Final = ("semantic_to_wave", "text_to_semantic")


def _tunable(library: Library, name: str, options: TuneOptions) -> Voice:
    voice = library.get(name)
    if options.into is not None:
        library.reserve(options.into)
    elif voice.bundled:
        raise InputError("this voice belongs to the package", found=voice.name, do="give the tuned one a name of its own with --name")
    return voice


def _earlier(voice: Voice, recipe: FewShotRecipe) -> Mapping[str, Tensor]:
    """What the voice has learnt so far."""
    own = own_weights(voice)
    if own is None:
        return {}
    notes = tuning_notes(voice)
    way = notes.get(_WAY, recipe.way)
    if way != recipe.way:
        raise InputError(
            "the voice was tuned in another way", expected=f"--way {way}", found=f"--way {recipe.way}",
            do=f"go on with --way {way}, or start again with --fresh",
        )  # fmt: skip
    return own.tensors


def tuning_notes(voice: Voice) -> Mapping[str, object]:
    """What a voice keeps about its latest tuning; nothing for one that was never tuned here."""
    if TUNING_FILE not in voice.manifest.files:
        return {}
    found = json.loads((voice.folder / TUNING_FILE).read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


# --- hearing it --------------------------------------------------------------------------------------------------------


def _listen(  # noqa: PLR0913 - what is heard, and with what
    voice: Voice, tuned: Tuned, gathered: Gathered, sentences: int, base_place: Path, home: Path, progress: Progress
) -> tuple[Heard, Heard]:
    """The voice as it was and as it would be, on its old phrases where it had some."""
    base = equipped(load_base(base_place), home)
    phrases = gathered.phrases[: gathered.first] or gathered.phrases
    ear = Ear(phrases, base.sample_rate, voice.manifest.language.split("-")[0], sentences)
    earlier = own_weights(voice)
    before = ear.hear(overlaid(base, earlier) if earlier is not None else base, voice, progress)
    after = ear.hear(overlaid(base, OwnWeights("", base.sha256, tuned.tensors)), voice, progress)
    return before, after


# --- keeping it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Made:
    """Everything a changed voice is written from."""

    tuned: Tuned
    gathered: Gathered
    before: Heard | None
    after: Heard | None
    options: TuneOptions
    seconds: float

    def notes(self, now: str, times: int) -> dict[str, object]:
        """What the voice keeps about it."""
        recipe, phrases = self.options.recipe, self.gathered.phrases
        return {
            MARK: self.options.mark, _WAY: recipe.way, _RANK: recipe.rank, "parts": list(recipe.parts), "created": now, "times": times,
            "seconds_of_speech": round(sum(phrase.seconds for phrase in phrases), 1), "phrases": len(phrases),
            "with_words": sum(phrase.from_text for phrase in phrases), "seconds": round(self.seconds, 1), "peak_bytes": _peak_bytes(),
            "before": None if self.before is None else self.before.facts(), "after": None if self.after is None else self.after.facts(),
            "courses": [course.facts() for course in self.tuned.courses],
        }  # fmt: skip


def _keep(library: Library, voice: Voice, made: _Made, base_place: Path, home: Path, progress: Progress) -> Voice:
    """Write the changed voice, in its place or as a new one."""
    progress.start(None, "writing the voice")
    name = voice.name if made.options.into is None else voice_name(made.options.into)
    with _folder(library, voice, name) as folder:
        now = made.options.now().isoformat(timespec="seconds")
        times = int(str(tuning_notes(voice).get("times", 0))) + 1
        _write_weights(folder / WEIGHTS_FILE, voice, made)
        notes = made.notes(now, times)
        (folder / TUNING_FILE).unlink(missing_ok=True)
        (folder / TUNING_FILE).write_text(json.dumps(notes, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draw(list(made.tuned.courses), f"{name}: tuning {times}", folder / CURVE_FILE)
        manifest = dataclasses.replace(voice.manifest, name=name)
        if made.gathered.added and made.options.keep_recordings:
            manifest = _with_recordings(folder, manifest, made.gathered)
        _finish(folder, voice.manifest, manifest, made, base_place, home)
    return library.get(name)


@contextlib.contextmanager
def _folder(library: Library, voice: Voice, name: str) -> Iterator[Path]:
    """A copy of the voice's folder that takes its place, or stands beside it under another name."""
    if name == voice.name and not voice.bundled:
        with library.changing(voice.name) as (_, folder):
            yield folder
        return
    with library.writing(name) as folder:
        for file in voice.folder.iterdir():
            if file.name in {*FILE_LIMITS, MANIFEST_FILE}:
                copy_or_link(file, folder / file.name)
        yield folder


def _write_weights(path: Path, voice: Voice, made: _Made) -> None:
    path.unlink(missing_ok=True)  # it may be a link to that of the voice as it was
    tensors = {name: RawTensor.of(tensor.numpy()) for name, tensor in made.tuned.tensors.items()}
    recipe = made.options.recipe
    write_tensors(path, tensors, {BASE_KEY: voice.manifest.base.sha256, _WAY: recipe.way, _RANK: str(recipe.rank)})


def _with_recordings(folder: Path, manifest: VoiceManifest, gathered: Gathered) -> VoiceManifest:
    """Put added recordings behind the one the voice keeps; what does not fit is not kept."""
    own = folder / REFERENCE_FILE
    kept = load(own) if own.is_file() else None
    rate = kept.rate if kept is not None else gathered.added[0][1].rate
    sounds = [kept.samples] if kept is not None else []
    texts = [(folder / TRANSCRIPT_FILE).read_text(encoding="utf-8")] if (folder / TRANSCRIPT_FILE).is_file() else []
    for source, audio in gathered.added:
        sound = resample(normalise_loudness(audio.samples, audio.rate), audio.rate, rate)
        if 2 * sum(map(len, (*sounds, sound))) > _MOST_KEPT_BYTES:
            break
        sounds += [np.zeros(round(_GAP_S * rate), np.float32), sound] if sounds else [sound]
        texts += [source.text.strip()] if source.text else []
    own.unlink(missing_ok=True)
    save_flac(own, np.concatenate(sounds), rate)
    (folder / TRANSCRIPT_FILE).unlink(missing_ok=True)
    if texts:
        (folder / TRANSCRIPT_FILE).write_text("\n".join(texts), encoding="utf-8", errors="replace")
    if manifest.recording is None:
        return manifest
    speech_s = round(sum(phrase.seconds for phrase in gathered.phrases), 2)
    facts = dataclasses.replace(manifest.recording, seconds=round(sum(map(len, sounds)) / rate, 2), speech_s=speech_s)
    return dataclasses.replace(manifest, recording=facts)


def _finish(folder: Path, before: VoiceManifest, manifest: VoiceManifest, made: _Made, base_place: Path, home: Path) -> None:
    """A new spoken sample, the card where nobody wrote one by hand, and the manifest."""
    card = folder / CARD_FILE
    own_card = card.is_file() and card.read_text(encoding="utf-8", errors="replace") != voice_card(before)
    (folder / MANIFEST_FILE).unlink()
    manifest = write_manifest(folder, manifest)
    if made.options.preview is not None and PREVIEW_FILE in before.files:
        voice = Voice(manifest, folder)
        (folder / PREVIEW_FILE).unlink()
        base = equipped(load_base(base_place, own_weights=own_weights(voice)), home)
        made.options.preview(base)(voice, folder / PREVIEW_FILE)
    if not own_card:
        card.unlink(missing_ok=True)
        card.write_text(voice_card(manifest), encoding="utf-8")
    write_manifest(folder, manifest)


def _peak_bytes() -> int:
    """Most memory this process had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
