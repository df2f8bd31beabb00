"""How the public GPT-SoVITS program puts sentences of one text into batches.

Apart from the engine, which speaks sentence by sentence: a program that takes `batch_size`, `batch_threshold` and
`split_bucket` must be able to group sentences as the public one does.
"""

from __future__ import annotations

from collections.abc import Sequence


def sentence_batches(lengths: Sequence[int], batch: int, *, threshold: float = 0.75, by_length: bool = True) -> list[list[int]]:
    """Sentence numbers per batch.

    Args:
        lengths: characters of each sentence's normalised text.
        batch: most sentences of one batch.
        threshold: a batch is kept when its middle length is at least this share of its mean length; else its longest
            sentence goes to the next batch.
        by_length: sort by length first; otherwise sentences are taken in their order and the threshold has no effect.

    Returns:
        Every sentence once.
    """
    if not by_length:
        return [list(range(start, min(start + batch, len(lengths)))) for start in range(0, len(lengths), batch)]
    order = sorted(range(len(lengths)), key=lambda sentence: lengths[sentence])
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        group = order[start : start + batch]
        while len(group) > 1 and lengths[group[len(group) // 2]] * len(group) < threshold * sum(lengths[one] for one in group):
            group.pop()
        batches.append(group)
        start += len(group)
    return batches
