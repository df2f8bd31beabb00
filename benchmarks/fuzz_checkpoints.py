"""Damaged and hostile checkpoints by the hundred thousand: the reader must read or refuse each one, quickly, in little memory.

Every case is made from a seed and a number, so a run can be stopped and taken up again, and a failure can be repeated alone:

    nice -n 19 python benchmarks/fuzz_checkpoints.py --cases 200000 --state fuzz.json
    python benchmarks/fuzz_checkpoints.py --only 4711
    python benchmarks/fuzz_checkpoints.py --seeds ../shared/reference/weights-corpus --cases 1000

A case fails when the reader ends in anything but "read" or "refused", takes over 5 s, makes this process larger than 1 GiB,
or makes the interpreter report any event (an import, a call of the system, a file opened) while it reads. The exit code is 1
if a case failed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import resource
import signal
import struct
import sys
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voxcommons.base.errors import RefusedFileError
from voxcommons.models.legacy import recognise
from voxcommons.models.legacy_sizes import semantic_to_wave_config, text_to_semantic_config
from voxcommons.voicefile.checkpoint import names_of, plain, read_checkpoint
from voxcommons.voicefile.pickle_tokens import OPCODES, tokens

LIMIT_S, LIMIT_BYTES = 5.0, 1 << 30
LARGEST_SEED_BYTES = 64 << 10
SAVE_EVERY = 2000
VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus")


class TooSlow(Exception):
    """A case took longer than the limit."""


class Watch:
    """Counts what the interpreter reports while a case runs."""

    def __init__(self) -> None:
        self.on = False
        self.events: set[str] = set()
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event != "builtins.id":  # id() tells a place in memory and touches nothing
            self.events.add(event)


# --- seeds ----------------------------------------------------------------------------------------------------------------


def made_seeds() -> list[bytes]:
    """Small checkpoints of every kind the reader knows, written by torch."""
    import argparse as records
    from collections import Counter, OrderedDict, defaultdict
    from pathlib import PurePosixPath

    import torch

    torch.manual_seed(0)
    kinds = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int8, torch.bool, torch.uint16)
    weights = OrderedDict((f"a.{number}", torch.ones(3, 4).to(kind)) for number, kind in enumerate(kinds))
    base = torch.arange(24.0).reshape(4, 6)
    weights |= {"turned": base.t(), "part": base[1:3, 2:5], "whole": base, "none": torch.zeros(0, 3), "one": torch.tensor(1.0)}
    config = {"data": {"max_sec": 54}, "path": PurePosixPath("a/b"), "l": [1, 2.5, None, True], "s": {1, 2}}
    contents: list[Any] = [
        {"weight": weights, "config": config, "info": "e1"},
        {"weight": weights, "config": records.Namespace(model=records.Namespace(x=1)), "info": "e1"},
        {"w": torch.nn.Parameter(base), "c": Counter("abca"), "d": defaultdict(list, {"x": [1]}), "n": base.shape},
        {"w": base, "v": torch.device("cpu"), "t": torch.float16},
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Conv1d(2, 2, 3)).state_dict(),
    ]
    seeds = []
    for content in contents:
        for new in (True, False):
            file = io.BytesIO()
            torch.save(content, file, _use_new_zipfile_serialization=new)
            seeds.append(file.getvalue())
    seeds += [mark + seed[2:] for mark, seed in zip((b"05", b"06"), seeds[::2], strict=False)]
    return seeds


def found_seeds(folder: Path) -> list[bytes]:
    """The small files of a folder, hostile ones too."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and 0 < path.stat().st_size <= LARGEST_SEED_BYTES]
    return [path.read_bytes() for path in paths]


# --- mutations ------------------------------------------------------------------------------------------------------------

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)
PIECES = (
    b"cos\nsystem\n(X\x02\x00\x00\x00idtR", b"\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R", b")" + b"2\x86" * 40, b"(" * 600, b"]" * 50,
    b"r\xff\xff\xff\x7f", b"j\xff\xff\xff\x7f", b"\x8b\xff\xff\xff\x7f", b"X\xff\xff\xff\xff", b"\x8d" + b"\xff" * 8, b"\x95" + b"\xff" * 8,
    b"cbuiltins\neval\n", b"ctorch\nSize\n]\x85R", b"ccollections\nOrderedDict\n)R}b", b"(ios\nsystem\n", b"\x82\x01", b"Q", b"\x81",
    b"cpathlib\nPosixPath\n(X\x01\x00\x00\x00/tR", b"\x80\x02", b".", b"}]s", b"\x94", b"h\x00", b"h\x01R",
    b"\x8f(h\x00\x90", b"a", b"e", b"u",
)  # fmt: skip


