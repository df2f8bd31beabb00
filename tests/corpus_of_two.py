"""A small corpus in the project's format, with buzzing people, for tests."""

import io
import tarfile
from pathlib import Path

import numpy as np
import soundfile

RATE = 16000
COLUMNS = "archive path split corpus speaker language seconds sample_rate text gender age accent snr_db".split()
TEXTS = (
    "the quick brown fox jumps over it", "a ship in the harbour is safe tonight", "we walked along the quiet river bank",
    "never put off until tomorrow what waits", "the old clock struck twelve at noon", "seven bright stars hang over the hill",
)


def buzz(pitch_hz: float, seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * k * pitch_hz * time) / k for k in range(1, 15))
    return (0.15 * sound * (1 + np.sin(2 * np.pi * 3 * time)) / 2).astype(np.float32)


def write_corpus(folder: Path) -> Path:
    """Two English people: ann has six clips, one of which is in her reference; bob has a reference only."""
    (folder / "references").mkdir(parents=True)
    rows = []
    with tarfile.open(folder / "speech-01.tar", "w") as archive:
        for index, text in enumerate(TEXTS):
            content = io.BytesIO()
            soundfile.write(content, buzz(210.0, 2.5), RATE, format="FLAC")
            member = tarfile.TarInfo(f"small/ann/{index:05d}.flac")
            member.size = content.getbuffer().nbytes
            content.seek(0)
            archive.addfile(member, content)
            rows.append(["speech-01.tar", member.name, "dev_unseen", "small", "ann", "en", "2.5", str(RATE), text, "F", "", "", "30"])
    text = "i am only here for training you see"
    rows.append(["speech-01.tar", "small/eve/00000.flac", "train", "small", "eve", "en", "2.5", str(RATE), text, "F", "", "", "30"])
    (folder / "manifest.tsv").write_text("\n".join("\t".join(r) for r in [COLUMNS, *rows]) + "\n", encoding="utf-8")
    lines = ["name\tspeaker\tlanguage\tgender\tage\taccent\tseconds\tsample_rate\tlicence\tin_training"]
    for name, gender, pitch, text, trained in (
        ("ann", "F", 210.0, TEXTS[0].upper(), "no"),
        ("bob", "M", 110.0, "Whatever bob says, he says it slowly.", "no"),
        ("eve", "F", 200.0, "Known to the model.", "yes"),
    ):
        lines.append(f"ref_{name}\t{name}\ten\t{gender}\t\t\t12.0\t{RATE}\tCC0\t{trained}")
        soundfile.write(folder / "references" / f"ref_{name}.flac", buzz(pitch, 12.0), RATE)
        (folder / "references" / f"ref_{name}.txt").write_text(text, encoding="utf-8")
    (folder / "references" / "references.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
