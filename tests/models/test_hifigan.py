"""The public generator makes the same sound whether it works through a sentence at once or piece by piece."""

from __future__ import annotations

import pytest
import torch

from voxcommons.models import hifigan
from voxcommons.models.hifigan import HifiganGenerator

SIZES = {
    "v2": {"rates": (10, 8, 2, 2, 2), "kernels": (16, 16, 8, 2, 2), "channels": 64},
    "other rates": {"rates": (8, 5, 3), "kernels": (16, 11, 7), "channels": 48},
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("frames", [1, 2, 29])
def test_pieces_join_to_the_sound_of_the_whole(sizes: dict, frames: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hifigan, "PIECE_NUMBERS", 1000)  # many pieces, and some that end inside a frame
    torch.manual_seed(3)
    generator = HifiganGenerator(latent=8, gin=6, **sizes).eval().double()  # the outermost samples count for little
    z, style = torch.randn(2, 8, frames).double(), torch.randn(2, 6, 1).double()
    whole = generator(z, style).detach()
    with torch.no_grad():
        pieces = generator(z, style)
    assert whole.std() > 1e-3
    torch.testing.assert_close(pieces, whole, atol=1e-14, rtol=1e-11)
