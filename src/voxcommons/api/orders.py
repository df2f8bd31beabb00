"""What a request wants spoken, and the work that speaks it: pieces of a sound in the format that was asked for.

Both interfaces end here, so that they speak alike and through the same door. An order is a plain value made on the event
loop; `spoken` turns it into the generator that the desk works off in its own thread.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, Final

import numpy as np

from voxcommons.api.studio import Selection, Studio
from voxcommons.audio.resample import Resampler
from voxcommons.base.errors import InputError
from voxcommons.base.log import logger
from voxcommons.models.build import BaseFacts
from voxcommons.models.configs import MelAcousticConfig
from voxcommons.synth.chunks import AudioChunk, silence
from voxcommons.synth.engine import Engine, SpeakingVoice, provenance
from voxcommons.synth.options import SpeakOptions, Streaming
from voxcommons.synth.stream import derived_seed
from voxcommons.synth.subtitles import Subtitles
from voxcommons.text.phonemes import TextWarning
from voxcommons.text.script import Script
from voxcommons.trust.audit import ReleaseLog
from voxcommons.trust.labels import Label
from voxcommons.trust.release import Provenance, new_label, release_stream, release_to_file, silent_speech
from voxcommons.trust.sinks import FORMATS
from voxcommons.voices.editing import lexicon_of
from voxcommons.voices.library import Voice
from voxcommons.voices.notes import Spoken, note
from voxcommons.voices.passing import Clips

# What the public models were tuned for; SpeakOptions suits the light acoustic model, which only models of ours have.
_PUBLIC_SAMPLING: Final[Mapping[str, Any]] = {"top_k": 15, "temperature": 1.0}

_log = logger(__name__)


@dataclass(frozen=True)
class Order:
    """One text to be spoken.

    Attributes:
        text: as it was given.
        lines: the text cut as asked for, and how it is delivered; each is spoken by itself.
        file_format: of the sound: one of `trust.sinks.FORMATS` or "pcm" for a whole one, of `STREAM_FORMATS` for a stream.
        streaming: None for a whole sound, else how soon pieces leave.
        voice: of the library; None when it comes from clips.
        clips: what to make a voice from; None for one of the library.
        selection: the networks; None for those the voice was made for.
        delivery: fields of `SpeakOptions` that the client gave.
        line_pause_s: silence after every line.
        silent_s: what to say when nothing can be read aloud: so much silence; None makes it an error.
        sample_rate: of the sound, in Hz; None for the model's own.
        timed: whether the `Tail` is to tell when each word is spoken.
    """

    text: str
    lines: tuple[Script, ...]
    file_format: str
    selection: Selection | None
    streaming: Streaming | None = None
    voice: str | None = None
    clips: Clips | None = None
    delivery: Mapping[str, Any] = field(default_factory=dict)
    line_pause_s: float = 0.0
    silent_s: float | None = None
    sample_rate: int | None = None
    timed: bool = False


@dataclass(frozen=True)
class Head:
    """What a client is told before the first byte: how the sound is labelled and with what it was made."""

    label: str
    release_id: str
    seed: int
    sample_rate: int


@dataclass
class Tail:
    """What a client may be told after the last byte.

    Attributes:
        seconds: how long the sound is.
        subtitles: when each sentence is spoken, and each word where the order asks for it and the model can tell.
        warnings: what is not heard as it was written.
        sentences: the last piece of each sentence without its sound, and when the sentence begins, in seconds.
    """

    seconds: float = 0.0
    subtitles: Subtitles = field(default_factory=Subtitles)
    warnings: list[TextWarning] = field(default_factory=list)
    sentences: list[tuple[float, AudioChunk]] = field(default_factory=list)

    def measured(self, chunks: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
        """The chunks, counted as they pass."""
        begun = 0.0
        for chunk in self.subtitles.watched(chunks):
            if chunk.final:
                self.sentences.append((begun, replace(chunk, samples=chunk.samples[:0])))
            self.seconds += chunk.seconds
            self.warnings += chunk.warnings
            begun = self.seconds if chunk.final else begun
            yield chunk


def spoken(order: Order, studio: Studio, log: ReleaseLog, cancel: Event) -> Generator[Head | bytes | Tail | None, None, None]:
    """Speak an order.

    Args:
        order: what to speak.
        studio: where models and voices are.
        log: the record of releases.
        cancel: ends it before the next piece.

    Yields:
        A `Head`, then bytes, then a `Tail`; None now and then, where others may have their turn.

    Raises:
        VoxError: what the engine, the voice or the door say; before the first byte wherever that can be known.
    """
    engine, voice = _engine_and_voice(order, studio)
    options = options_for(engine.base.facts, order, cancel)
    options = replace(options, polyphones=studio.polyphones, word_times=order.timed and engine.tells_words)
    if isinstance(voice, Voice):
        options = replace(options, lexicon=lexicon_of(voice, options.lexicon))
    made_from = provenance(order.text, voice, engine.base, options)
    rate, tail = order.sample_rate or engine.base.sample_rate, Tail()
    chunks = tail.measured(_at_rate(_chunks(engine, voice, order, options), rate))
    label = new_label(made_from, log)
    head = Head(label.aigc_json(), label.release_id, options.seed, rate)
    if order.streaming is not None:
        stream = release_stream(chunks, provenance=made_from, log=log, file_format=order.file_format, label=label)
        with contextlib.closing(stream):
            first = next(stream)  # there is one: `_chunks` gives sound or raises
            yield head
            yield first
            yield from stream
        if studio.history:
            _remember(order, voice, tail, log, label)
        yield tail
        return
    kept = []
    for chunk in chunks:
        kept.append(chunk)
        yield None
    content = _whole(kept, order.file_format, made_from, log, label)
    if studio.history:
        _remember(order, voice, tail, log, label)
    yield head
    yield content
    yield tail


def _remember(order: Order, voice: SpeakingVoice, tail: Tail, log: ReleaseLog, label: Label) -> None:
    """Note down what a voice of the library spoke, for `vox voices history`."""
    if isinstance(voice, Voice):
        made, language = voice.manifest, str(order.delivery.get("language") or "")
        note(log.home, Spoken(made.name, made.id, order.text, round(tail.seconds, 3), voice.style, language, release_id=label.release_id))


def _whole(chunks: list[AudioChunk], file_format: str, made_from: Provenance, log: ReleaseLog, label: Label) -> bytes:
    """All of a sound, released at once."""
    if file_format not in FORMATS:  # bare samples have no file
        return b"".join(release_stream(chunks, provenance=made_from, log=log, file_format=file_format, label=label))
    with tempfile.TemporaryDirectory(prefix="vox-serve-") as folder:
        path = Path(folder) / f"speech.{file_format}"
        release_to_file(chunks, path, provenance=made_from, log=log, label=label)
        return path.read_bytes()


def options_for(facts: BaseFacts, order: Order, cancel: Event | None = None) -> SpeakOptions:
    """An order's options for a base model: what the client left open is what suits the model.

    Raises:
        InputError: a value is out of range.
    """
    ours = isinstance(facts.semantic_to_wave, MelAcousticConfig)
    given = {name: value for name, value in order.delivery.items() if value is not None}
    suited = {} if ours else _PUBLIC_SAMPLING
    return SpeakOptions(**{**suited, **given}, streaming=order.streaming or "sentence", cancel=cancel)


def _engine_and_voice(order: Order, studio: Studio) -> tuple[Engine, SpeakingVoice]:
    if order.voice is not None:
        voice = studio.voice(order.voice)
        return studio.engine(order.selection or studio.selection_of(voice), voice), voice
    engine = studio.engine(order.selection or studio.default)
    assert order.clips is not None, "an order has a voice or clips"
    return engine, studio.passing(engine.base, order.clips)


def _chunks(engine: Engine, voice: SpeakingVoice, order: Order, options: SpeakOptions) -> Iterator[AudioChunk]:
    """Every line in turn; a line that holds nothing to read is left out."""
    rate, said, wordless = engine.base.sample_rate, False, 0
    for number, line in enumerate(order.lines):
        seed = options.seed if number == 0 else derived_seed(options.seed, "line", number)
        heard = False
        try:
            for chunk in engine.speak(line, voice, replace(options, seed=seed)):
                for warning in chunk.warnings:
                    _log.info("characters %d-%d: %s", warning.start, warning.end, warning.message)
                heard = heard or len(chunk.samples) > 0
                yield chunk
        except InputError as error:
            if error.fields.get("key") != "no_text":
                raise
            wordless += 1
        said = said or heard
        if heard and order.line_pause_s and not line.ends_in_pause:
            yield _still(order.line_pause_s, rate, len(order.lines))
    if said:
        return
    if order.silent_s is None:
        if wordless < len(order.lines):
            raise silent_speech()
        raise InputError(
            "there is no text to speak", expected="words", found="nothing that can be read aloud", do="give words", key="no_text"
        )
    yield _still(order.silent_s, rate, len(order.lines))


def _at_rate(chunks: Iterator[AudioChunk], rate: int) -> Iterator[AudioChunk]:
    """The chunks at another rate; what the filter holds back at the end comes as a chunk of its own."""
    resampler, last = None, None
    for chunk in chunks:
        if chunk.rate == rate:
            yield chunk
            continue
        resampler = resampler or Resampler(chunk.rate, rate)
        last = replace(chunk, samples=resampler.push(chunk.samples), rate=rate)
        yield last
    if resampler is not None and last is not None:
        yield replace(last, samples=resampler.finish(), warnings=())


def _still(seconds: float, rate: int, lines: int) -> AudioChunk:
    return AudioChunk(silence(seconds, rate).astype(np.float32), rate, lines, lines, 0, 0)
