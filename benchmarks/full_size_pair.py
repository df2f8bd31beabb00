"""What a full-size public voice costs: written in the public format, scanned, converted and loaded, each step in its own process.

The weights are made from a rule, so no download is needed. Peak memory stands beside the bound of the project: 1.2 times the
size of the weights in memory plus 300 MB.

    python benchmarks/full_size_pair.py --version v2 v2ProPlus --folder /tmp/pairs

Nothing is asserted; the docs carry the figures with the machine they came from.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from voxcommons.models import configs
from voxcommons.models.base_file import BaseFacts, read_facts
from voxcommons.voicefile.tensors import ITEM_BYTES, RawTensor, TensorFile

TESTS = Path(__file__).resolve().parents[1] / "tests"
SIZES: dict[str, Callable[[], configs.SemanticToWaveConfig]] = {
    "v1": configs.semantic_to_wave_v1,
    "v2": configs.semantic_to_wave_v2,
    "v2Pro": configs.semantic_to_wave_v2pro,
    "v2ProPlus": configs.semantic_to_wave_v2proplus,
}


class Ruled:
    """A tensor made from the rule when it is asked for."""

    dtype = "F16"

    def __init__(self, key: str, shape: tuple[int, ...]) -> None:
        self.key, self.shape = key, shape
        self.nbytes = math.prod(shape) * ITEM_BYTES["F16"]

    @property
    def data(self) -> bytes:
        """The numbers."""
        from golden import weights_rule

        return RawTensor.of(weights_rule.make(self.key, self.shape).astype("<f2")).data


def write(folder: Path, version: str) -> None:
    """The two files as the public program would have written them."""
    from voxcommons.models.build import tensor_shapes
    from voxcommons.models.legacy import MARK_OF
    from voxcommons.models.legacy_sizes import public_text_config, public_wave_config
    from voxcommons.voicefile.checkpoint_writer import write_checkpoint

    sys.path.insert(0, str(TESTS))
    text = configs.text_to_semantic_v1() if version == "v1" else configs.text_to_semantic_v2()
    acoustic = replace(SIZES[version](), posterior=False)
    facts = BaseFacts("ruled", 32000, 640, 2048, 2048, "v1" if version == "v1" else "v2", text, acoustic)
    words = {f"model.{key}": Ruled(f"model.{key}", shape) for key, shape in tensor_shapes("text_to_semantic", text).items()}
    write_checkpoint(folder / "ruled-e15.ckpt", {"weight": words, "config": public_text_config(facts), "info": "GPT-e15"})
    waves = {key: Ruled(key, shape) for key, shape in tensor_shapes("semantic_to_wave", acoustic).items()}
    content = {"weight": waves, "config": public_wave_config(facts, version), "info": "8epoch_200iteration"}
    write_checkpoint(folder / "ruled_e8_s200.pth", content, MARK_OF.get(version))


def scan(folder: Path, version: str) -> None:
    """Both files are found to be what they are."""
    from voxcommons.voices.public_weights import scan as scanned

    found = [scanned(path) for path in _pair(folder)]
    assert [one.refused + one.unusable for one in found] == ["", ""]
    assert found[1].version == version


def convert(folder: Path, version: str) -> None:
    """The pair becomes a base model."""
    from voxcommons.models.build import tensor_shapes
    from voxcommons.voices.public_weights import convert as converted

    assert converted(_pair(folder), folder / "base", tensor_shapes, replace=True).version == version


def load(folder: Path, version: str) -> None:
    """The base model is read, ready to speak in single precision on the CPU."""
    from voxcommons.models.build import load_base

    load_base(folder / "base")


def start(folder: Path, version: str) -> None:
    """Only the imports that loading needs, for comparison."""
    from voxcommons.models import build

    assert build


def _pair(folder: Path) -> tuple[Path, Path]:
    return folder / "ruled-e15.ckpt", folder / "ruled_e8_s200.pth"


STEPS = {"write": write, "scan": scan, "convert": convert, "start": start, "load": load}


def run(step: str, folder: Path, version: str) -> dict[str, Any]:
    """One step in its own process."""
    words = [sys.executable, __file__, "--version", version, "--folder", str(folder), "--step", step]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", nargs="+", choices=list(SIZES), default=["v2", "v2ProPlus"])
    parser.add_argument("--folder", type=Path, required=True, help="where the files go; they stay there")
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        wall, busy = time.perf_counter(), time.process_time()
        STEPS[arguments.step](arguments.folder, arguments.version[0])
        taken = {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - busy, 2)}
        print(json.dumps(taken | {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))
        return
    for version in arguments.version:
        folder = arguments.folder / version
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {"version": version} | {step: run(step, folder, version) for step in STEPS}
        read_facts(folder / "base")
        files = [TensorFile.at(path) for path in sorted((folder / "base").glob("*.safetensors"))]
        numbers = sum(math.prod(file.facts(name)[1]) for file in files for name in file)
        found["files_mb"] = round(sum(path.stat().st_size for path in _pair(folder)) / 1e6)
        found["weights_in_memory_mb"] = round(numbers * 4 / 1e6)
        found["bound_mb"] = round(1.2 * numbers * 4 / 1e6 + 300)
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
