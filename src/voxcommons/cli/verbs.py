"""The list of verbs, and the group that imports a verb only when it is called.

Apart from main.py because docs and doctor read the list too. Importing torch takes a second: `vox --help` and
`vox phonemes` must not pay it, so a verb is named here by its address and not imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click

from voxcommons.base.errors import MissingExtraError, VoxError


@dataclass(frozen=True)
class Verb:
    """One command of `vox`.

    Attributes:
        address: `module:name` of its click command.
        promise: what it does, in one line, for `vox --help`.
    """

    address: str
    promise: str


VERBS: Mapping[str, Verb] = {
    "speak": Verb("voxcommons.cli.speak:speak", "Speak a text with a voice, to a file."),
    "check": Verb("voxcommons.cli.check:check_recordings", "Judge a recording before a voice is made of it."),
    "clone": Verb("voxcommons.cli.clone:clone", "Make a voice from a recording."),
    "finetune": Verb("voxcommons.cli.finetune:finetune", "Tune a voice to its person, on old recordings and new ones."),
    "voices": Verb("voxcommons.cli.voices:voices", "List, show, check, move and remove voices."),
    "phonemes": Verb("voxcommons.cli.phonemes:phonemes", "Show how a text is read: normalised text, phonemes, warnings."),
    "serve": Verb("voxcommons.cli.serve:serve", "Serve voices over HTTP."),
    "batch": Verb("voxcommons.cli.batch:batch", "Speak a script of many lines to files."),
    "jobs": Verb("voxcommons.cli.jobs:jobs", "Order work for later, watch it, stop it, try it again."),
    "worker": Verb("voxcommons.cli.worker:worker", "Do the work that was ordered."),
    "scan": Verb("voxcommons.cli.scan:scan", "Say what weight files are, and refuse those that hold more than data."),
    "convert": Verb("voxcommons.cli.convert:convert", "Turn GPT-SoVITS weights into a base model, and back."),
    "models": Verb("voxcommons.cli.models:models", "List and get the public base sets."),
    "demo": Verb("voxcommons.cli.demo:demo", "Clone a voice and speak three sentences, with figures."),
    "evaluate": Verb("voxcommons.cli.evaluate:evaluate", "Measure a base model or a voice."),
    "train": Verb("voxcommons.cli.train:train", "Train a base model."),
    "doctor": Verb("voxcommons.cli.doctor:doctor", "Say what is installed, what is missing and how to get it."),
}

# Importable name of a library -> (the extra that brings it, or "" for the core; its name for pip).
LIBRARIES: Mapping[str, tuple[str, str]] = {
    "alembic": ("", "alembic"),
    "av": ("", "av"),
    "click": ("", "click"),
    "filelock": ("", "filelock"),
    "matplotlib": ("", "matplotlib"),
    "numpy": ("", "numpy"),
    "opencc": ("", "opencc"),
    "platformdirs": ("", "platformdirs"),
    "rich": ("", "rich"),
    "safetensors": ("", "safetensors"),
    "scipy": ("", "scipy"),
    "soundfile": ("", "soundfile"),
    "soxr": ("", "soxr"),
    "sqlalchemy": ("", "sqlalchemy"),
    "torch": ("", "torch"),
    "cryptography": ("serve", "cryptography"),
    "fastapi": ("serve", "fastapi"),
    "httpx2": ("public", "httpx2"),
    "huggingface_hub": ("public", "huggingface-hub"),
    "onnxruntime": ("evaluate", "onnxruntime"),
    "pocketsphinx": ("evaluate", "pocketsphinx"),
    "pyopenjtalk": ("ja", "pyopenjtalk-plus"),
    "mecab": ("ko", "python-mecab-ko"),
    "ToJyutping": ("yue", "ToJyutping"),
    "pg8000": ("postgres", "pg8000"),
    "jinja2": ("serve", "jinja2"),
    "pydantic": ("serve", "pydantic"),
    "segno": ("serve", "segno"),
    "ray": ("ray", "ray"),
    "sherpa_onnx": ("sherpa", "sherpa-onnx"),
    "faster_whisper": ("whisper", "faster-whisper"),
    "uvicorn": ("serve", "uvicorn"),
}


class LazyVerbs(click.Group):
    """A group whose commands are imported when one of them is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The click command of one verb, or None if there is no such verb.

        Raises:
            MissingExtraError: if a library the verb needs is not installed.
            VoxError: if the verb is not part of this installation.
        """
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        module_name, _, attribute = verb.address.partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as cause:
            raise missing_module(cause) from cause
        command = getattr(module, attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{verb.address} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the verbs for --help without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.promise) for name, verb in VERBS.items()])


def missing_module(cause: ModuleNotFoundError) -> VoxError:
    """What a failed import means for the user: an extra to install, or a damaged installation."""
    top = (cause.name or "").partition(".")[0]
    if top == "voxcommons":
        return VoxError(
            "this installation lacks that command",
            found=f"no module {cause.name}",
            do="install voxcommons again",
            key="verb_missing",
        )
    extra, package = LIBRARIES.get(top, ("", top))
    problem, found = "a library is not installed", f"no library {top}"
    if extra:
        return MissingExtraError(problem, extra=extra, found=found, key="library_missing")
    return VoxError(problem, found=found, do=f"run: pip install {package}", key="library_missing")
