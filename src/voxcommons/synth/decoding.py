"""The loops that turn a model's logits into semantic tokens: one text, many, or piece by piece.

All three are the same loop (`Decoding`) over a batch that shrinks as items finish; only what
is handed out differs. An item's tokens depend on its own text, prompt and seed, never on its
neighbours. The loops know nothing of voices, texts or sound.

`SamplingOptions.compat` repeats the public loops with their quirks: the limit is passed by one
token and then one token is lost (the first when decoding alone, the last in a batch), and pieces
cut at quiet places repeat the tokens after the cut.

Shapes: B batch, P phonemes, S semantic tokens (25 Hz), C classes (codes and the end token).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.synth.sampling import Noise, SamplingOptions, SeededNoise, draw, penalise, restrict

Reason = Literal["end", "limit", "cancelled"]
PUBLIC_LIMIT = 1500
"""Tokens after which the public loops stop in any case: 60 seconds."""


@dataclass(frozen=True, eq=False)
class DecodeItem:
    """One text to be spoken.

    Attributes:
        phones: [P] int64, at least one: those of the prompt, then those of the text.
        prompt: [S] int64 tokens of the reference, None to speak without one.
        bert: [bert_dim, P] linguistic features, None for zeros.
        seed: Decides the item's chance.
        noise: Takes the place of the seed, for tests.
        max_tokens: The item's own limit, None for that of the options.
    """

    phones: Tensor
    prompt: Tensor | None = None
    bert: Tensor | None = None
    seed: int = 0
    noise: Noise | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class DecodeOptions:
    """How to choose, and when to stop.

    Attributes:
        sampling: How one token is chosen.
        min_tokens: The end cannot be chosen before so many tokens (11 are 0.44 s).
        max_tokens: Stop after so many; 1500 are a minute.
    """

    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    min_tokens: int = 11
    max_tokens: int = PUBLIC_LIMIT


@dataclass(frozen=True, eq=False)
class Decoded:
    """The tokens of one item.

    Attributes:
        codes: [N] int64, what was generated, without prompt and end token.
        reason: Why it stopped; anything but "end" means that the speech may be cut short.
        sequence: [S + n] int64, prompt and generated tokens (in compat, as the public loops return them).
        index: Number of generated tokens (in compat, the public loops' second value).
    """

    codes: Tensor
    reason: Reason
    sequence: Tensor
    index: int


@dataclass(frozen=True, eq=False)
class Chunking:
    """Where to cut a stream of tokens.

    Attributes:
        length: Shortest piece (25 tokens are a second).
        quiet: [C], how much each token is like silence, 0 or more where a cut is inaudible
            (see `quietness`). None cuts every `length` tokens.
        patience: A piece is cut at its quietest place when it has grown to so many tokens,
            even if no place is quiet; None for three times `length`.
    """

    length: int
    quiet: Tensor | None = None
    patience: int | None = None


@dataclass(frozen=True, eq=False)
class CodeChunk:
    """One piece of a stream; only the last is `final`, and it may be empty.

    Attributes:
        codes: [N] int64.
        final: Whether the stream ends here.
        reason: Why it ended, None unless final.
    """

    codes: Tensor
    final: bool
    reason: Reason | None = None


class Decoding:
    """A batch in the middle of being decoded.

    Args:
        model: In evaluation mode; items are moved to its device.
        items: At least one.
        options: Common to all items.
    """

    def __init__(self, model: TextToSemantic, items: Sequence[DecodeItem], options: DecodeOptions) -> None:
        self.options = options
        self.generated: list[list[int]] = [[] for _ in items]
        self.reasons: list[Reason | None] = [None] * len(items)
        self._model = model
        self._noise = [item.noise or SeededNoise(item.seed) for item in items]
        self._limits = [options.max_tokens if item.max_tokens is None else item.max_tokens for item in items]
        self._rows = list(range(len(items)))  # which item each row of the batch is
        self._step = 0
        self._chosen: Tensor | None = None  # [B], not yet read by the model
        device = model.position_table.device
        prompts = [torch.zeros(0, dtype=torch.int64) if item.prompt is None else item.prompt for item in items]
        with torch.inference_mode():
            prompts = [prompt.to(device) for prompt in prompts]
            bert = [None if item.bert is None else item.bert.to(device) for item in items]
            phones = [item.phones.to(device) for item in items]
            self._logits, self._cache = model.prefill(phones, prompts, bert)
            self._seen = torch.zeros_like(self._logits, dtype=torch.bool)
            for row, prompt in enumerate(prompts):
                self._seen[row, prompt] = True
        if not options.sampling.compat:
            for item, limit in enumerate(self._limits):
                if limit <= 0:
                    self.reasons[item] = "limit"
            self._drop_finished()

    @property
    def done(self) -> bool:
        """Whether every item has finished."""
        return not self._rows

    @torch.inference_mode()
    def advance(self) -> None:
        """Choose the next token of every unfinished item."""
        if self._chosen is not None:
            self._logits = self._model.step(self._chosen, self._cache)
        end = self._model.end
        chosen, likeliest = self._choose(self._logits.float())
        ended = (chosen == end) | (likeliest == end)
        self._step += 1
        for item, token, over in zip(list(self._rows), chosen.tolist(), ended.tolist(), strict=True):
            if over:
                self.reasons[item] = "end"
                continue
            self.generated[item].append(token)
            if self._full(item):
                self.reasons[item] = "limit"
        self._seen.scatter_(1, chosen[:, None], True)
        self._chosen = chosen
        self._drop_finished()

    def cancel(self) -> None:
        """Finish every item where it is."""
        for item in self._rows:
            self.reasons[item] = "cancelled"
        self._rows = []

    def _choose(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The chosen and the likeliest token of each row of `logits` [B, C], both [B]."""
        sampling = self.options.sampling
        if self._step < self.options.min_tokens:
            logits = logits[:, : self._model.end]
        logits = penalise(logits, self._seen[:, : logits.shape[1]], sampling.repetition_penalty)
        likeliest = logits.argmax(dim=-1)
        if sampling.greedy:
            return likeliest, likeliest
        chances = restrict(logits, sampling).softmax(dim=-1)
        noise = torch.stack([self._noise[item](self._step, logits.shape[1]) for item in self._rows])
        return draw(chances, noise.to(chances.device)), likeliest

    def _full(self, item: int) -> bool:
        count, limit = len(self.generated[item]), self._limits[item]
        if self.options.sampling.compat:
            return count > limit or count == PUBLIC_LIMIT
        return count >= limit

    @torch.inference_mode()
    def _drop_finished(self) -> None:
        kept = [row for row, item in enumerate(self._rows) if self.reasons[item] is None]
        if len(kept) == len(self._rows):
            return
        self._rows = [self._rows[row] for row in kept]
        if kept:
            index = torch.tensor(kept, device=self._seen.device)
            self._cache.keep(index)
            self._seen, self._logits = self._seen[index], self._logits[index]
            self._chosen = None if self._chosen is None else self._chosen[index]


def decode(
    model: TextToSemantic,
    item: DecodeItem,
    options: DecodeOptions | None = None,
    *,
    cancel: Callable[[], bool] | None = None,
) -> Decoded:
    """Decode one text; `cancel` is asked before every token."""
    run = Decoding(model, [item], options or DecodeOptions())
    _run(run, cancel)
    return _decoded(run, 0, item, lost=0)


def decode_batch(
    model: TextToSemantic,
    items: Sequence[DecodeItem],
    options: DecodeOptions | None = None,
    *,
    cancel: Callable[[], bool] | None = None,
) -> list[Decoded]:
    """Decode several texts at once, in the order given; each as `decode` would."""
    if not items:
        return []
    run = Decoding(model, items, options or DecodeOptions())
    _run(run, cancel)
    return [_decoded(run, index, item, lost=-1) for index, item in enumerate(items)]


def decode_stream(
    model: TextToSemantic,
    item: DecodeItem,
    options: DecodeOptions | None = None,
    *,
    chunking: Chunking,
    cancel: Callable[[], bool] | None = None,
) -> Iterator[CodeChunk]:
    """Decode one text and hand out its tokens in pieces as soon as they are chosen.

    Args:
        model: In evaluation mode.
        item: The text.
        options: As for `decode`.
        chunking: Where to cut.
        cancel: Asked before every token; when it says yes, the piece so far is the last.

    Yields:
        Pieces that together are the tokens of `decode`; the last is final.
    """
    options = options or DecodeOptions()
    run = Decoding(model, [item], options)
    tokens, start = run.generated[0], 0
    compat = options.sampling.compat
    while not run.done:
        if cancel is not None and cancel():
            run.cancel()
            break
        run.advance()
        cut = 0 if run.done else _cut(tokens[start:], chunking, compat=compat)
        if cut:
            stop = len(tokens) if compat else start + cut
            yield CodeChunk(torch.tensor(tokens[start:stop]), final=False)
            start += cut
    yield CodeChunk(torch.tensor(tokens[start:], dtype=torch.int64), final=True, reason=run.reasons[0])


def quietness(embedding: Tensor, mute: int, threshold: float = 0.0) -> Tensor:
    """How much each token is like the silent one.

    Args:
        embedding: [C, D], one row per token.
        mute: The token that stands for silence (486 in the public models).
        threshold: Likeness below which a cut is heard.

    Returns:
        [C], cosine similarity minus `threshold`.
    """
    return torch.nn.functional.cosine_similarity(embedding[mute : mute + 1], embedding) - threshold


def _cut(pending: list[int], chunking: Chunking, *, compat: bool) -> int:
    """Tokens of `pending` to hand out now, 0 for none."""
    length = chunking.length
    if chunking.quiet is None:
        return length if len(pending) >= length else 0
    if len(pending) < length + 2:
        return 0
    scores = chunking.quiet[torch.tensor(pending)]
    if compat:
        scores = torch.where(scores < 0, torch.full_like(scores, -1.0), scores)
        scores[:-1] += scores[1:].clone()
        best = int(scores.argmax())
        return best + 1 if scores[best] >= 0 and best + 1 >= length else 0
    louder = torch.minimum(scores[length - 1 : -1], scores[length:])  # of the tokens on both sides of a cut
    best = int(louder.argmax())
    patience = 3 * length if chunking.patience is None else chunking.patience
    return length + best if louder[best] >= 0 or len(pending) >= patience else 0


def _run(run: Decoding, cancel: Callable[[], bool] | None) -> None:
    while not run.done:
        if cancel is not None and cancel():
            run.cancel()
        else:
            run.advance()


def _decoded(run: Decoding, index: int, item: DecodeItem, *, lost: int) -> Decoded:
    """The result of one item; `lost` is the place of the token that the public loop loses at its limit."""
    tokens, reason = run.generated[index], run.reasons[index]
    assert reason is not None
    codes, sequence, count = tokens, tokens, len(tokens)
    if run.options.sampling.compat:
        if reason == "limit":
            count -= 1
            sequence = tokens if lost == 0 else tokens[:-1]
            codes = tokens[1:] if lost == 0 else tokens[:-1]
        if item.prompt is None:
            codes, count = sequence, 0
    prompt = [] if item.prompt is None else item.prompt.tolist()
    whole = torch.tensor([*prompt, *sequence], dtype=torch.int64)
    return Decoded(torch.tensor(codes, dtype=torch.int64), reason, whole, count)
