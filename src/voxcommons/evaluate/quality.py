"""Sound quality without a reference: DNSMOS P.835, the listeners' opinion of speech, background and both together.

Source: Reddy et al., "DNSMOS P.835: a non-intrusive perceptual objective speech quality metric" (ICASSP 2022). The
network and the polynomials that turn its raw outputs into opinion scores are the published ones; the ONNX file is
read out of the speechmos wheel and run with onnxruntime alone, because the package itself imports half a minute of
other libraries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcommons.audio.resample import resample
from voxcommons.base.errors import InputError
from voxcommons.evaluate.extras import optional_module, weights_in_wheel

RATE = 16000
_WINDOW_SAMPLES = 144160  # 9.01 s, the input length of the network
_STEP_SAMPLES = RATE
_SHA256 = "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd"
# Coefficients of raw**2, raw and 1, for signal, background, overall: the order of the network's outputs.
_POLYNOMIALS = np.array(
    [
        [-0.08397278, 1.22083953, 0.0052439],
        [-0.13166888, 1.60915514, -0.39604546],
        [-0.06766283, 1.11546468, 0.04602535],
    ]
)


@dataclass(frozen=True)
class Quality:
    """Opinion scores from 1 (bad) to 5 (excellent)."""

    sig: float
    bak: float
    ovrl: float


class QualityMeter:
    """DNSMOS P.835 on one CPU thread."""

    name = "DNSMOS P.835 (sig_bak_ovr.onnx)"

    def __init__(self) -> None:
        purpose = "measuring sound quality"
        onnxruntime = optional_module("onnxruntime", purpose)
        file = weights_in_wheel("speechmos", "dnsmos_models/sig_bak_ovr.onnx", _SHA256, purpose)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def measure(self, samples: NDArray[np.float32], rate: int) -> Quality:
        """Score a recording: the mean over windows of 9.01 s, one second apart.

        A shorter recording is doubled until it fills a window, as the published script does.

        Args:
            samples: [T] in [-1, 1].
            rate: samples per second; other rates than 16000 are resampled.

        Raises:
            InputError: when there are no samples.
        """
        sound = resample(samples, rate, RATE) if rate != RATE else samples
        if len(sound) == 0:
            raise InputError("cannot measure an empty recording", expected="sound", found="no samples")
        sound = np.clip(sound, -1.0, 1.0).astype(np.float32)
        while len(sound) < _WINDOW_SAMPLES:
            sound = np.concatenate([sound, sound])
        # The published script counts windows from whole seconds, which can leave out the last one; kept for its numbers.
        windows = max(1, int(len(sound) // RATE - _WINDOW_SAMPLES / RATE) + 1)
        starts = [i * _STEP_SAMPLES for i in range(windows) if i * _STEP_SAMPLES + _WINDOW_SAMPLES <= len(sound)]
        raw = np.stack(
            [self._session.run(None, {"input_1": sound[None, s : s + _WINDOW_SAMPLES]})[0][0] for s in starts]
        )  # [windows, 3]
        powers = np.stack([raw**2, raw, np.ones_like(raw)], axis=-1)  # [windows, 3, 3]
        sig, bak, ovrl = (powers * _POLYNOMIALS).sum(-1).mean(0)
        return Quality(float(sig), float(bak), float(ovrl))