def mutate_bytes(data: bytearray, chance: random.Random, seeds: list[bytes]) -> bytes:
    """Change a few places of a file without knowing what they mean."""
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(data) + 1)
        act = chance.randrange(8)
        if act == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif act == 1 and data:
            data[at % len(data)] = chance.randrange(256)
        elif act == 2:
            width = chance.choice((1, 2, 4, 8))
            data[at : at + width] = (chance.choice(NUMBERS) & ((1 << 8 * width) - 1)).to_bytes(width, chance.choice(("little", "big")))
        elif act == 3:
            del data[at : at + chance.choice((1, 2, 8, 64, len(data)))]
        elif act == 4:
            data[at:at] = chance.choice(PIECES)
        elif act == 5:
            length = chance.choice((1, 4, 16, 256))
            data[at:at] = data[at : at + length] * chance.choice((1, 2, 8))
        elif act == 6:
            other = chance.choice(seeds)
            start = chance.randrange(len(other))
            data[at : at + 32] = other[start : start + chance.choice((4, 32, 512))]
        else:
            data[:] = data[:at] if chance.random() < 0.1 else data + chance.choice(PIECES)
    return bytes(data)


def mutate_pickle(data: bytes, chance: random.Random) -> bytes:
    """Change a pickle opcode by opcode, so that more of it still has a meaning."""
    try:
        parts = [data[token.start : token.end] for token in tokens(data)]
    except RefusedFileError:
        return mutate_bytes(bytearray(data), chance, [data])
    rest = data[sum(map(len, parts)) :]
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(parts))
        act = chance.randrange(8)
        if act == 0:
            del parts[at : at + chance.choice((1, 1, 2, 5))]
            parts = parts or [b"."]
        elif act == 1:
            parts[at:at] = parts[at : at + chance.choice((1, 2, 10, 100))] * chance.choice((1, 2, 50))
        elif act == 2:
            other = chance.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        elif act == 3:
            parts[at] = bytes([chance.choice(list(OPCODES))]) + parts[at][1:]
        elif act == 4:
            parts.insert(at, chance.choice(PIECES))
        elif act == 5 and parts[at][:1] in b"KMJ":
            parts[at] = b"\x8a\x08" + struct.pack("<q", chance.choice(NUMBERS[:-1]) * chance.choice((1, -1)))
        elif act == 6:
            parts[at] = parts[chance.randrange(len(parts))]
        else:
            parts[at] = mutate_bytes(bytearray(parts[at]), chance, [data])
    return b"".join(parts) + rest


def members_of(data: bytes) -> list[tuple[str, bytes]]:
    """The members of an archive; empty for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(b"PK" + data[2:])) as archive:
            return [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # noqa: BLE001 - hostile seeds are archives in name only
        return []


def packed(members: list[tuple[str, bytes]]) -> bytes:
    """A well-formed archive, so that a mutation is found by what it means and not by its checksum."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def mutate_members(members: list[tuple[str, bytes]], chance: random.Random) -> bytes:
    """Change what is in an archive and pack it again."""
    members = list(members)
    pickle_at = next((number for number, (name, _) in enumerate(members) if name.endswith("data.pkl")), 0)
    at = pickle_at if chance.random() < 0.85 else chance.randrange(len(members))
    name, content = members[at]
    act = chance.random()
    if at == pickle_at and act < 0.95:
        members[at] = name, mutate_pickle(content, chance)
    elif act < 0.3:
        del members[at]
    elif act < 0.5:
        members[at] = name, content + b"\0" * chance.choice((1, 7, 4096))
    elif act < 0.7:
        members[at] = name, content[: chance.randrange(len(content) + 1)]
    else:
        members[at] = name.replace("data", chance.choice(("data/..", "code", "Data", "dat\u0430"))), content
    data = packed(members)
    return chance.choice((b"05", b"06", b"03")) + data[2:] if chance.random() < 0.2 else data


