"""A learned guess for English words that no dictionary or rule knows ("Kubernetes", "Siobhan").

A joint n-gram model (Bisani and Ney 2008, "Joint-sequence models for grapheme-to-phoneme conversion"): a word is a sequence of
graphones, small pieces of spelling with their sound, and the model says which graphone follows which. Trained on the CMU dictionary
by tools/train_g2p_en.py; about a megabyte, pure Python at run time.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

BEGIN, END = 0, 1
"""Graphone numbers of the two ends of a word."""
FIRST_CHAR = 0x100
"""A graphone sequence is kept as a string; graphone ``n`` is ``chr(FIRST_CHAR + n)``."""
LOG_STEP = 0.07
"""One step of the stored eight-bit negative natural logarithms."""
BEAM = 24


@dataclass(frozen=True, slots=True)
class GraphoneModel:
    """Which graphone follows which.

    Attributes:
        order: longest n-gram.
        graphones: (letters, phones joined by spaces) by number; the two ends come first.
        by_letters: letters -> numbers of the graphones that spell them.
        logp: n-gram -> log probability of its last graphone after the others.
        backoff: context -> log weight of the shorter context.
    """

    order: int
    graphones: tuple[tuple[str, str], ...]
    by_letters: dict[str, tuple[int, ...]]
    logp: dict[str, float]
    backoff: dict[str, float]

    def follow(self, context: str, graphone: str) -> float:
        """Natural logarithm of the probability of ``graphone`` after ``context``."""
        total = 0.0
        while True:
            found = self.logp.get(context + graphone)
            if found is not None:
                return total + found
            if not context:
                return total - 18.0
            total += self.backoff.get(context, 0.0)
            context = context[1:]

    def phones(self, word: str, beam: int = BEAM) -> tuple[str, ...]:
        """The likeliest phones of a word of lower-case ASCII letters, by beam search over its letters."""
        keep = self.order - 1
        # hypotheses[i]: (log probability, sequence of graphones) that have spelled the first i letters.
        hypotheses: list[list[tuple[float, str]]] = [[] for _ in range(len(word) + 1)]
        hypotheses[0].append((0.0, chr(FIRST_CHAR + BEGIN)))
        for place in range(len(word)):
            best = sorted(hypotheses[place], reverse=True)[:beam]
            for length in (1, 2):
                letters = word[place : place + length]
                if len(letters) < length:
                    continue
                for number in self.by_letters.get(letters, ()):
                    graphone = chr(FIRST_CHAR + number)
                    for score, path in best:
                        hypotheses[place + length].append((score + self.follow(path[-keep:], graphone), path + graphone))
        end = chr(FIRST_CHAR + END)
        finished = [(score + self.follow(path[-keep:], end), path) for score, path in hypotheses[-1]]
        if not finished:
            return ()
        path = max(finished)[1]
        return tuple(phone for char in path[1:] for phone in self.graphones[ord(char) - FIRST_CHAR][1].split())


def pack(order: int, graphones: list[tuple[str, str]], logp: dict[str, float], backoff: dict[str, float]) -> bytes:
    """The model as a compressed ``.npz``: a trie in breadth-first order, logarithms in eight bits."""
    keys = sorted(logp, key=lambda key: (len(key), key))
    children = {key: 0 for key in ("", *keys)}
    for key in keys:
        children[key[:-1]] += 1

    def eight_bit(value: float) -> int:
        return min(255, max(0, round(-value / LOG_STEP)))

    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[Any]]] = {
        "order": np.array([order], np.uint8),
        "graphones": np.frombuffer("\n".join(f"{letters}\t{phones}" for letters, phones in graphones).encode(), np.uint8),
        "children": np.array([children[key] for key in ("", *keys)], np.uint16),
        "symbols": np.array([ord(key[-1]) - FIRST_CHAR for key in keys], np.uint16),
        "logp": np.array([eight_bit(logp[key]) for key in keys], np.uint8),
        "backoff": np.array([eight_bit(backoff.get(key, 0.0)) for key in keys], np.uint8),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> GraphoneModel:
    """The inverse of :func:`pack`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        order = int(arrays["order"][0])
        lines = arrays["graphones"].tobytes().decode().split("\n")
        children = arrays["children"].tolist()
        symbols = arrays["symbols"].tolist()
        logps = (arrays["logp"].astype(np.float64) * -LOG_STEP).tolist()
        backoffs = (arrays["backoff"].astype(np.float64) * -LOG_STEP).tolist()
    graphones = tuple((letters, phones) for letters, _, phones in (line.partition("\t") for line in lines))
    logp: dict[str, float] = {}
    backoff: dict[str, float] = {}
    keys = [""]
    place = 0
    for index, count in enumerate(children):
        parent = keys[index]
        for node in range(place, place + count):
            key = parent + chr(FIRST_CHAR + symbols[node])
            keys.append(key)
            logp[key] = logps[node]
            if backoffs[node]:
                backoff[key] = backoffs[node]
        place += count
    by_letters: dict[str, list[int]] = {}
    for number, (letters, _) in enumerate(graphones):
        if number not in (BEGIN, END):
            by_letters.setdefault(letters, []).append(number)
    return GraphoneModel(order, graphones, {k: tuple(v) for k, v in by_letters.items()}, logp, backoff)


@cache
def model() -> GraphoneModel:
    """The model of the package, read on first use."""
    return unpack((resources.files("voxcommons.text") / "data" / "en_guess.npz").read_bytes())


def guess(word: str) -> tuple[str, ...]:
    """Phones of a lower-case ASCII word; ``()`` when it has other characters."""
    return model().phones(word) if word.isascii() and word.isalpha() else ()
