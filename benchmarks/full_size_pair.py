"""What a full-size public voice costs: written in the public format, scanned, converted, loaded, cloned with and spoken with.

Every step has its own process; pulling, cloning and speaking are the commands a person would give. The weights are made from a
rule, so no download is needed and what is spoken is noise of the right length. Peak memory stands beside the bound of the
project: 1.2 times the size of the weights in memory plus 300 MB.

    python benchmarks/full_size_pair.py --version v2 v2ProPlus --folder /tmp/pairs --recording me.wav --text "What is said in it."

Nothing is asserted; the docs carry the figures with the machine they came from.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import soundfile

from voxcommons.models import configs
from voxcommons.models.base_file import BaseFacts
from voxcommons.models.set_files import BERT, HUBERT, SPEAKER, WEIGHTS_FILE
from voxcommons.voicefile.tensors import ITEM_BYTES, RawTensor, TensorFile

SENTENCE = "Hello, this voice came from somewhere else. 你好，很高兴认识你。"
TESTS = Path(__file__).resolve().parents[1] / "tests"
SIZES: dict[str, Callable[[], configs.SemanticToWaveConfig]] = {
    "v1": configs.semantic_to_wave_v1,
    "v2": configs.semantic_to_wave_v2,
    "v2Pro": configs.semantic_to_wave_v2pro,
    "v2ProPlus": configs.semantic_to_wave_v2proplus,
}


@dataclass(frozen=True)
class Case:
    """One voice to measure.

    Attributes:
        version: of the public program.
        folder: where its files go.
        recording: what the voice is cloned from; without it there is no cloning and no speaking.
        said: the words of the recording, where they are known.
        context: whether Mandarin is read with the language model.
    """

    version: str
    folder: Path
    recording: Path | None
    said: str
    context: bool

    @property
    def pair(self) -> tuple[Path, Path]:
        """The two files of the voice."""
        return self.folder / "ruled-e15.ckpt", self.folder / "ruled_e8_s200.pth"

    @property
    def home(self) -> Path:
        """VOX_HOME of the commands."""
        return self.folder / "home"


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


def write(case: Case) -> None:
    """The two files as the public program would have written them."""
    from voxcommons.models.build import tensor_shapes
    from voxcommons.models.legacy import MARK_OF
    from voxcommons.models.legacy_sizes import public_text_config, public_wave_config
    from voxcommons.voicefile.checkpoint_writer import write_checkpoint

    sys.path.insert(0, str(TESTS))
    text = configs.text_to_semantic_v1() if case.version == "v1" else configs.text_to_semantic_v2()
    acoustic = replace(SIZES[case.version](), posterior=False)
    facts = BaseFacts("ruled", 32000, 640, 2048, 2048, "v1" if case.version == "v1" else "v2", text, acoustic)
    words = {f"model.{key}": Ruled(f"model.{key}", shape) for key, shape in tensor_shapes("text_to_semantic", text).items()}
    write_checkpoint(case.pair[0], {"weight": words, "config": public_text_config(facts), "info": "GPT-e15"})
    waves = {key: Ruled(key, shape) for key, shape in tensor_shapes("semantic_to_wave", acoustic).items()}
    content = {"weight": waves, "config": public_wave_config(facts, case.version), "info": "8epoch_200iteration"}
    write_checkpoint(case.pair[1], content, MARK_OF.get(case.version))


def scan(case: Case) -> None:
    """Both files are found to be what they are."""
    from voxcommons.voices.public_weights import scan as scanned

    found = [scanned(path) for path in case.pair]
    assert [one.refused + one.unusable for one in found] == ["", ""]
    assert found[1].version == case.version


def convert(case: Case) -> None:
    """The pair becomes a base model."""
    from voxcommons.models.build import tensor_shapes
    from voxcommons.voices.public_weights import convert as converted

    assert converted(case.pair, case.folder / "base", tensor_shapes, replace=True).version == case.version


def load(case: Case) -> None:
    """The base model is read, ready to speak in single precision on the CPU."""
    from voxcommons.models.build import load_base

    load_base(case.folder / "base")


def start(case: Case) -> None:
    """Only the imports that loading needs, for comparison."""
    from voxcommons.models import build

    assert build


def networks(case: Case) -> None:
    """The networks that cloning and Mandarin need beside the pair, as their publishers would have written them."""
    from voxcommons.models.bert import UNUSED_LAYERS, BertConfig
    from voxcommons.models.feature_sets import network_shapes
    from voxcommons.models.hubert import HubertConfig
    from voxcommons.voicefile.checkpoint_writer import write_checkpoint

    sys.path.insert(0, str(TESTS))
    folder = case.folder / "networks"
    hubert, bert = HubertConfig(), BertConfig()
    told = {
        "hubert": {
            "hidden_size": hubert.width, "num_attention_heads": hubert.heads, "intermediate_size": hubert.inner,
            "num_hidden_layers": hubert.layers, "layer_norm_eps": hubert.epsilon, "conv_dim": [hubert.channels] * 7,
        },
        "bert": {
            "hidden_size": bert.width, "num_attention_heads": bert.heads, "intermediate_size": bert.inner,
            "num_hidden_layers": bert.layers + UNUSED_LAYERS, "vocab_size": bert.words, "max_position_embeddings": bert.positions,
        },
    }  # fmt: skip
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(chr(0x4E00 + place) for place in range(bert.words - 4))]
    places = {"hubert": "chinese-hubert-base", "bert": "chinese-roberta-wwm-ext-large"}
    for kind, sizes in (("hubert", asdict(hubert)), ("bert", asdict(bert))):
        place = folder / places[kind]
        place.mkdir(parents=True, exist_ok=True)
        (place / "config.json").write_text(json.dumps(told[kind]), encoding="utf-8")
        shapes = network_shapes(kind, sizes, place)
        before = "bert." if kind == "bert" else ""
        write_checkpoint(place / "pytorch_model.bin", {before + key: Ruled(key, shape) for key, shape in shapes.items()})
    words = {"model": {"vocab": {token: row for row, token in enumerate(vocabulary)}}}
    (folder / places["bert"] / "tokenizer.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    shapes = network_shapes("eres2netv2", {}, folder)
    (folder / "sv").mkdir(exist_ok=True)
    name = folder / "sv" / "pretrained_eres2netv2w24s4ep4.ckpt"
    write_checkpoint(name, {key: Ruled(key, shape) for key, shape in shapes.items()})


def pull(case: Case) -> None:
    """They are installed from that folder in an empty home; the language model only where it is asked for."""
    shutil.rmtree(case.home, ignore_errors=True)
    names = [HUBERT, SPEAKER] + [BERT] * case.context
    _vox(case, "models", "pull", *names, "--from", str(case.folder / "networks"))


def clone(case: Case) -> None:
    """A voice is made from a recording."""
    said = ["--text", case.said] if case.said else []
    base = str(case.folder / "base")
    _vox(case, "clone", str(case.recording), "--name", "ruled", "--base", base, *said, "--no-preview")


def speak(case: Case) -> None:
    """It speaks a sentence in two languages."""
    base, out = str(case.folder / "base"), str(case.folder / "spoken.wav")
    _vox(case, "speak", SENTENCE, "--voice", "ruled", "--base", base, "--seed", "1", "-o", out)


def _vox(case: Case, *words: str) -> None:
    from voxcommons.base.settings import Settings
    from voxcommons.cli.main import main as vox

    with contextlib.redirect_stdout(sys.stderr):
        code = vox(words, replace(Settings.from_environment(), home=case.home))
    if code:
        raise SystemExit(code)


PAIR = {"write": write, "scan": scan, "convert": convert, "start": start, "load": load}
VOICE = {"networks": networks, "pull": pull, "clone": clone, "speak": speak}
STEPS = PAIR | VOICE


def run(step: str, words: list[str]) -> dict[str, Any]:
    """One step in its own process."""
    done = subprocess.run([sys.executable, __file__, *words, "--step", step], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{step}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def megabytes(paths: Iterable[Path]) -> int:
    """Size of the numbers of some safetensors files as they are used, in single precision."""
    files = [TensorFile.at(path) for path in paths]
    return round(sum(math.prod(file.facts(name)[1]) for file in files for name in file) * 4 / 1e6)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", nargs="+", choices=list(SIZES), default=["v2", "v2ProPlus"])
    parser.add_argument("--folder", type=Path, required=True, help="where the files go; they stay there")
    parser.add_argument("--recording", type=Path, help="also clone from this recording and speak")
    parser.add_argument("--text", default="", help="what is said in the recording")
    parser.add_argument("--context", action="store_true", help="also read Mandarin with the language model")
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for version in arguments.version:
        case = Case(version, arguments.folder / version, arguments.recording, arguments.text, arguments.context)
        if arguments.step:
            wall, busy = time.perf_counter(), time.process_time()
            STEPS[arguments.step](case)
            taken = {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - busy, 2)}
            print(json.dumps(taken | {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)}))
            return
        measure(case, ["--version", version, "--folder", str(arguments.folder), *_given(arguments)])


def _given(arguments: argparse.Namespace) -> list[str]:
    """The options of a step's own process."""
    recording = ["--recording", str(arguments.recording)] if arguments.recording else []
    return [*recording, "--text", arguments.text, *["--context"] * arguments.context]


def measure(case: Case, words: list[str]) -> None:
    """Run every step and print what it took and what it may take."""
    case.folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"version": case.version}
    found |= {step: run(step, words) for step in (STEPS if case.recording else PAIR)}
    pair = megabytes(sorted((case.folder / "base").glob("*.safetensors")))
    found["files_mb"] = round(sum(path.stat().st_size for path in case.pair) / 1e6)
    found |= {"weights_in_memory_mb": pair, "bound_mb": round(1.2 * pair + 300)}
    if case.recording:
        models = case.home / "models"
        cloning = megabytes(models / name / WEIGHTS_FILE for name in (HUBERT, *[SPEAKER] * ("Pro" in case.version)))
        context = megabytes([models / BERT / WEIGHTS_FILE]) if case.context else 0
        found["bound_mb_cloning"] = round(1.2 * (pair + cloning + context) + 300)
        found["bound_mb_speaking"] = round(1.2 * (pair + context) + 300)
        spoken = soundfile.info(case.folder / "spoken.wav")
        found["spoken_s"], found["spoken_rate_hz"] = round(spoken.duration, 2), spoken.samplerate
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
