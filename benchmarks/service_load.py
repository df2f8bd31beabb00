"""What `vox serve` bears: many clients at once speaking many voices, and whether each gets the voice it asked for.

Starts a real `vox serve` with a folder of its own, fills its library with voices mixed from those of the package, and asks for every
voice and text once, alone: with a fixed seed the samples are the same each time, so these answers are the reference. Then
all clients ask, each again as soon as it has its answer, until the time is over. An answer is right only if its samples are,
byte for byte, those of the voice that was asked for; where they are those of another voice, that is counted as a crossed voice.

    python benchmarks/service_load.py
    python benchmarks/service_load.py --clients 12 --voices 4 --seconds 5 --json
    python benchmarks/service_load.py --cores 1 --formats pcm

Nothing is asserted; the exit code is 1 when any answer was an error, crossed or wrong. Docs carry the figures with their machine.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = (
    "The birch canoe slid on the smooth planks.",
    "It is easy to tell the depth of a well. Four hours of steady work faced us.",
)
_PATIENCE_S = 600.0  # of a client; the server has no limit of its own
_SAMPLE_S = 0.5
_RATE = 16_000


@dataclass
class Tally:
    """What the clients met.

    Attributes:
        total_s: of each good answer, from asking to its last byte.
        first_s: to its first byte.
        sound_s: of speech in good answers.
        by_client: good answers of each client.
        bad: other ends, by what they were.
    """

    total_s: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    sound_s: float = 0.0
    by_client: Counter[int] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


def main() -> int:
    """Start, ask alone, ask all at once, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100, help="clients that ask at the same time (100)")
    parser.add_argument("--voices", type=int, default=20, help="different voices (20)")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long new requests are made (120)")
    parser.add_argument("--format", choices=("pcm", "wav"), default="pcm", help="pcm leaves sentence by sentence, wav whole")
    parser.add_argument("--cores", metavar="0,1", help="processor cores for the server and the clients (Linux); default all")
    parser.add_argument("--serve", metavar="WORDS", default="", help="more options for vox serve, in one argument")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    if arguments.cores:
        os.sched_setaffinity(0, {int(core) for core in arguments.cores.split(",")})  # the server inherits it
    with tempfile.TemporaryDirectory(prefix="vox-load-") as folder:
        home = Path(folder)
        names = mixed_voices(home, arguments.voices)
        with serving(home, arguments.serve.split()) as (address, process):
            found = load(address, process, names, arguments)
    print(json.dumps(found) if arguments.json else "\n".join(f"{name:28} {value}" for name, value in found.items()))
    return 1 if found["errors"] or found["crossed"] or found["wrong"] else 0


