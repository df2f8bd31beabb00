"""Importing is free: no file, no output, no changed environment; and reading text or voice files needs no torch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voxcommons.cli.verbs import LIBRARIES

# One process imports everything, since torch alone takes seconds.
_IMPORT_ALL = """
import importlib, json, os, pkgutil, signal, sys, threading
import numpy, torch
import voxcommons
def state():
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "threads": torch.get_num_threads(),
        "live threads": threading.active_count(),
        "dtype": str(torch.get_default_dtype()),
        "numpy random": numpy.random.get_state()[1].tolist(),
        "torch random": torch.random.get_rng_state().tolist(),
        "interrupt": str(signal.getsignal(signal.SIGINT)),
        "terminate": str(signal.getsignal(signal.SIGTERM)),
    }
before = state()
extras = set(sys.argv[2].split(","))
names, missing, changed = [], {}, []
for found in pkgutil.walk_packages(voxcommons.__path__, "voxcommons."):
    if found.name == "voxcommons.__main__":
        continue
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as cause:
        if cause.name.partition(".")[0] not in extras:
            raise
        missing[found.name] = cause.name
    names.append(found.name)
    after = state()
    for key in before:
        if before[key] != after[key]:
            changed.append(f"{found.name} changed {key}")
    before = after
with open(sys.argv[1], "w") as answer:
    json.dump({"names": names, "missing": missing, "changed": changed}, answer)
"""

# Blocks torch, as if it were not installed.
_IMPORT_WITHOUT_TORCH = """
import importlib, pkgutil, sys
sys.modules["torch"] = None
import voxcommons.cli.main
for room in sys.argv[1].split(","):
    package = importlib.import_module(f"voxcommons.{room}")
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
        assert not any(name.startswith("torch.") for name in sys.modules), found.name
"""

_FOLDERS = ("HOME", "VOX_HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "MPLCONFIGDIR")


def _clean_room(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A working folder and an environment whose every place to write is an empty folder under it."""
    places = tmp_path / "places"
    environ = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    for name in (*_FOLDERS, "cwd"):
        (places / name).mkdir(parents=True)
        environ[name] = str(places / name)
    del environ["cwd"]
    return places, environ


def test_importing_every_module_has_no_side_effect(tmp_path):
    places, environ = _clean_room(tmp_path)
    answer = tmp_path / "answer.json"
    extras = ",".join(name for name, (extra, _) in LIBRARIES.items() if extra)
    command = [sys.executable, "-c", _IMPORT_ALL, str(answer), extras]
    done = subprocess.run(command, cwd=places / "cwd", env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
    said = json.loads(answer.read_text())
    assert said["changed"] == []
    assert [str(path) for path in places.rglob("*") if path.is_file()] == []
    assert "voxcommons.base.settings" in said["names"]


def test_text_and_voice_files_are_read_without_torch(tmp_path):
    import voxcommons

    places, environ = _clean_room(tmp_path)
    rooms = [room for room in ("base", "voicefile", "text", "hub") if (Path(voxcommons.__file__).parent / room / "__init__.py").is_file()]
    assert "text" in rooms
    assert "voicefile" in rooms
    command = [sys.executable, "-c", _IMPORT_WITHOUT_TORCH, ",".join(rooms)]
    done = subprocess.run(command, cwd=places / "cwd", env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_is_quick_because_it_imports_no_model(arguments):
    program = (
        "import sys; from voxcommons.cli.main import main; code = main(sys.argv[1:]); "
        "heavy = {'torch', 'numpy', 'scipy', 'matplotlib', 'soundfile', 'av'} & set(sys.modules); sys.exit(str(heavy) if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: vox" if arguments == ["--help"] else "vox, version ")
