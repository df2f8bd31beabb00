"""`vox check`: is this recording good enough, and what would make it better?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import click

from voxcommons.audio.advice import advice
from voxcommons.audio.files import load
from voxcommons.base.errors import CorruptFileError, InputError, VoxError
from voxcommons.base.messages import error_line
from voxcommons.base.settings import MessageLanguage
from voxcommons.cli.console import echo_json, settings_of
from voxcommons.prepare.check import CheckedRecording, check
from voxcommons.prepare.gate import GATES, REJECT, rule
from voxcommons.prepare.recording import MOST_SECONDS
from voxcommons.voices.second_opinion import Opinion, SecondOpinion

_DECISIONS: Final = {
    "accept": ("accept", "通过"),
    "accept_with_fixes": ("accept with fixes", "修正后通过"),
    "reject": ("reject", "不通过"),
}
_VERDICTS: Final = {"excellent": "优", "good": "良", "usable": "可用", "poor": "差"}


@click.command("check")
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORDING...")
@click.option("--gate", type=click.Choice(list(GATES)), default="normal", show_default=True,
              help="How strict: needs 15 dB over the noise, strict 20, tolerant 10.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Leave out the networks (DNSMOS, number of speakers); a tenth of the time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per recording.")
@click.pass_context
def check_recordings(context: click.Context, recordings: tuple[Path, ...], gate: str, quick: bool, as_json: bool) -> None:
    """Judge recordings before a voice is made of them: accept, accept with fixes, or reject (exit code 2), with advice.

    Nothing is changed or kept. DNSMOS and the number of speakers need the extra evaluate.

    \b
        vox check phone.m4a
        vox check takes/*.webm --gate strict --json
    """
    language = settings_of(context).language_of_messages
    opinions = None if quick else SecondOpinion()
    refused = False
    for path in recordings:
        begun = time.monotonic()
        try:
            found = check(load(path, max_seconds=MOST_SECONDS), gate=GATES[gate])
        except (InputError, CorruptFileError) as error:  # a recording that cannot be one at all
            refused = True
            _print_error(path, error, language, as_json=as_json)
            continue
        opinion = opinions.ask(found.audio, found.speech) if opinions is not None else Opinion()
        refused |= _print(path, found, opinion, language, time.monotonic() - begun, as_json=as_json)
    if refused:
        context.exit(2)


def _print(path: Path, found: CheckedRecording, opinion: Opinion, language: MessageLanguage, seconds: float, *, as_json: bool) -> bool:
    """Write one report; returns whether the recording is rejected."""
    notes = (*found.advice, *opinion.advice)
    ruling = rule(found.report, notes)
    if as_json:
        facts: dict[str, Any] = {"recording": str(path), "decision": ruling.decision, "verdict": found.report.verdict}
        facts |= _figures(found, opinion)
        facts |= {"advice": [{"kind": note.kind, "en": note.text("en"), "zh": note.text("zh")} for note in notes]}
        facts |= {"fixes": list(ruling.fixes), "seconds": round(seconds, 2)}
        echo_json(facts)
    else:
        chinese = language == "zh"
        verdict = _VERDICTS[found.report.verdict] if chinese else found.report.verdict
        click.echo(f"{path}: {_DECISIONS[ruling.decision][chinese]} ({verdict})")
        click.echo(f"  {_line(_figures(found, opinion), chinese=chinese)}")
        for text in (*(note.text(language) for note in notes), *(advice(kind).text(language) for kind in ruling.fixes)):
            click.echo(f"  - {text}")
    return ruling.decision == REJECT


def _figures(found: CheckedRecording, opinion: Opinion) -> dict[str, Any]:
    """What was measured, rounded for people; None where it could not be."""
    report, quality = found.report, opinion.quality
    return {
        "duration_s": round(found.audio.seconds, 2),
        "speech_s": round(report.speech_s, 2),
        "snr_db": round(report.snr_db, 1),
        "noise_dbfs": _finite(report.noise_dbfs),
        "level_dbfs": _finite(report.level_dbfs),
        "peak_dbfs": _finite(report.peak_dbfs),
        "clipped_percent": round(100.0 * report.clipping_ratio, 3),
        "bandwidth_hz": round(report.bandwidth_hz),
        "zero_s": round(report.zero_run_s, 2),
        "decay_s": None if report.decay_s is None else round(report.decay_s, 2),
        "dnsmos": None if quality is None else {name: round(getattr(quality, name), 2) for name in ("sig", "bak", "ovrl")},
        "several_speakers": opinion.several_speakers,
        "codec": found.audio.codec,
        "rate": found.audio.source_rate,
    }


def _finite(level: float) -> float | None:
    """A level in dBFS, or None for digital silence, which JSON has no number for."""
    return round(level, 1) if level > float("-inf") else None


def _line(facts: dict[str, Any], *, chinese: bool) -> str:
    """The figures in one line; what could not be measured is left out."""
    parts = [
        "语音 {speech_s:.0f}/{duration_s:.0f} 秒" if chinese else "speech {speech_s:.0f} of {duration_s:.0f} s",
        "信噪比 {snr_db:.0f} dB" if chinese else "{snr_db:.0f} dB above the noise",
        "音量 {level_dbfs:.0f} dBFS（峰值 {peak_dbfs:.0f}）" if chinese else "level {level_dbfs:.0f} dBFS (peak {peak_dbfs:.0f})",
        "削波 {clipped_percent:.2f} %" if chinese else "clipped {clipped_percent:.2f} %",
        "频带到 {bandwidth_hz} Hz" if chinese else "up to {bandwidth_hz} Hz",
    ]
    if facts["decay_s"] is not None:
        parts.append("混响约 {decay_s:.1f} 秒" if chinese else "room about {decay_s:.1f} s")
    if facts["dnsmos"] is not None:
        parts.append("DNSMOS {dnsmos[ovrl]:.1f}")
    if facts["several_speakers"] is False:
        parts.append("一位说话人" if chinese else "one speaker")
    return ("，" if chinese else ", ").join(parts).format(**facts)


def _print_error(path: Path, error: VoxError, language: MessageLanguage, *, as_json: bool) -> None:
    if as_json:
        echo_json({"recording": str(path), "decision": REJECT, "error": str(error)})
    else:
        click.echo(f"{path}: {_DECISIONS[REJECT][language == 'zh']}")
        click.echo(f"  - {error_line(error, language)}")
