"""The one place where the stages of speaking meet: text -> phonemes -> semantic tokens -> sound.

An engine holds a base model and nothing else: every call brings its voice and its options, and what it gives depends
on them alone. Speech comes out lazily, sentence by sentence or piece by piece, so a book needs no more memory than its
longest sentence and stops as soon as the listener does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from voxcommons.base.errors import Cancelled, InputError
from voxcommons.models.build import BaseModel, suited_threads, use_threads
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.synth.chunks import AudioChunk, Samples, SilenceTrimmer, limit_peaks, pause_seconds, silence
from voxcommons.synth.context import context_of, context_of_prompt
from voxcommons.synth.decoding import Chunking, DecodeItem, DecodeOptions, Reason, decode_batch, decode_stream
from voxcommons.synth.options import MAX_CHARACTERS, SpeakOptions
from voxcommons.synth.sampling import SamplingOptions
from voxcommons.synth.self_check import SUSPICIOUS_NATS, SelfCheck
from voxcommons.synth.stream import BlockSizes, SentenceRenderer, derived_seed
from voxcommons.text.phonemes import TextWarning, Utterance
from voxcommons.text.reader import read
from voxcommons.text.segment import Sentence, language_runs, sentences
from voxcommons.trust.release import Provenance, text_sha256
from voxcommons.voicefile.features import Features
from voxcommons.voicefile.manifest import PROMPT_FILE, WEIGHTS_FILE, VoiceManifest

SILENT_PHONES = frozenset("! ? … , . - ~ _ : ; SP SP2 SP3 EOS UNK".split())

# Characters a second, by which the longest sentence a base model can speak becomes a length of text.
_LATIN_PER_S, _HAN_PER_S = 15, 5
# Natural speech has 3 to 25 phonemes a second, 25 tokens a second: 1 to 8 tokens a phoneme. Beyond that it is broken.
_MOST_CODES_PER_PHONE, _SPARE_CODES = 8, 25
_FEWEST_CODES_PER_PHONE, _SUSPICIOUS_CODES_PER_PHONE = 0.5, 0.8
_FEWEST_CODES = 11
_UNENDING_NATS = 1.0  # what a take that was cut at its limit must be clearer by


class SpeakingVoice(Protocol):
    """A voice as the engine sees it; `voices.library.Voice` is one."""

    @property
    def manifest(self) -> VoiceManifest:
        """What it says about itself."""

    @property
    def features(self) -> Features:
        """What the models need of it."""


@dataclass(frozen=True)
class _Speaker:
    """A voice's features as tensors on the model's device."""

    style: Tensor  # [1, gin, 1]
    prompt_codes: Tensor  # [S]
    prompt_phones: Tensor  # [P]
    prompt_context: Tensor | None = None  # [P, width], for models that take context features


@dataclass
class _Codes:
    """The tokens of one sentence while they are being decoded; `reason` is known once they are used up."""

    stream: Iterator[list[int]]
    count: int = 0
    reason: Reason | None = field(default=None)
    surprise: float = 0.0  # nats per phoneme, where the engine listened to itself

    def __iter__(self) -> Iterator[int]:
        for codes in self.stream:
            for code in codes:
                self.count += 1
                yield code


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

    def speak(self, text: str, voice: SpeakingVoice, options: SpeakOptions | None = None) -> Iterator[AudioChunk]:
        """Speak a text.

        Mistakes that can be seen at once raise here and not when the first piece is taken.

        Args:
            text: any characters, up to `MAX_CHARACTERS`.
            voice: who speaks.
            options: how; by default as `SpeakOptions()`.

        Returns:
            Pieces of speech in order. A sentence that cannot be read gives an empty piece with its warnings.
            Closing the iterator stops the work.

        Raises:
            InputError: no text, too long a text, an unknown language, a voice that does not fit the base model;
                from the iterator: nothing in the text could be read.
            Cancelled: from the iterator, when `options.cancel` was set.
        """
        options = options if options is not None else SpeakOptions()
        _check_text(text)
        language_runs("", options.language)  # raises for an unknown language
        speaker = self._speaker_of(voice)
        return self._speak(text, _sentences_of(text, self.base.facts.longest_sentence_s), speaker, options)

    def _speak(self, text: str, parts: list[Sentence], speaker: _Speaker, options: SpeakOptions) -> Iterator[AudioChunk]:
        spoken = False
        for index, part in enumerate(parts):
            _stop_if_cancelled(options)
            utterance = read(
                part.text, options.language, table=self.base.table, lexicon=options.lexicon, compat=options.compat,
                polyphones=options.polyphones,
            )  # fmt: skip
            warnings = tuple(replace(w, start=w.start + part.start, end=w.end + part.start) for w in utterance.warnings)
            warnings += _strange_languages(utterance, self.base.facts.languages, part)
            empty = AudioChunk(np.zeros(0, np.float32), self.base.sample_rate, index, len(parts), part.start, part.end, warnings)
            if all(phone in SILENT_PHONES for phone in utterance.phones):
                yield empty
                continue
            spoken = True
            last = index + 1 == len(parts)
            gap = "" if last else text[part.end : parts[index + 1].start]
            pause_s = 0.0 if last else pause_seconds(part.text, gap, options.pause_s)
            yield from self._sentence(utterance, speaker, options, empty, pause_s)
        if not spoken:
            raise _no_text("nothing that can be read aloud")

    def _sentence(
        self, utterance: Utterance, speaker: _Speaker, options: SpeakOptions, empty: AudioChunk, pause_s: float
    ) -> Iterator[AudioChunk]:
        """One sentence as one piece or several; `empty` is the piece to fill."""
        codes = self._decode(utterance, speaker, options, empty.sentence)
        pieces = self._render(utterance, codes, speaker, options, empty.sentence)
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
        waiting.append(silence(pause_s, empty.rate))
        yield replace(empty, samples=np.concatenate(waiting), warnings=warnings, final=True)

    def _decode(self, utterance: Utterance, speaker: _Speaker, options: SpeakOptions, index: int) -> _Codes:
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

    def _render(
        self, utterance: Utterance, codes: _Codes, speaker: _Speaker, options: SpeakOptions, index: int
    ) -> Iterator[Samples]:
        """The sentence's samples, trimmed and kept inside [-1, 1], as they become ready."""
        seed = derived_seed(options.seed, index, "latent")
        phones = torch.tensor([utterance.ids], dtype=torch.int64, device=self.base.device)
        if options.compat:
            yield self._render_whole(phones, codes, speaker, options, seed)
            return
        check = self._listener(utterance) if self.base.facts.semantic_to_wave.aligned else None
        renderer = SentenceRenderer(
            self.base.semantic_to_wave, phones, speaker.style, options.speed, options.noise_scale, seed, self._sizes,
            None if check is None else check.places,
        )
        trimmer = SilenceTrimmer(self.base.sample_rate)
        for piece in renderer.pieces(codes):
            _stop_if_cancelled(options)
            yield limit_peaks(trimmer.push(piece))
        yield limit_peaks(trimmer.finish())

    @torch.inference_mode()
    def _render_whole(self, phones: Tensor, codes: _Codes, speaker: _Speaker, options: SpeakOptions, seed: int) -> Samples:
        """The whole sentence in one pass, as the public program does; too loud a sentence is divided by its peak."""
        wave = self.base.semantic_to_wave.decode(
            torch.tensor([list(codes)], device=phones.device),
            phones,
            speaker.style,
            speed=options.speed,
            noise_scale=options.noise_scale,
            generator=torch.Generator(phones.device).manual_seed(seed),
            compat=True,
        )
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

    def _speaker_of(self, voice: SpeakingVoice) -> _Speaker:
        """A voice's features, checked against the base model."""
        manifest, features = voice.manifest, voice.features
        if manifest.base.sha256 != self.base.sha256:
            raise InputError(
                f"the voice {manifest.name} was made for another base model",
                expected=f"{self.base.name} ({self.base.sha256[:12]})",
                found=f"{manifest.base.name} ({manifest.base.sha256[:12]})",
                do="use that base model (--base), or clone the voice again with this one",
            )
        own = manifest.files[WEIGHTS_FILE].sha256 if WEIGHTS_FILE in manifest.files else None
        if own != self.base.own_weights:
            raise InputError(
                f"the weights of the voice {manifest.name} are not loaded",
                expected="its own weights" if own else "the plain base model",
                found="those of another voice" if self.base.own_weights else "the plain base model",
                do="speak it with `vox speak` or `vox serve`, which load a voice's weights",
            )
        sizes = self.base.facts
        faults = []
        if features.style.shape != (sizes.semantic_to_wave.gin,):
            faults.append(f"a style of shape {features.style.shape} instead of ({sizes.semantic_to_wave.gin},)")
        if not np.isfinite(features.style).all():
            faults.append("a style that is not finite")
        for name, ids, rows in (
            ("prompt code", features.prompt_codes, sizes.text_to_semantic.codes),
            ("prompt phoneme", features.prompt_phones, sizes.text_to_semantic.phones),
        ):
            if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
                faults.append(f"a {name} outside 0 to {rows - 1}")
        if faults:
            problem = f"the voice {manifest.name} does not fit its base model"
            raise InputError(problem, found=", ".join(faults), do="clone it again", key="voice_damaged")
        device = self.base.device
        style = torch.tensor(features.style, dtype=torch.float32, device=device)
        style = style.to(next(self.base.semantic_to_wave.parameters()).dtype)
        codes = torch.tensor(features.prompt_codes, dtype=torch.int64, device=device)
        phones = torch.tensor(features.prompt_phones, dtype=torch.int64, device=device)
        known = self.base.context
        context = None if known is None else context_of_prompt(known, manifest, phones.tolist(), self.base.table)
        return _Speaker(style[None, :, None], codes, phones, context)


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


def _check_text(text: str) -> None:
    if not text.strip():
        raise _no_text("an empty text")
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


def _sentences_of(text: str, longest_s: float) -> list[Sentence]:
    han = sum("\u3400" <= character <= "\u9fff" for character in text)
    return sentences(text, max_chars=round(longest_s * (_HAN_PER_S if 3 * han > len(text) else _LATIN_PER_S)))


def _strange_languages(utterance: Utterance, known: Sequence[str], part: Sentence) -> tuple[TextWarning, ...]:
    """A warning for every language of a sentence that the base model was not trained to speak."""
    found = {run.language for run in utterance.runs} - set(known) if known else set()
    message = "the base model has not learned to speak {}; it will hardly be understood"
    return tuple(TextWarning("strange_language", message.format(name), part.start, part.end) for name in sorted(found))


def _seed_of_take(seed: int, number: int) -> int:
    """The first take is what a single take would be."""
    return seed if number == 0 else derived_seed(seed, "take", number)


def _cancelled(options: SpeakOptions) -> bool:
    return options.cancel is not None and options.cancel.is_set()


def _stop_if_cancelled(options: SpeakOptions) -> None:
    if _cancelled(options):
        raise Cancelled("speaking was stopped", key="stopped")
