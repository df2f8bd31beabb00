"""Writing down what is said in a recording, with an engine and a model that lie on this machine.

Three ways lead to the words of a voice: the person gives them, an engine of this file hears them, or nobody does and the base
model's own recogniser hears phones (``prepare.features``). The engines are optional (extras ``sherpa`` and ``whisper``) and
never fetch anything: a model is a folder somebody put there. A folder is looked through before the engine sees it,
because one of them ends the whole program over a file it did not expect.
"""

from __future__ import annotations

import importlib
import mmap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from voxcommons.audio.resample import resample
from voxcommons.base.errors import CorruptFileError, InputError, MissingExtraError

Samples = npt.NDArray[np.float32]

RATE: Final = 16_000
LANGUAGES: Final = ("zh", "en", "yue", "ja", "ko")
# Engine -> (its module, its package, the extra that brings it).
ENGINES: Final[Mapping[str, tuple[str, str, str]]] = {
    "sherpa-onnx": ("sherpa_onnx", "sherpa-onnx", "sherpa"),
    "faster-whisper": ("faster_whisper", "faster-whisper", "whisper"),
}


@dataclass(frozen=True)
class Heard:
    """What an engine heard.

    Attributes:
        text: with or without punctuation, as the engine writes.
        language: the engine's own tag ("en", "zh" ...), or None where it does not tell.
    """

    text: str
    language: str | None = None


class Transcriber(Protocol):
    """Something that writes down speech."""

    name: str

    def transcribe(self, samples: Samples, rate: int, language: str | None = None) -> Heard:
        """Write down one piece of speech of up to half a minute.

        Args:
            samples: mono [T].
            rate: in Hz.
            language: a tag, or None when it is to be found.
        """


def open_transcriber(engine: str, model: Path, threads: int = 1) -> Transcriber:
    """Load an engine with a model from a folder.

    Args:
        engine: one of ``ENGINES``.
        model: the folder of the model's files.
        threads: processor threads.

    Raises:
        InputError: there is no such engine or folder, or the folder holds no model of a kind that is known.
        MissingExtraError: the engine is not installed.
        CorruptFileError: the engine cannot read the model.
    """
    if engine not in ENGINES:
        raise InputError("unknown speech recogniser", expected=" or ".join(ENGINES), found=repr(engine))
    if not model.is_dir():
        raise InputError(
            "no such model folder", expected=f"the folder of a model for {engine}", found=str(model), key="no_such_file", path=model
        )
    opened: Transcriber = SherpaTranscriber(model, threads) if engine == "sherpa-onnx" else WhisperTranscriber(model, threads)
    return opened


class SherpaTranscriber:
    """sherpa-onnx with a SenseVoice, Paraformer, Whisper or transducer model.

    Args:
        model: a folder with ``tokens.txt`` and the model's ONNX files, named as they are published.
        threads: processor threads.
    """

    def __init__(self, model: Path, threads: int = 1) -> None:
        self.kind, files = sherpa_files(model)
        self.name = f"sherpa-onnx, {self.kind}, {model.name}"
        self._files = files
        self._threads = threads
        self._module = _engine("sherpa-onnx")
        self._by_language: dict[str, Any] = {}
        self._recogniser("")

    def transcribe(self, samples: Samples, rate: int, language: str | None = None) -> Heard:
        """Write down one piece of speech; see :class:`Transcriber`."""
        asked = language if language in LANGUAGES and self.kind in ("sense-voice", "whisper") else ""
        recogniser = self._recogniser(asked or "")
        stream = recogniser.create_stream()
        stream.accept_waveform(RATE, _as_heard(samples, rate))
        recogniser.decode_stream(stream)
        found = stream.result
        tag = str(getattr(found, "lang", "")).strip("<|>")
        return Heard(str(found.text).strip(), (tag if tag in LANGUAGES else None) or (asked or None))

    def _recogniser(self, language: str) -> Any:  # noqa: ANN401 - a class of an optional package
        """The recogniser for a language; its models take the language when they are loaded."""
        if language not in self._by_language:
            make = _MAKERS[self.kind]
            try:
                made = make(self._module.OfflineRecognizer, self._files, language, self._threads)
            except (RuntimeError, ValueError) as cause:
                raise CorruptFileError(
                    "the speech recogniser cannot be loaded", expected=f"a {self.kind} model", found=str(cause), do="fetch the model again"
                ) from cause
            self._by_language = {language: made}  # one at a time: a model takes hundreds of megabytes
        return self._by_language[language]


