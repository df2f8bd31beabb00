"""One base model and one server for all tests that only ask; tests that change something start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sounds import speech_like, write_wav
from tiny_base import add_tiny_voice, make_tiny_base
from tiny_server import Running, running
from voxcommons.models.build import load_base, save_base


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """A base model on disk whose sentences end soon."""
    folder = tmp_path_factory.mktemp("bases") / "tiny"
    save_base(make_tiny_base(for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory) -> Path:
    """Another base model of the same family."""
    folder = tmp_path_factory.mktemp("bases") / "other"
    save_base(make_tiny_base(1, for_training=True, ending="soon"), folder)
    return folder


@pytest.fixture(scope="session")
def endless_folder(tmp_path_factory) -> Path:
    """A base model whose sentences never end by themselves."""
    folder = tmp_path_factory.mktemp("bases") / "endless"
    save_base(make_tiny_base(for_training=True, ending="never"), folder)
    return folder


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Path:
    """The folder clients may name files in: clips of several lengths, and what is no clip."""
    folder = tmp_path_factory.mktemp("clips")
    write_wav(folder / "speaker.wav", speech_like((4.0,)))
    write_wav(folder / "second.wav", speech_like((3.0,), seed=1))
    write_wav(folder / "short.wav", speech_like((1.0,)))
    write_wav(folder / "long.wav", speech_like((7.0, 6.0)))
    (folder / "text.wav").write_text("not a recording")
    (folder / "sub").mkdir()
    return folder


@pytest.fixture(scope="session")
def voxhome(tmp_path_factory, tiny_folder) -> Path:
    """A home with the voice 'tester', made for the tiny base model."""
    home = tmp_path_factory.mktemp("vox-home")
    add_tiny_voice(home, load_base(tiny_folder, parts=("semantic_to_wave",)))
    return home


@pytest.fixture(scope="session")
def served(voxhome, tiny_folder, clips) -> Iterator[Running]:
    """A server nobody changes."""
    with running(voxhome, tiny_folder, folders=(clips,), max_text=500, max_body_bytes=64 << 10) as server:
        yield server
