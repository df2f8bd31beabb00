"""How well the quality gate measures: recordings spoiled by a known amount, what it reads and what it decides.

    python benchmarks/quality_gate.py
    python benchmarks/quality_gate.py --opinions --seconds 30 --json figures.json

Prints two tables in Markdown; docs/quality-gate.md carries the last ones. "True" is the active speech level of ITU-T P.56 of the
clean recording over the noise that was added and the noise it had (see degrade.py); both are above 60 Hz. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import degrade as spoil
import numpy as np
import numpy.typing as npt

from voxcommons.audio.activity import speech_frames
from voxcommons.audio.files import Audio, load
from voxcommons.audio.quality import QualityReport
from voxcommons.base.errors import InputError
from voxcommons.evaluate.dev_speakers import corpus_beside_checkout
from voxcommons.prepare.check import check
from voxcommons.prepare.gate import GATES
from voxcommons.voices.second_opinion import Opinion, SecondOpinion

Samples = npt.NDArray[np.float32]
Sound = tuple[Samples, int]

SNRS_DB = (0, 5, 10, 15, 20, 25, 30, 35, 40)
JUDGED_DB = (5.0, 25.0)
BOUND_DB = 1.5
CROWD_ARCHIVE = "speech-02.tar"
CROWD_SECONDS = 20.0


@dataclass(frozen=True)
class Case:
    """One spoiled recording: the row it belongs to, its sound, and its true signal-to-noise ratio where one is known."""

    row: str
    noise: str
    nominal_db: float
    sound: Sound
    true_db: float | None = None


@dataclass(frozen=True)
class Result:
    """What the gate made of a case; the report is None where it was refused before measuring."""

    case: Case
    recording: str
    decision: str
    kinds: tuple[str, ...]
    report: QualityReport | None
    opinion: Opinion
    seconds: float


def main() -> None:
    """Parse, spoil, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=corpus_beside_checkout(), help="folder with references/ and the archives")
    parser.add_argument("--seconds", type=float, default=60.0, help="how much of each recording")
    parser.add_argument("--recordings", type=int, default=100, help="how many recordings")
    parser.add_argument("--opinions", action="store_true", help="also ask DNSMOS and the speaker network")
    parser.add_argument("--gate", choices=list(GATES), default="normal")
    parser.add_argument("--json", type=Path, help="also write every single result there")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("no corpus beside the checkout: give --data")
    paths = sorted((arguments.data / "references").glob("*.flac"))[: arguments.recordings]
    crowd = spoil.crowd(arguments.data, CROWD_ARCHIVE, spoil.BABBLE_SPEAKERS, CROWD_SECONDS)
    opinions = SecondOpinion() if arguments.opinions else None
    results: list[Result] = []
    for number, path in enumerate(paths):
        whole = load(path)
        clean = whole.samples[: round(arguments.seconds * whole.rate)]
        for case in cases(clean, whole.rate, crowd, np.random.default_rng(number)):
            results.append(judged(case, path.stem, opinions, arguments.gate))
    print(f"{len(paths)} recordings, {arguments.seconds:.0f} s of each, gate {arguments.gate}\n")
    print(noise_table(results))
    print(other_table(results))
    print(summary(results))
    if arguments.json:
        arguments.json.write_text(json.dumps([as_facts(result) for result in results], indent=1), encoding="utf-8")


def cases(clean: Samples, rate: int, crowd: list[Sound], rng: np.random.Generator) -> Iterator[Case]:
    """Everything that is done to one recording."""
    power, active = spoil.speech_power(clean, rate)
    own = spoil.own_noise_power(clean, rate, active)
    yield Case("as it is", "", 0.0, (clean, rate), true_db=decibels(power / own) if own else None)
    noises: dict[str, Callable[[], Samples]] = {
        "white": lambda: spoil.white(len(clean), rng),
        "pink": lambda: spoil.pink(len(clean), rate, rng),
        "babble": lambda: spoil.babble(len(clean), rate, crowd, rng),
    }
    for name, make in noises.items():
        noise = make()
        for snr_db in SNRS_DB:
            noisy, added = spoil.with_noise(clean, noise, rate, snr_db, power)
            yield Case(f"{name} noise", name, snr_db, (noisy, rate), true_db=decibels(power / (added + own)))
    for share in (0.0001, 0.001, 0.005, 0.02, 0.1):
        yield Case(f"clipped, {100 * share:g} % of the samples", "", 0.0, (spoil.clipped(clean, share), rate))
    yield Case("8 kHz", "", 0.0, (spoil.resample_poly(clean, 8000, rate).astype(np.float32), 8000))
    yield Case("mp3, 32 kbit/s", "", 0.0, spoil.through_codec(clean, rate, "libmp3lame", "mp3", 32_000))
    fast = spoil.resample_poly(clean, 48_000, rate).astype(np.float32)
    yield Case("webm/opus as a browser records, 32 kbit/s", "", 0.0, spoil.through_codec(fast, 48_000, "libopus", "webm", 32_000))
    for ringing_s, direct_db in ((0.3, 3.0), (0.6, 3.0), (0.6, -3.0), (1.0, 3.0), (1.0, -3.0)):
        where = "near" if direct_db > 0 else "far from"
        room = spoil.in_room(clean, rate, ringing_s, rng, direct_db)
        yield Case(f"room of {ringing_s:.1f} s, {where} the microphone", "", 0.0, (room, rate))
    noisy, _ = spoil.with_noise(clean, spoil.pink(len(clean), rate, rng), rate, 20.0, power)
    gated = spoil.noise_gate(noisy, rate, decibels(power) - 14.0)
    yield Case("pink noise at 20 dB, then a noise gate", "", 0.0, (gated, rate))
    yield Case("the same through webm/opus", "", 0.0, spoil.through_codec(
        spoil.resample_poly(gated, 48_000, rate).astype(np.float32), 48_000, "libopus", "webm", 32_000))  # fmt: skip


