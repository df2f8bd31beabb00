"""Listening to oneself before anything is heard: which of several takes of a sentence says its words, and where?

Models of this family now and then swallow, repeat or mumble a word, by chance. The content encoder can read semantic
tokens without sound being made, so several takes cost little more than one and the clearest can be kept. The measure is
the probability that the recogniser gives to the wanted phonemes over all their alignments (CTC, Graves et al. 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.ctc import phoneme_of_code

SUSPICIOUS_NATS = 3.0
"""Mean surprise per phoneme beyond which a take is not believed to say its words; natural sentences have 1.1 to 2.9."""


@dataclass(frozen=True)
class SelfCheck:
    """A listener for one sentence.

    Attributes:
        content: the encoder whose codes are spoken.
        ids: [P] phoneme ids of the sentence.
        spoken: [N] places in it of what must be heard, punctuation left out.
    """

    content: PhoneticContentEncoder
    ids: Tensor
    spoken: Tensor

    @torch.inference_mode()
    def surprises(self, takes: Sequence[Tensor]) -> list[float]:
        """Mean surprise in nats per phoneme of each take [S_i] of codes; infinite where the words cannot fit."""
        counts = torch.tensor([len(take) for take in takes])
        wanted = len(self.spoken)
        if not wanted or not int(counts.max()):
            return [0.0 if not wanted else float("inf")] * len(takes)
        device = self.ids.device
        codes = torch.nn.utils.rnn.pad_sequence([take.to(device) for take in takes], batch_first=True)
        heard = self.content.log_probs_of_codes(codes, counts.to(device)).transpose(0, 1)  # [S, N, phones + 1]
        phones = self.ids[self.spoken].expand(len(takes), -1)
        losses = F.ctc_loss(heard, phones, counts, torch.full((len(takes),), wanted), self.content.blank_id, "none")
        return (losses / wanted).tolist()

    @torch.inference_mode()
    def places(self, codes: Tensor) -> Tensor:
        """Which phoneme each token speaks: places [S] in the sentence for the codes [S] of its beginning, or of all of it."""
        if not len(self.spoken) or not len(codes):
            return torch.full_like(codes, -1)
        log_probs = self.content.log_probs_of_codes(codes[None])[0].cpu().numpy()
        number = phoneme_of_code(log_probs, self.ids[self.spoken].tolist(), self.content.blank_id)
        return self.spoken[torch.from_numpy(number).to(self.spoken.device)]
