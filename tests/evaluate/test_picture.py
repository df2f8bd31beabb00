"""What a spectrogram picture shows."""

import numpy as np
from matplotlib.image import imread

from voxcommons.evaluate.picture import Panel, draw_spectrograms, level_db


def test_a_tone_is_a_line_at_its_frequency():
    tone = np.sin(2 * np.pi * 2000 * np.arange(16000) / 16000).astype(np.float32)
    picture = level_db(tone, 16000)
    assert abs(picture[:, 20:-20].mean(1).argmax() * 16000 / 512 - 2000) < 32
    assert picture.max() == 0.0 and picture.min() >= -80.0


def test_picture_is_written_whole(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    path = tmp_path / "new" / "picture.png"
    draw_spectrograms([Panel("noise", noise, 16000), Panel("nothing", np.zeros(3, np.float32), 24000)], path)
    assert imread(path).shape[1] > 500
    assert [file.name for file in path.parent.iterdir()] == ["picture.png"]