class WhisperTranscriber:
    """faster-whisper with a converted Whisper model.

    Args:
        model: a folder with ``model.bin``, ``config.json`` and the tokenizer's files.
        threads: processor threads.
    """

    def __init__(self, model: Path, threads: int = 1) -> None:
        missing = [name for name in ("model.bin", "tokenizer.json") if not (model / name).is_file()]
        if missing:
            raise InputError(
                "this is no model for faster-whisper",
                expected="a folder with model.bin and tokenizer.json",
                found=f"{model} without {' and '.join(missing)}",
                do="give the folder of a converted Whisper model",
            )
        self.name = f"faster-whisper, {model.name}"
        module = _engine("faster-whisper")
        try:
            self._model = module.WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
        except (RuntimeError, ValueError) as cause:
            raise CorruptFileError(
                "the speech recogniser cannot be loaded", expected="a converted Whisper model", found=str(cause), do="convert it again"
            ) from cause

    def transcribe(self, samples: Samples, rate: int, language: str | None = None) -> Heard:
        """Write down one piece of speech; see :class:`Transcriber`."""
        # Each piece stands for itself: text carried over is what makes Whisper repeat and invent.
        segments, info = self._model.transcribe(_as_heard(samples, rate), language=language, condition_on_previous_text=False)
        return Heard("".join(segment.text for segment in segments).strip(), info.language)


def sherpa_files(folder: Path) -> tuple[str, dict[str, str]]:
    """Which kind of model a folder holds for sherpa-onnx, and its files by their part.

    Raises:
        InputError: none that is known; the message says what was looked for.
    """
    tokens = _one(folder, "*tokens.txt")
    parts = {name: _one(folder, f"*{name}*.onnx") for name in ("encoder", "decoder", "joiner")}
    single = _one(folder, "*model*.onnx")
    kind = ""
    files: dict[str, Path | None] = {"tokens": tokens}
    if parts["encoder"] and parts["decoder"]:
        whisper = _holds(parts["encoder"], b"n_text_layer")
        kind = "whisper" if whisper else "transducer" if parts["joiner"] else ""
        files |= {name: parts[name] for name in (("encoder", "decoder") if whisper else tuple(parts))}
    elif single:
        stacked = _holds(single, b"lfr_window_size")  # frames in stacks: both of the kinds below take them
        kind = ("sense-voice" if _holds(single, b"text_norm") else "paraformer") if stacked else ""
        files["model"] = single
    if not kind or tokens is None:
        raise InputError(
            "this is no model for sherpa-onnx",
            expected="tokens.txt and the ONNX files of a SenseVoice, Paraformer, Whisper or transducer model",
            found=f"{folder} with {', '.join(sorted(path.name for path in folder.iterdir())[:6]) or 'nothing'}",
            do="give the folder as it is published",
        )
    return kind, {name: str(path) for name, path in files.items() if path is not None}


def transcript_of(transcriber: Transcriber, pieces: Sequence[tuple[Samples, int]], language: str | None = None) -> tuple[str, list[str]]:
    """The words of a recording, piece by piece.

    Args:
        transcriber: the engine.
        pieces: (samples [T], rate) of each piece, in order of time.
        language: a tag, or None.

    Returns:
        The whole text, pieces joined by line ends, and the text of each piece.
    """
    texts = [transcriber.transcribe(samples, rate, language).text for samples, rate in pieces]
    return "\n".join(text for text in texts if text), texts


def _engine(name: str) -> ModuleType:
    module, package, extra = ENGINES[name]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as cause:
        raise MissingExtraError(
            f"writing down speech with {name} needs its package",
            expected=f"{package} installed",
            found="nothing of that name",
            do=f"run: pip install {package}",
            extra=extra,
        ) from cause


def _sense_voice(recogniser: Any, files: Mapping[str, str], language: str, threads: int) -> Any:  # noqa: ANN401 - optional package
    return recogniser.from_sense_voice(
        model=files["model"], tokens=files["tokens"], language=language or "auto", use_itn=True, num_threads=threads
    )


def _paraformer(recogniser: Any, files: Mapping[str, str], language: str, threads: int) -> Any:  # noqa: ANN401 - optional package
    return recogniser.from_paraformer(paraformer=files["model"], tokens=files["tokens"], num_threads=threads)


def _whisper(recogniser: Any, files: Mapping[str, str], language: str, threads: int) -> Any:  # noqa: ANN401 - optional package
    return recogniser.from_whisper(
        encoder=files["encoder"], decoder=files["decoder"], tokens=files["tokens"], language=language, num_threads=threads
    )


def _transducer(recogniser: Any, files: Mapping[str, str], language: str, threads: int) -> Any:  # noqa: ANN401 - optional package
    return recogniser.from_transducer(**files, num_threads=threads)


_MAKERS: Final[Mapping[str, Callable[[Any, Mapping[str, str], str, int], Any]]] = {
    "sense-voice": _sense_voice,
    "paraformer": _paraformer,
    "whisper": _whisper,
    "transducer": _transducer,
}


def _one(folder: Path, pattern: str) -> Path | None:
    """The file of that pattern; of several, one with eight-bit weights: a processor speaks them faster and no worse."""
    found = sorted(folder.glob(pattern), key=lambda path: ("int8" not in path.name, path.name))
    return found[0] if found else None


def _holds(path: Path | None, word: bytes) -> bool:
    """Whether a file holds a word somewhere; it is mapped, not read."""
    if path is None or not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0


def _as_heard(samples: Samples, rate: int) -> Samples:
    sound = resample(samples, rate, RATE) if rate != RATE else samples
    return np.ascontiguousarray(sound, np.float32)
