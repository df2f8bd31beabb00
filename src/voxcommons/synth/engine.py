"""The one place where the stages of speaking meet: text -> phonemes -> semantic tokens -> sound.

An engine holds a base model and nothing else: every call brings its voice and its options, and what it gives depends
on them alone. Speech comes out lazily, sentence by sentence or piece by piece, so a book needs no more memory than its
longest sentence and stops as soon as the listener does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from voxcommons.base.errors import Cancelled, InputError
from voxcommons.models.build import BaseModel, suited_threads, use_threads
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.mel_acoustic import MelAcoustic
from voxcommons.synth.chunks import AudioChunk, Samples, SilenceTrimmer, limit_peaks, silence
from voxcommons.synth.context import context_of
from voxcommons.synth.course import Course, Delivery
from voxcommons.synth.decoding import Chunking, DecodeItem, DecodeOptions, Reason, decode_batch, decode_stream
from voxcommons.synth.intonation import check_pitch, middle_hz
from voxcommons.synth.options import MAX_CHARACTERS, SpeakOptions, Streaming
from voxcommons.synth.passages import Passage, longest_sentence, passages
from voxcommons.synth.sampling import SamplingOptions
from voxcommons.synth.self_check import SUSPICIOUS_NATS, SelfCheck
from voxcommons.synth.speaker import Speaker, SpeakingVoice, speaker_of
from voxcommons.synth.stream import BlockSizes, SentenceRenderer, derived_seed
from voxcommons.synth.word_times import WordTime, clocked, places_of, shown, word_times
from voxcommons.text.phonemes import TextWarning, Utterance
from voxcommons.text.reader import read
from voxcommons.text.script import Script, plain_script
from voxcommons.text.segment import language_runs
from voxcommons.trust.release import Provenance, text_sha256
from voxcommons.voicefile.manifest import PROMPT_FILE

__all__ = ["SILENT_PHONES", "Engine", "SpeakingVoice", "provenance"]

SILENT_PHONES = frozenset("! ? … , . - ~ _ : ; SP SP2 SP3 EOS UNK".split())

# Characters a second, by which the longest sentence a base model can speak becomes a length of text.
# Natural speech has 3 to 25 phonemes a second, 25 tokens a second: 1 to 8 tokens a phoneme. Beyond that it is broken.
_MOST_CODES_PER_PHONE, _SPARE_CODES = 8, 25
_FEWEST_CODES_PER_PHONE, _SUSPICIOUS_CODES_PER_PHONE = 0.5, 0.8
_FEWEST_CODES = 11
_UNENDING_NATS = 1.0  # what a take that was cut at its limit must be clearer by


@dataclass(frozen=True)
class _Breath:
    """What is spoken at once: a passage, how it was read, who listens to it, and when its tokens fall."""

    passage: Passage
    utterance: Utterance
    check: SelfCheck | None
    course: Course
    trimmer: SilenceTrimmer

    def words(self, codes: Sequence[int], frame_s: float, rate: int) -> tuple[WordTime, ...]:
        """When its words are spoken, once all of it is."""
        if self.check is None:
            return ()
        places = places_of(self.check, codes)
        marked = self.passage.marks is not None
        cut_s, sound_s = self.trimmer.begin / rate, self.trimmer.given / rate
        return word_times(self.utterance, places, self.course, frame_s, (cut_s, cut_s + sound_s), marked=marked)


@dataclass
class _Codes:
    """The tokens of one sentence while they are being decoded; `reason` is known once they are used up."""

    stream: Iterator[list[int]]
    taken: list[int] = field(default_factory=list)
    reason: Reason | None = field(default=None)
    surprise: float = 0.0  # nats per phoneme, where the engine listened to itself

    def __iter__(self) -> Iterator[int]:
        for codes in self.stream:
            for code in codes:
                self.taken.append(code)
                yield code

    @property
    def count(self) -> int:
        """How many have been taken."""
        return len(self.taken)


class Engine:
    """Speaks with one base model.

    Args:
        base: the networks.
        threads: processor threads for them; None takes what suits their size.
        sizes: how sentences are cut into blocks.
    """

    def __init__(self, base: BaseModel, *, threads: int | None = None, sizes: BlockSizes | None = None) -> None:
        use_threads(threads if threads is not None else suited_threads(base))
        self.base = base
        self._sizes = sizes if sizes is not None else BlockSizes()

    @property
    def tells_words(self) -> bool:
        """Whether the base model can tell which word it speaks when."""
        return isinstance(self.base.content, PhoneticContentEncoder)

    def speak(self, text: str | Script, voice: SpeakingVoice, options: SpeakOptions | None = None) -> Iterator[AudioChunk]:
        """Speak a text.

        Mistakes that can be seen at once raise here and not when the first piece is taken.

        Args:
            text: any characters, up to `MAX_CHARACTERS`, in which ``[pause 0.5s]`` is silence; or a script, as SSML becomes.
            voice: who speaks.
            options: how; by default as `SpeakOptions()`.

        Returns:
            Pieces of speech in order. A sentence that cannot be read gives an empty piece with its warnings.
            Closing the iterator stops the work.

        Raises:
            InputError: no text, too long a text, an unknown language, a voice that does not fit the base model, a wish that
                the base model cannot fulfil; from the iterator: nothing in the text could be read.
            Cancelled: from the iterator, when `options.cancel` was set.
        """
        options = options if options is not None else SpeakOptions()
        _check_length(text if isinstance(text, str) else text.given)
        script = text if isinstance(text, Script) else Script(text, text) if options.compat else plain_script(text)
        if not script.text.strip():
            raise _no_text("an empty text")
        language_runs("", options.language)  # raises for an unknown language
        speaker = speaker_of(voice, self.base)
        check_pitch(self.base, speaker, script, options)
        if options.compat and (script.stretches or script.marks or script.pauses):
            raise InputError("the compatible way of speaking takes plain text alone", found="marked text", do="leave compat out")
        aligned = self.tells_words
        if options.word_times and not aligned:
            raise InputError(
                f"the base model {self.base.name} cannot tell when a word is spoken", expected="one that hears phonemes, as the starter",
                do="ask for no word times",
            )  # fmt: skip
        return clocked(self._speak(script, speaker, options, aligned=aligned))

    def _speak(self, script: Script, speaker: Speaker, options: SpeakOptions, *, aligned: bool) -> Iterator[AudioChunk]:
        longest = longest_sentence(script.text, self.base.facts.longest_sentence_s)
        lead_s, parts = passages(script, longest, options.pause_s, aligned=aligned)
        centre_hz = self._centre_hz(script, speaker, options)
        spoken, told = False, script.warnings
        for index, part in enumerate(parts):
            _stop_if_cancelled(options)
            utterance = read(
                part.text, options.language, table=self.base.table, lexicon=options.lexicon, compat=options.compat,
                polyphones=options.polyphones, marks=part.marks,
            )  # fmt: skip
            utterance = part.closed(utterance, self.base.table)
            moved = (replace(w, start=w.start + part.start, end=w.end + part.start) for w in utterance.warnings)
            warnings = told + tuple(script.of_given(warning) for warning in moved)
            start, end = script.origin(part.start, part.end)
            warnings += _strange_languages(utterance, self.base.facts.languages, start, end)
            told = ()
            text = shown(part.text, marked=part.marks is not None)[0]
            empty = AudioChunk(np.zeros(0, np.float32), self.base.sample_rate, index, len(parts), start, end, warnings, text=text)
            if all(phone in SILENT_PHONES for phone in utterance.phones):
                asked_s = part.pause_s + (part.lead_s or 0.0) + (part.tail_s or 0.0) if part.tail_s else 0.0
                lead_s, waiting_s = (0.0, asked_s) if spoken else (lead_s + asked_s, 0.0)
                yield replace(empty, samples=silence(waiting_s, empty.rate), text="")
                continue
            if lead_s:
                yield replace(empty, samples=silence(lead_s, empty.rate), warnings=(), final=False, text="")
            spoken, lead_s = True, 0.0
            yield from self._taken(part, utterance, part.delivery(utterance, options, centre_hz), speaker, options, empty)
        if not spoken:
            raise _no_text("nothing that can be read aloud")

    def _taken(  # noqa: PLR0913 - a sentence, who speaks it and how
        self, part: Passage, utterance: Utterance, delivery: Delivery, speaker: Speaker, options: SpeakOptions, empty: AudioChunk
    ) -> Iterator[AudioChunk]:
        """One sentence under the seed that is asked for, with the words that come from other takes."""

        def under(seed: int, streaming: Streaming) -> Iterator[AudioChunk]:
            how = replace(options, seed=seed, streaming=streaming)
            return self._sentence(self._breath(part, utterance, delivery), speaker, how, empty)

        if options.retakes is None:
            return under(options.seed, options.streaming)
        return iter(options.retakes.taken(empty.sentence, options.seed, lambda seed: tuple(under(seed, "sentence"))))

    def _breath(self, part: Passage, utterance: Utterance, delivery: Delivery) -> _Breath:
        check = self._listener(utterance)
        course = Course(delivery, None if check is None else check.places, self.base.semantic_to_wave.frames_per_code)
        return _Breath(part, utterance, check, course, SilenceTrimmer(self.base.sample_rate, part.lead_s, part.tail_s))

    def _centre_hz(self, script: Script, speaker: Speaker, options: SpeakOptions) -> float:
        """The middle of the voice's intonation, where anything asks for it, else 0."""
        if options.pitch_range == 1 and not any(stretch.manner.needs_centre for stretch in script.stretches):
            return 0.0
        found = middle_hz(self.base, speaker)
        if not found:
            raise InputError(
                "the pitch of this voice is not known", expected="a voice with a prompt", found="one without",
                do="move its pitch by semitones (+2st) and leave the range as it is",
            )  # fmt: skip
        return found

    def _sentence(self, breath: _Breath, speaker: Speaker, options: SpeakOptions, empty: AudioChunk) -> Iterator[AudioChunk]:
        """One sentence as one piece or several; `empty` is the piece to fill."""
        utterance = breath.utterance
        codes = self._decode(utterance, speaker, options, empty.sentence)
        pieces = self._render(breath, codes, speaker, options, empty.sentence)
        warnings = empty.warnings
        waiting: list[Samples] = []
        for piece in pieces:
            if options.streaming == "token":
                if len(piece):
                    yield replace(empty, samples=piece, warnings=warnings, final=False)
                    warnings = ()
            else:
                waiting.append(piece)
        warnings += self._doubts(codes, len(utterance.ids), empty)
        waiting.append(silence(breath.passage.pause_s, empty.rate))
        frame_s = self.base.hop / self.base.sample_rate
        words = breath.words(codes.taken, frame_s, self.base.sample_rate) if options.word_times else ()
        samples, pause_s = np.concatenate(waiting), breath.passage.pause_s
        yield replace(empty, samples=samples, warnings=warnings, final=True, words=words, pause_s=pause_s)

    def _decode(self, utterance: Utterance, speaker: Speaker, options: SpeakOptions, index: int) -> _Codes:
        """Start decoding a sentence's tokens."""
        count = len(utterance.ids)
        ids = torch.tensor(utterance.ids, dtype=torch.int64, device=self.base.device)
        prompted = self.base.facts.continues_prompts and len(speaker.prompt_codes) > 0
        item = DecodeItem(
            phones=torch.cat([speaker.prompt_phones, ids]) if prompted else ids,
            prompt=speaker.prompt_codes if prompted else None,
            bert=self._context(utterance, speaker.prompt_context if prompted else None),
            seed=derived_seed(options.seed, index, "codes"),
        )
        greedy = options.temperature == 0
        sampling = SamplingOptions(
            top_k=1 if greedy else options.top_k,
            top_p=options.top_p,
            temperature=options.temperature,
            repetition_penalty=options.repetition_penalty,
            compat=options.compat,
        )
        how = DecodeOptions(sampling)
        if not options.compat:
            fewest = max(min(_FEWEST_CODES, 2 * count), round(_FEWEST_CODES_PER_PHONE * count))
            how = replace(how, min_tokens=fewest, max_tokens=min(how.max_tokens, _SPARE_CODES + _MOST_CODES_PER_PHONE * count))
        codes = _Codes(iter(()))
        takes = 1 if how.sampling.greedy else options.wanted_takes
        check = self._listener(utterance)

        def stream() -> Iterator[list[int]]:
            for chunk in decode_stream(self.base.text_to_semantic, item, how, chunking=Chunking(1)):
                _stop_if_cancelled(options)
                codes.reason = chunk.reason
                yield chunk.codes.tolist()

        def clearest() -> Iterator[list[int]]:
            kept: Tensor | None = None
            assert check is not None
            codes.surprise = float("inf")
            for start in (0, takes):
                items = [replace(item, seed=_seed_of_take(item.seed, number)) for number in range(start, start + takes)]
                tried = decode_batch(self.base.text_to_semantic, items, how, cancel=lambda: _cancelled(options))
                _stop_if_cancelled(options)
                for take, surprise in zip(tried, check.surprises([take.codes for take in tried]), strict=True):
                    surprise += _UNENDING_NATS * (take.reason == "limit")
                    if kept is None or surprise < codes.surprise:
                        kept, codes.surprise, codes.reason = take.codes, surprise, take.reason
                if codes.surprise <= SUSPICIOUS_NATS:
                    break
            assert kept is not None
            yield kept.tolist()

        codes.stream = stream() if check is None or takes == 1 else clearest()
        return codes

    def _context(self, utterance: Utterance, prompt: Tensor | None) -> Tensor | None:
        """Context features [width, P] of the prompt and a sentence; None (which means zeros) without a network for them."""
        if self.base.context is None:
            return None
        rows = context_of(self.base.context, utterance)
        return (rows if prompt is None else torch.cat([prompt, rows])).T.to(self.base.device)

    def _listener(self, utterance: Utterance) -> SelfCheck | None:
        """Who reads the tokens of a sentence; None where the content encoder is missing or cannot."""
        if not isinstance(self.base.content, PhoneticContentEncoder):
            return None
        spoken = [place for place, phone in enumerate(utterance.phones) if phone not in SILENT_PHONES]
        ids, places = (torch.tensor(values, dtype=torch.int64, device=self.base.device) for values in (utterance.ids, spoken))
        return SelfCheck(self.base.content, ids, places)

    def _render(self, breath: _Breath, codes: _Codes, speaker: Speaker, options: SpeakOptions, index: int) -> Iterator[Samples]:
        """The sentence's samples, trimmed and kept inside [-1, 1], as they become ready."""
        seed = derived_seed(options.seed, index, "latent")
        phones = torch.tensor([breath.utterance.ids], dtype=torch.int64, device=self.base.device)
        if options.compat:
            yield self._render_whole(breath, codes, speaker, options, seed)
            return
        model, course, trimmer = self.base.semantic_to_wave, breath.course, breath.trimmer
        told = breath.check.places if breath.check is not None and isinstance(model, MelAcoustic) else None
        renderer = SentenceRenderer(model, phones, speaker.style, options.speed, options.noise_scale, seed, self._sizes, told, course)

        def finished(piece: Samples) -> Samples:
            end = trimmer.begin + trimmer.given
            gains = course.gains(end - len(piece), end, model.hop)
            return limit_peaks(piece if gains is None else piece * gains)

        for piece in renderer.pieces(codes):
            _stop_if_cancelled(options)
            yield finished(trimmer.push(piece))
        yield finished(trimmer.finish())

    @torch.inference_mode()
    def _render_whole(self, breath: _Breath, codes: _Codes, speaker: Speaker, options: SpeakOptions, seed: int) -> Samples:
        """The whole sentence in one pass, as the public program does; too loud a sentence is divided by its peak."""
        model, device = self.base.semantic_to_wave, self.base.device
        phones, tokens = (torch.tensor([list(ids)], dtype=torch.int64, device=device) for ids in (breath.utterance.ids, codes))
        more: dict[str, Any] = {"generator": torch.Generator(device).manual_seed(seed), "compat": True}
        if breath.check is not None and isinstance(model, MelAcoustic):
            more["places"] = breath.check.places(tokens[0])[None]
        wave = model.decode(tokens, phones, speaker.style, speed=options.speed, noise_scale=options.noise_scale, **more)
        samples: Samples = wave[0, 0].float().cpu().numpy()
        return samples / max(1.0, float(np.abs(samples).max(initial=0.0)))

    def _doubts(self, codes: _Codes, phones: int, piece: AudioChunk) -> tuple[TextWarning, ...]:
        """A warning when a sentence came out much too long, hardly at all or hard to understand."""
        seconds = codes.count * self.base.semantic_to_wave.frames_per_code * self.base.hop / self.base.sample_rate
        if codes.reason == "limit":
            message = f"the speech of this sentence did not end by itself and was cut after {seconds:.0f} s"
        elif codes.count < _SUSPICIOUS_CODES_PER_PHONE * phones:
            message = f"the speech of this sentence has only {seconds:.1f} s, too little for its words"
        elif codes.surprise > SUSPICIOUS_NATS:
            message = "this sentence may not say all its words; listen to it, change the words or try another seed"
        else:
            return ()
        return (TextWarning("broken_speech", message, piece.text_start, piece.text_end),)


