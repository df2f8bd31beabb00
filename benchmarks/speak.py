"""What speaking costs: real-time factor, time to the first sound (warm and cold), peak memory.

Each figure stands beside a limit (the budget of the starter model) or a peer measured in the same run (espeak-ng, when it
is installed), because a busy machine slows both. Run it on a quiet machine:

    python benchmarks/speak.py --json
    python benchmarks/speak.py --threads 2 --base starter --voice kathleen

Nothing is asserted; docs carry the figures with the machine they came from.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voxcommons.synth.engine import Engine
    from voxcommons.voices.library import Voice

TEXTS = {
    "en": "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    "zh": "今天天气很好，我们一起去公园散步吧。",
    "mixed": "我们用 Python 写了一个小程序, and it works quite well.",
}
LONG_CHARACTERS = 10_000
LIMITS = {"real_time_factor": 0.15, "first_sound_warm_s": 0.4, "peak_memory_mb": 400.0}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="starter", help="base model: its name or a folder")
    parser.add_argument("--voice", help="a voice of the library; by default the first one")
    parser.add_argument("--threads", type=int, help="processor threads; by default what suits the model")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--long", action="store_true", help=f"also speak {LONG_CHARACTERS} characters and watch the memory")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(CHILDREN[arguments.child](arguments)))
        return
    found: dict[str, Any] = {"machine": machine(), "base": arguments.base}
    found |= run_child("warm", arguments)
    found |= run_child("cold", arguments)
    if arguments.long:
        found |= run_child("long", arguments)
    found |= espeak(arguments.repeats)
    if "espeak_real_time_factor" in found:
        found["times_slower_than_espeak"] = round(found["real_time_factor"] / found["espeak_real_time_factor"], 1)
    found["share_of_limit"] = {name: round(found[name] / limit, 2) for name, limit in LIMITS.items()}
    print(json.dumps(found, ensure_ascii=False) if arguments.json else as_lines(found))


def machine() -> dict[str, Any]:
    """Where the figures come from, and whether it was quiet."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load_before": load}


def run_child(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure in a fresh process, so that memory and imports are its own."""
    words = [sys.executable, __file__, "--child", name, "--base", arguments.base, "--repeats", str(arguments.repeats)]
    words += ["--voice", arguments.voice] if arguments.voice else []
    words += ["--threads", str(arguments.threads)] if arguments.threads else []
    begun = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{name} failed")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "first_sound_cold_s" in found:
        found["whole_process_s"] = round(time.perf_counter() - begun, 3)
    return found


def setup(arguments: argparse.Namespace) -> tuple[Engine, Voice]:
    """An engine and a voice, loaded as `vox speak` loads them."""
    from voxcommons.base.settings import Settings
    from voxcommons.models.build import load_base
    from voxcommons.synth.engine import Engine
    from voxcommons.voices.library import Library

    settings = Settings.from_environment()
    library = Library(settings.home)
    voices = library.list()
    if not voices and not arguments.voice:
        raise SystemExit("no voice in the library; make one with vox clone")
    voice = library.get(arguments.voice) if arguments.voice else voices[0]
    base = load_base(arguments.base)
    return Engine(base, threads=arguments.threads or settings.threads), voice


def released(engine: Engine, voice: Voice, text: str, streaming: str, seed: int) -> Iterator[float]:
    """Speak through the release door into a throw-away log; yields the seconds of sound of each piece as it leaves."""
    from voxcommons.synth.engine import provenance
    from voxcommons.synth.options import SpeakOptions
    from voxcommons.trust.audit import ReleaseLog
    from voxcommons.trust.release import release_stream

    options = SpeakOptions(streaming=streaming, seed=seed)
    with tempfile.TemporaryDirectory() as home:
        stream = release_stream(
            engine.speak(text, voice, options),
            provenance=provenance(text, voice, engine.base, options),
            log=ReleaseLog(Path(home)),
        )
        for content in stream:
            yield len(content) / 2 / engine.base.sample_rate


def peak_mb() -> float:
    """Highest resident memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


def cold(arguments: argparse.Namespace) -> dict[str, Any]:
    """From the start of the process to the first sound: imports, weights, text tables and all."""
    begun = time.perf_counter()
    engine, voice = setup(arguments)
    next(iter(released(engine, voice, TEXTS["en"], "token", 0)))
    return {"first_sound_cold_s": round(time.perf_counter() - begun, 3)}


def warm(arguments: argparse.Namespace) -> dict[str, Any]:
    """After one round for warming up: medians over the repeats."""
    import torch

    engine, voice = setup(arguments)
    for text in TEXTS.values():
        list(released(engine, voice, text, "sentence", 0))
    factors: dict[str, list[float]] = {name: [] for name in TEXTS}
    processor: list[float] = []
    first: list[float] = []
    for seed in range(arguments.repeats):
        for name, text in TEXTS.items():
            wall, cpu = time.perf_counter(), time.process_time()
            seconds = sum(released(engine, voice, text, "sentence", seed))
            factors[name].append((time.perf_counter() - wall) / seconds)
            processor.append((time.process_time() - cpu) / seconds)
            wall = time.perf_counter()
            next(iter(released(engine, voice, text, "token", seed)))
            first.append(time.perf_counter() - wall)
    every = [factor for values in factors.values() for factor in values]
    return {
        "threads": torch.get_num_threads(),
        "voice": voice.manifest.name,
        "real_time_factor": round(statistics.median(every), 4),
        "real_time_factor_by_text": {name: round(statistics.median(values), 4) for name, values in factors.items()},
        "processor_seconds_per_second": round(statistics.median(processor), 4),
        "first_sound_warm_s": round(statistics.median(first), 4),
        "peak_memory_mb": peak_mb(),
    }


def long(arguments: argparse.Namespace) -> dict[str, Any]:
    """Ten thousand characters: the peak after a tenth of them and after all."""
    engine, voice = setup(arguments)
    sentence = TEXTS["en"] + " "
    text = sentence * (LONG_CHARACTERS // len(sentence) + 1)
    seconds, early = 0.0, 0.0
    for piece in released(engine, voice, text, "sentence", 0):
        seconds += piece
        early = early or (peak_mb() if seconds > 60 else 0.0)
    return {"long_text_seconds": round(seconds, 1), "long_text_peak_after_a_minute_mb": early, "long_text_peak_mb": peak_mb()}


def espeak(repeats: int) -> dict[str, Any]:
    """The peer: espeak-ng with the English text, process start included, since it has no warm state to speak of."""
    program = shutil.which("espeak-ng")
    if program is None:
        return {}
    factors = []
    for _ in range(repeats):
        begun = time.perf_counter()
        done = subprocess.run([program, "--stdout", TEXTS["en"]], capture_output=True, check=True)
        seconds = (len(done.stdout) - 44) / 2 / int.from_bytes(done.stdout[24:28], "little")
        factors.append((time.perf_counter() - begun) / seconds)
    return {"espeak_real_time_factor": round(statistics.median(factors), 4)}


def as_lines(found: dict[str, Any]) -> str:
    """One figure a line, the limit beside it."""
    rows = []
    for name, value in found.items():
        limit = f"   (limit {LIMITS[name]:g})" if name in LIMITS else ""
        rows.append(f"{name:36} {value}{limit}")
    return "\n".join(rows)


CHILDREN = {"cold": cold, "warm": warm, "long": long}

if __name__ == "__main__":
    main()