def judged(case: Case, recording: str, opinions: SecondOpinion | None, gate: str) -> Result:
    """Ask the gate about one case, as `vox check` does."""
    samples, rate = case.sound
    begun = time.process_time()
    peak = float(np.max(np.abs(samples)))
    # A file of 16 bits cannot hold more than full scale; a recorder would have turned its level down.
    held = (samples / max(peak, 1.0)).astype(np.float32)
    audio = Audio(held, rate, rate, 1, "", len(held) / rate, clipped_ratio=0.0)
    try:
        found = check(audio, gate=GATES[gate])
    except InputError:
        return Result(case, recording, "reject", ("no speech",), None, Opinion(), time.process_time() - begun)
    opinion = opinions.ask(audio, speech_frames(held, rate)) if opinions is not None else Opinion()
    seconds = time.process_time() - begun
    return Result(case, recording, found.ruling.decision, tuple(note.kind for note in found.advice), found.report, opinion, seconds)


def noise_table(results: list[Result]) -> str:
    """One line per noise and level: what was true, what was read, how far off, what was decided."""
    lines = [
        "| noise | set | true | read | error, mean | error, worst | within 1.5 dB | accept | with fixes | reject | DNSMOS |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for noise in ("white", "pink", "babble"):
        for snr_db in SNRS_DB:
            row = [result for result in results if result.case.noise == noise and result.case.nominal_db == snr_db]
            measured = [result for result in row if result.report is not None]
            true = [result.case.true_db or 0.0 for result in measured]
            read = [result.report.snr_db for result in measured if result.report]
            errors = np.subtract(read, true)
            figures = (
                f"{np.mean(true):.1f} | {np.mean(read):.1f} | {errors.mean():+.1f} | {max(errors, key=abs):+.1f} | "
                f"{int((np.abs(errors) <= BOUND_DB).sum())} of {len(row)}"
                if measured
                else f"- | - | - | - | 0 of {len(row)}"
            )
            lines.append(f"| {noise} | {snr_db} | {figures} | {decisions(row)} | {dnsmos(row)} |")
    return "\n".join(lines) + "\n"


def other_table(results: list[Result]) -> str:
    """One line per other way of spoiling: what was decided and noticed."""
    lines = ["| recording | accept | with fixes | reject | noticed | DNSMOS |", "|---|---|---|---|---|---|"]
    for name in dict.fromkeys(result.case.row for result in results if not result.case.noise):
        row = [result for result in results if result.case.row == name]
        noticed = Counter(kind for result in row for kind in result.kinds if kind != "little_speech")
        said = ", ".join(f"{kind} {count}" for kind, count in noticed.most_common()) or "-"
        lines.append(f"| {name} | {decisions(row)} | {said} | {dnsmos(row)} |")
    return "\n".join(lines) + "\n"


def summary(results: list[Result]) -> str:
    """The two figures that matter most."""
    low, high = JUDGED_DB
    errors = [
        result.report.snr_db - result.case.true_db
        for result in results
        if result.report and result.case.noise and result.case.true_db is not None and low <= result.case.nominal_db <= high
    ]
    times = sorted(result.seconds for result in results)
    near = sum(abs(error) <= BOUND_DB for error in errors)
    return (
        f"{near} of {len(errors)} readings between {low:.0f} and {high:.0f} dB are within {BOUND_DB} dB "
        f"(worst {max(errors, key=abs):+.2f}); a report took {times[len(times) // 2]:.2f} s of one processor (median), "
        f"{times[-1]:.2f} s at most."
    )


def decisions(row: list[Result]) -> str:
    """Three cells."""
    count = Counter(result.decision for result in row)
    return " | ".join(str(count[name]) for name in ("accept", "accept_with_fixes", "reject"))


def dnsmos(row: list[Result]) -> str:
    """Mean overall score, or a dash."""
    scores = [result.opinion.quality.ovrl for result in row if result.opinion.quality is not None]
    return f"{np.mean(scores):.1f}" if scores else "-"


def decibels(power: float) -> float:
    """10 log10."""
    return 10.0 * float(np.log10(power))


def as_facts(result: Result) -> dict[str, Any]:
    """A result as plain data."""
    report, case = result.report, result.case
    facts: dict[str, Any] = {"recording": result.recording, "row": case.row, "set_db": case.nominal_db, "true_db": case.true_db}
    facts |= {"decision": result.decision, "noticed": result.kinds, "several_speakers": result.opinion.several_speakers}
    if report is not None:
        facts |= {"snr_db": report.snr_db, "clipping": report.clipping_ratio, "bandwidth_hz": report.bandwidth_hz}
        facts |= {"decay_s": report.decay_s, "zero_s": report.zero_run_s, "seconds": result.seconds}
    return facts


if __name__ == "__main__":
    main()