def case(number: int, seed: int, seeds: list[bytes], archives: list[list[tuple[str, bytes]]]) -> bytes:
    """The mutated file of a number."""
    chance = random.Random(f"{seed}:{number}")
    at = chance.randrange(len(seeds))
    if archives[at] and chance.random() < 0.75:
        return mutate_members(archives[at], chance)
    if seeds[at][:1] == b"\x80" and chance.random() < 0.5:
        return mutate_pickle(seeds[at], chance)
    return mutate_bytes(bytearray(seeds[at]), chance, seeds)


# --- the run --------------------------------------------------------------------------------------------------------------


def judge(data: bytes) -> bool:
    """Whether a file is read; what `vox scan` and `vox convert` ask of the reader is asked."""
    file = io.BytesIO(data)
    try:
        checkpoint = read_checkpoint(file, len(data))
        for tensor in checkpoint.tensors().values():
            tensor.raw()
        plain(checkpoint.content)
        foreign = recognise(checkpoint.content, checkpoint.mark)
        for sized in (text_to_semantic_config, semantic_to_wave_config) if foreign.version in VERSIONS else ():
            with contextlib.suppress(RefusedFileError):
                sized(foreign)
    except RefusedFileError as cause:
        str(cause)
        names_of(file, len(data))
        return False
    return True


def fresh_state(seed: int) -> dict[str, Any]:
    """Counters at the start."""
    counters = {"seed": seed, "next": 0, "read": 0, "refused": 0, "slowest_s": 0.0, "slowest_case": None}
    return counters | {"peak_bytes": 0, "seconds": 0.0, "failures": []}


def peak_bytes() -> int:
    """The largest this process has been."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run_case(data: bytes, number: int, state: dict[str, Any], watch: Watch, judged: Callable[[bytes], bool]) -> None:
    """Judge one file and count what came of it."""
    started = time.process_time()
    fault = ""
    watch.events.clear()
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    watch.on = True
    try:
        state["read" if judged(data) else "refused"] += 1
    except Exception as cause:  # noqa: BLE001 - whatever it is, it is what this program looks for
        fault = f"{type(cause).__name__}: {cause}"
    finally:
        watch.on = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    taken = time.process_time() - started
    if taken > state["slowest_s"]:
        state["slowest_s"], state["slowest_case"] = taken, number
    if watch.events:
        fault = f"{fault} events: {sorted(watch.events)}"
    peak = peak_bytes()
    if peak > LIMIT_BYTES >= state["peak_bytes"]:
        fault = f"{fault} memory: {peak}"
    state["peak_bytes"] = max(peak, state["peak_bytes"])
    if fault:
        state["failures"].append([number, fault[:300]])


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000, help="run until so many have been judged in all")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time; a later run goes on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=Path, action="append", default=[], help="folder with further files to start from")
    parser.add_argument("--state", type=Path, help="where to keep the counters; an existing file is gone on with")
    parser.add_argument("--only", type=int, help="judge this one case and print its fault")
    arguments = parser.parse_args()

    seeds = made_seeds() + [seed for folder in arguments.seeds for seed in found_seeds(folder)]
    archives = [members_of(seed) for seed in seeds]
    state = fresh_state(arguments.seed)
    if arguments.state is not None and arguments.state.exists():
        state = json.loads(arguments.state.read_text())
    signal.signal(signal.SIGVTALRM, _too_slow)
    warnings.filterwarnings("ignore", message="Duplicate name")
    for seed in seeds:
        judge(seed)  # what is imported on first use is imported now
    watch = Watch()
    if arguments.only is not None:
        run_case(case(arguments.only, arguments.seed, seeds, archives), arguments.only, state, watch, judge)
        print(json.dumps(state, indent=1))
        return 1 if state["failures"] else 0
    before, started = state["seconds"], time.monotonic()
    while state["next"] < arguments.cases and time.monotonic() - started < arguments.seconds:
        run_case(case(state["next"], state["seed"], seeds, archives), state["next"], state, watch, judge)
        state["next"] += 1
        state["seconds"] = before + time.monotonic() - started
        if arguments.state is not None and state["next"] % SAVE_EVERY == 0:
            _save(arguments.state, state)
    if arguments.state is not None:
        _save(arguments.state, state)
    print(json.dumps(state | {"seeds": len(seeds)}, indent=1))
    return 1 if state["failures"] else 0


def _save(path: Path, state: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.replace(path)


def _too_slow(signum: int, frame: object) -> None:
    raise TooSlow(f"more than {LIMIT_S} s")


if __name__ == "__main__":
    sys.exit(main())
