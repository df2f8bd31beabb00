"""A corpus folder for tests: a manifest and two archives of short synthetic vowels, made on the spot."""

import io
import tarfile
from pathlib import Path

import numpy as np
import soundfile

RATE = 16000
HEADER = "archive\tpath\tsplit\tcorpus\tspeaker\tlanguage\tseconds\tsample_rate\ttext\tgender\tage\taccent\tsnr_db"
TEXTS = {"en": ("hello world", "a good day", "we go home", "see you soon"), "zh": ("今天很好", "我们回家", "明天再见", "谢谢大家")}


def vowel(seed: int, seconds: float, rate: int = RATE) -> np.ndarray:
    """A buzzing tone with a moving formant: quick to make, voiced, never silent."""
    numbers = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    pitch = 110 * 2 ** numbers.uniform(0, 1)
    wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12))
    wave = wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)) + 0.01 * numbers.normal(size=len(time))
    return (0.05 * wave).astype(np.float32)


def make_tiny_corpus(folder: Path, clips_per_split: int = 8) -> Path:
    """Write manifest.tsv and one archive per language; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [HEADER]
    for language, texts in TEXTS.items():
        with tarfile.open(folder / f"{language}.tar", "w") as tar:
            for split in ("train", "dev_unseen"):
                for number in range(clips_per_split):
                    seed = 100 * (split == "train") + 10 * number + (language == "en")
                    seconds = 1.7 + 0.1 * (number % 4)
                    data = io.BytesIO()
                    soundfile.write(data, vowel(seed, seconds), RATE, format="FLAC")
                    name = f"{language}/{split}/{number}.flac"
                    entry = tarfile.TarInfo(name)
                    entry.size = len(data.getvalue())
                    data.seek(0)
                    tar.addfile(entry, data)
                    speaker = f"{language}-{split}-{number % 2}"
                    text = texts[number % len(texts)]
                    rows.append(f"{language}.tar\t{name}\t{split}\tmade\t{speaker}\t{language}\t{seconds}\t{RATE}\t{text}\tF\t\t\t40")
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder
