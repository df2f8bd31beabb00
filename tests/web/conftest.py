"""A server with a tiny base model and its studio, for all tests that only ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
def tiny(tiny_folder):
    """The same, for making voices."""
    return load_base(tiny_folder, parts=("semantic_to_wave",))


@pytest.fixture(scope="module")
def served(tmp_path_factory, tiny_folder, tiny) -> Iterator[Running]:
    """A server with the voice 'tester'."""
    home = tmp_path_factory.mktemp("vox-home")
    add_tiny_voice(home, tiny)
    with running(home, tiny_folder, max_text=2000, max_upload_bytes=8 << 20) as server:
        yield server