def provenance(text: str, voice: SpeakingVoice, base: BaseModel, options: SpeakOptions) -> Provenance:
    """What the release record says about speech made by `Engine.speak` with these arguments."""
    manifest = voice.manifest
    return Provenance(
        voice=manifest.name,
        voice_id=manifest.id,
        voice_sha256=manifest.files[PROMPT_FILE].sha256,
        base=base.name,
        base_sha256=base.sha256,
        text_sha256=text_sha256(text),
        seed=options.seed,
        options=options.as_record(),
    )


def _check_length(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            "the text is too long",
            expected=f"at most {MAX_CHARACTERS} characters",
            found=f"{len(text)}",
            do="speak it in parts",
            key="text_too_long",
        )


def _no_text(found: str) -> InputError:
    return InputError("there is no text to speak", expected="words", found=found, do="give words", key="no_text")


def _strange_languages(utterance: Utterance, known: Sequence[str], start: int, end: int) -> tuple[TextWarning, ...]:
    """A warning for every language of a sentence that the base model was not trained to speak."""
    found = {run.language for run in utterance.runs} - set(known) if known else set()
    message = "the base model has not learned to speak {}; it will hardly be understood"
    return tuple(TextWarning("strange_language", message.format(name), start, end) for name in sorted(found))


def _seed_of_take(seed: int, number: int) -> int:
    """The first take is what a single take would be."""
    return seed if number == 0 else derived_seed(seed, "take", number)


def _cancelled(options: SpeakOptions) -> bool:
    return options.cancel is not None and options.cancel.is_set()


def _stop_if_cancelled(options: SpeakOptions) -> None:
    if _cancelled(options):
        raise Cancelled("speaking was stopped", key="stopped")
