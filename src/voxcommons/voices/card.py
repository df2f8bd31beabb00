"""The card of a voice: the README a person or a hub reads first.

YAML front matter for machines, a few plain lines for people. Everything in it comes from the manifest.
"""

from __future__ import annotations

import json

from voxcommons.voicefile.manifest import REFERENCE_FILE, VoiceManifest


def voice_card(manifest: VoiceManifest) -> str:
    """The text of ``README.md`` for a voice."""
    front = {
        "name": manifest.name,
        "id": manifest.id,
        "language": manifest.language,
        "base_model": manifest.base.name,
        "base_sha256": manifest.base.sha256,
        "sample_rate": manifest.sample_rate,
        "license": manifest.licence or "none given",
        "created": manifest.created,
        "tags": ["voice", "text-to-speech", *manifest.tags],
    }
    if manifest.speaker:
        front["speaker"] = dict(sorted(manifest.speaker.items()))
    if manifest.styles:
        front["styles"] = sorted(manifest.styles)
    lines = ["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()), "---", ""]
    lines += [f"# {_plain(manifest.name)}", "", f"A voice for VoxCommons, cloned on the base model `{manifest.base.name}`.", ""]
    if manifest.recording is not None:
        made = manifest.recording
        lines.append(
            f"Made from {made.seconds:.0f} s of recording with {made.speech_s:.0f} s of speech; "
            f"speech stands {made.snr_db:.0f} dB above the noise; quality: {made.verdict}."
        )
    kept = REFERENCE_FILE in manifest.files
    lines.append(
        "The recording is kept with the voice." if kept else "The recording is not part of the voice, only what was computed from it."
    )
    lines += ["", "## Consent", ""]
    lines.append(
        _plain(manifest.consent.note) if manifest.consent.note else "Nothing was noted. Do not share a voice without the speaker's consent."
    )
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """One line that Markdown cannot take for markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in " ".join(text.split()))
