"""A small corpus in the project's format, with buzzing people, for tests."""

import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Row:
    """One clip of a small corpus: a buzz of a pitch."""

    corpus: str
    speaker: str
    text: str
    pitch_hz: float
    seconds: float = 2.5
    gender: str = "F"
    split: str = "train"


def write_manifest(folder: Path, rows: Sequence[Row]) -> None:
    """Write `manifest.tsv` and one archive of FLAC clips."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [COLUMNS]
    with tarfile.open(folder / "speech-01.tar", "w") as archive:
        for index, row in enumerate(rows):
            content = io.BytesIO()
            soundfile.write(content, buzz(row.pitch_hz, row.seconds), RATE, format="FLAC")
            member = tarfile.TarInfo(f"{row.corpus}/{row.speaker}/{index:05d}.flac")
            member.size = content.getbuffer().nbytes
            content.seek(0)
            archive.addfile(member, content)
            facts = [row.split, row.corpus, row.speaker, "en", str(row.seconds), str(RATE), row.text, row.gender, "", "", "30"]
            lines.append(["speech-01.tar", member.name, *facts])
    (folder / "manifest.tsv").write_text("\n".join("\t".join(line) for line in lines) + "\n", encoding="utf-8")


def write_corpus(folder: Path) -> Path:
    """Two English people: ann has six clips, one of which is in her reference; bob has a reference only."""
    (folder / "references").mkdir(parents=True)
    unseen = [Row("small", "ann", text, 210.0, split="dev_unseen") for text in TEXTS]
    write_manifest(folder, [*unseen, Row("small", "eve", "i am only here for training you see", 200.0)])
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