def mixed_voices(home: Path, count: int) -> list[str]:
    """Put voices into a library: each the clip of one voice of the package with a timbre between that voice and another."""
    from dataclasses import replace

    from voxcommons.voicefile.archive import write_manifest
    from voxcommons.voicefile.features import read_features, write_features
    from voxcommons.voicefile.manifest import PROMPT_FILE
    from voxcommons.voices.library import Library

    library = Library(home)
    sources = library.list()
    features = [read_features(voice.folder / PROMPT_FILE) for voice in sources]
    pairs = [(a, b) for step in range(1, len(sources)) for a in range(len(sources)) for b in [(a + step) % len(sources)]]
    names = []
    for number in range(count):
        a, b = pairs[number % len(pairs)]
        share = 0.25 + 0.5 * (number // len(pairs)) / max(1, count // len(pairs))
        style = ((1 - share) * features[a].style + share * features[b].style).astype(np.float32)
        made, name = replace(features[a], style=style), f"voice-{number:02}"
        with library.writing(name) as folder:
            write_features(folder / PROMPT_FILE, made)
            old = sources[a].manifest
            write_manifest(folder, replace(old, name=name, id=made.voice_id, files={}))
        names.append(name)
    return names


@contextlib.contextmanager
def serving(home: Path, words: list[str]) -> Iterator[tuple[str, int]]:
    """A `vox serve` on a free port: its host:port and process number."""
    command = ["env", f"VOX_HOME={home}", "VOX_LANG=en", sys.executable, "-m", "voxcommons", "serve", "--port", "0", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = ""
        for line in server.stderr:
            said += line
            if address := re.search(r"http://([\w.]+:\d+)", line):
                break
        else:
            raise SystemExit(f"the server did not start: {said.strip()}")
        drain = threading.Thread(target=lambda: list(server.stderr or ()), daemon=True)
        drain.start()
        try:
            yield address[1], server.pid
        finally:
            server.terminate()


def load(address: str, process: int, names: list[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Ask alone, then all at once; every figure."""
    asked = list(itertools.product(names, TEXTS))
    for name in names[:2]:  # the base model, its text tables and the first voice are read at the first request
        answer(address, name, TEXTS[0], arguments.format)
    begun = time.perf_counter()
    references = {key: answer(address, *key, arguments.format)[0] for key in asked}
    alone_s = (time.perf_counter() - begun) / len(asked)
    owners: dict[bytes, str] = {content: name for (name, _), content in references.items()}
    if len(owners) != len(asked):
        raise SystemExit("two voices sound the same; nothing could be told apart")
    memory = Memory(process)
    rss_before = memory.resident_mb()
    tally = Tally()
    begun = time.perf_counter()
    until = begun + arguments.seconds
    clients = [
        threading.Thread(target=ask, args=(address, number, asked, references, owners, until, tally, arguments.format))
        for number in range(arguments.clients)
    ]
    with memory.watching():
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    wall_s = time.perf_counter() - begun
    counts = [tally.by_client[number] for number in range(arguments.clients)]
    errors = {name: count for name, count in tally.bad.items() if name not in ("crossed", "wrong")}
    half = len(memory.seen) // 2
    return {
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "used": arguments.cores or "all",
                    "load_before": round(os.getloadavg()[0], 2)},
        "clients": arguments.clients, "voices": len(names), "seconds": arguments.seconds, "format": arguments.format,
        "answers": len(tally.total_s), "errors": errors, "crossed": tally.bad["crossed"], "wrong": tally.bad["wrong"],
        "until_last_answer_s": round(wall_s, 1),
        "answers_per_minute": round(60 * len(tally.total_s) / wall_s, 1),
        "seconds_of_speech_per_second": round(tally.sound_s / wall_s, 2),
        "latency_median_s": quantile(tally.total_s, 0.5), "latency_95_s": quantile(tally.total_s, 0.95),
        "latency_longest_s": quantile(tally.total_s, 1.0),
        "first_byte_median_s": quantile(tally.first_s, 0.5), "first_byte_95_s": quantile(tally.first_s, 0.95),
        "latency_alone_s": round(alone_s, 3),
        "answers_per_client": [min(counts), max(counts)],
        "server_memory_mb": {
            "before": rss_before, "first_half": max(memory.seen[:half], default=0.0), "second_half": max(memory.seen[half:], default=0.0),
        },
        "server_processor_s": memory.processor_s(),
    }  # fmt: skip


def ask(
    address: str, number: int, asked: list[tuple[str, str]], references: dict[tuple[str, str], bytes], owners: dict[bytes, str],
    until: float, tally: Tally, kind: str,
) -> None:  # fmt: skip
    """One client: ask for one voice and text after the other, each client from another place of the list."""
    for turn in itertools.count():
        if time.perf_counter() >= until:
            return
        name, text = asked[(number * 7 + turn * 11) % len(asked)]
        begun = time.perf_counter()
        try:
            content, first_s = answer(address, name, text, kind)
        except Refused as error:
            with tally.lock:
                tally.bad[str(error)] += 1
            continue
        except (OSError, http.client.HTTPException) as error:
            with tally.lock:
                tally.bad[type(error).__name__] += 1
            continue
        total_s = time.perf_counter() - begun
        with tally.lock:
            if content != references[name, text]:
                tally.bad["crossed" if owners.get(content, name) != name else "wrong"] += 1
                continue
            tally.total_s.append(total_s)
            tally.first_s.append(first_s)
            tally.sound_s += len(content) / 2 / _RATE
            tally.by_client[number] += 1


class Refused(Exception):
    """An answer that is no sound."""


def answer(address: str, name: str, text: str, kind: str) -> tuple[bytes, float]:
    """One request on a connection of its own: the samples, and seconds until the first byte of the answer."""
    body = {"model": "starter", "voice": name, "input": text, "response_format": kind, "sample_rate": "model", "seed": 7, "language": "en"}
    connection = http.client.HTTPConnection(address, timeout=_PATIENCE_S)
    begun = time.perf_counter()
    try:
        connection.request("POST", "/v1/audio/speech", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise Refused(f"{response.status} {response.read(300).decode('utf-8', 'replace')}")
        head = response.read(1)
        first_s = time.perf_counter() - begun
        content = head + response.read()
    finally:
        connection.close()
    return samples(content) if kind == "wav" else content, first_s


def samples(content: bytes) -> bytes:
    """The samples of a WAV file: its label tells the time, which is never the same."""
    place = 12
    while content[place : place + 4] != b"data":
        place += 8 + int.from_bytes(content[place + 4 : place + 8], "little") + (content[place + 4] & 1)
    return content[place + 8 : place + 8 + int.from_bytes(content[place + 4 : place + 8], "little")]


class Memory:
    """Resident memory and processor time of a process, as Linux tells them."""

    def __init__(self, process: int) -> None:
        self._place = Path("/proc") / str(process)
        self.seen: list[float] = []

    def resident_mb(self) -> float:
        """Now."""
        found = re.search(r"VmRSS:\s+(\d+)", (self._place / "status").read_text())
        return round(int(found[1]) * 1024 / 1e6, 1) if found else 0.0

    def processor_s(self) -> float:
        """Since the process began."""
        fields = (self._place / "stat").read_text().rpartition(")")[2].split()
        return round((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 1)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Look now and then while the block lasts."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(_SAMPLE_S):
                self.seen.append(self.resident_mb())

        eye = threading.Thread(target=look, daemon=True)
        eye.start()
        try:
            yield
        finally:
            over.set()
            eye.join()


def quantile(values: list[float], share: float) -> float | None:
    """The value below which a share of all lies."""
    if not values:
        return None
    if share == 0.5:
        return round(statistics.median(values), 2)
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 2)


if __name__ == "__main__":
    sys.exit(main())
