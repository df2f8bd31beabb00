"""Train the guess for unknown English words (text/data/en_guess.npz) on the CMU dictionary.

    python tools/train_g2p_en.py [--out FILE] [--held-out 50]

Letters and phones are aligned by expectation maximisation over graphones of one or two letters and up to two phones, then an
interpolated Kneser-Ney n-gram model of the graphone sequences is counted and pruned. Words whose hash falls into the held-out part
(one in fifty) are never trained on; the figures printed are measured on them. One core, about a minute.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import zlib
from collections import Counter, defaultdict
from pathlib import Path

from voxcommons.text.g2p.en_dictionary import dictionary
from voxcommons.text.g2p.en_guess import BEGIN, END, FIRST_CHAR, GraphoneModel, pack, unpack

Pair = tuple[str, tuple[str, ...]]
Graphone = tuple[str, str]
SHAPES = ((1, 0), (1, 1), (1, 2), (2, 1))
EM_WORDS = 5000
EM_ROUNDS = 5
RAREST_GRAPHONE = 4
BAND = 3
"""How far, in phones, an alignment may stray from the diagonal."""


def words() -> list[Pair]:
    """Dictionary words of letters only, first pronunciation."""
    return [
        (word, tuple(found[0].split()))
        for word, found in sorted(dictionary().items())
        if word.isascii() and word.isalpha() and 1 < len(word) <= 20
    ]


def is_held_out(word: str, one_in: int) -> bool:
    """A fixed choice by hash; an inflected form goes with its stem so that it is truly new."""
    stem = word[:6]
    return zlib.crc32(stem.encode()) % one_in == 0


def arcs(pair: Pair) -> list[tuple[int, int, int, int, Graphone]]:
    """Every graphone that may stand between two places of the alignment lattice of a word."""
    letters, phones = pair
    rows, columns = len(letters), len(phones)
    slope = columns / rows
    found = []
    for i in range(rows):
        middle = i * slope
        for j in range(max(0, int(middle) - BAND), min(columns, int(middle) + BAND + 1) + 1):
            for di, dj in SHAPES:
                if i + di <= rows and j + dj <= columns:
                    found.append((i, j, i + di, j + dj, (letters[i : i + di], " ".join(phones[j : j + dj]))))
    return found


def expect(pair: Pair, weights: dict[Graphone, float], counts: defaultdict[Graphone, float]) -> float:
    """Forward and backward over one word; adds expected counts, returns its log probability."""
    lattice = [(i, j, k, m, g, weights.get(g, 0.0)) for i, j, k, m, g in arcs(pair)]
    goal = (len(pair[0]), len(pair[1]))
    forward: defaultdict[tuple[int, int], float] = defaultdict(float, {(0, 0): 1.0})
    for i, j, k, m, _, weight in lattice:
        if weight:
            forward[k, m] += forward[i, j] * weight
    total = forward[goal]
    if total <= 0.0:
        return 0.0
    backward: defaultdict[tuple[int, int], float] = defaultdict(float, {goal: 1.0})
    for i, j, k, m, graphone, weight in reversed(lattice):
        share = weight * backward[k, m]
        if share:
            backward[i, j] += share
            counts[graphone] += forward[i, j] * share / total
    return math.log(total)


def learn_graphones(pairs: list[Pair]) -> dict[Graphone, float]:
    """Graphone probabilities by expectation maximisation; shapes with fewer pieces are preferred from the start."""
    start: defaultdict[Graphone, float] = defaultdict(float)
    for pair in pairs:
        for *_, graphone in arcs(pair):
            start[graphone] += {(1, 1): 1.0, (1, 0): 0.3, (2, 1): 0.2, (1, 2): 0.1}[len(graphone[0]), len(graphone[1].split())]
    weights = _normalised(start)
    for turn in range(EM_ROUNDS):
        counts: defaultdict[Graphone, float] = defaultdict(float)
        likelihood = sum(expect(pair, weights, counts) for pair in pairs)
        weights = _normalised({g: c for g, c in counts.items() if c > 0.3 * (turn > 1)})
        say(f"alignment round {turn + 1}: log likelihood {likelihood / len(pairs):.2f} per word, {len(weights)} graphones")
    return weights


def _normalised(counts: dict[Graphone, float]) -> dict[Graphone, float]:
    total = sum(counts.values())
    return {graphone: count / total for graphone, count in counts.items()}


def align(pair: Pair, costs: dict[Graphone, float]) -> list[Graphone]:
    """The likeliest graphones of a word, [] if the known ones cannot make it."""
    best: dict[tuple[int, int], tuple[float, tuple[int, int] | None, Graphone | None]] = {(0, 0): (0.0, None, None)}
    for i, j, k, m, graphone in arcs(pair):
        cost = costs.get(graphone)
        if cost is None or (i, j) not in best:
            continue
        total = best[i, j][0] + cost
        if (k, m) not in best or total < best[k, m][0]:
            best[k, m] = (total, (i, j), graphone)
    place: tuple[int, int] | None = (len(pair[0]), len(pair[1]))
    if place not in best:
        return []
    path: list[Graphone] = []
    while place is not None:
        _, place, graphone = best[place]
        if graphone is not None:
            path.append(graphone)
    return path[::-1]


def count_ngrams(sequences: list[str], order: int) -> list[Counter[str]]:
    """Kneser-Ney counts by length: true counts at the top and at word beginnings, else in how many contexts an n-gram occurs."""
    raw = [Counter[str]() for _ in range(order + 1)]
    for sequence in sequences:
        for length in range(1, order + 1):
            raw[length].update(sequence[i : i + length] for i in range(len(sequence) - length + 1))
    begin = chr(FIRST_CHAR + BEGIN)
    counts = list(raw)
    for length in range(1, order):
        wider = Counter(gram[1:] for gram in raw[length + 1])
        counts[length] = Counter({gram: raw[length][gram] if gram[0] == begin else wider[gram] for gram in raw[length]})
    return counts


def estimate(counts: list[Counter[str]], order: int, cutoffs: list[int]) -> tuple[dict[str, float], dict[str, float]]:
    """Interpolated Kneser-Ney with absolute discounting; n-grams below the cutoff of their length leave their mass to the back-off."""
    begin = chr(FIRST_CHAR + BEGIN)
    logp: dict[str, float] = {}
    backoff: dict[str, float] = {}
    unigrams = {gram: count for gram, count in counts[1].items() if gram != begin}
    total = sum(unigrams.values())
    probability = {gram: count / total for gram, count in unigrams.items()}
    probability[begin] = 1e-8
    logp.update({gram: math.log(p) for gram, p in probability.items()})
    known = dict(probability)
    for length in range(2, order + 1):
        ones = sum(count == 1 for count in counts[length].values())
        twos = sum(count == 2 for count in counts[length].values())
        discount = ones / (ones + 2 * twos)
        totals: Counter[str] = Counter()
        for gram, count in counts[length].items():
            totals[gram[:-1]] += count
        kept = {gram: count for gram, count in counts[length].items() if count >= cutoffs[length] and gram[:-1] in known}
        used: defaultdict[str, float] = defaultdict(float)
        for gram, count in kept.items():
            used[gram[:-1]] += (count - discount) / totals[gram[:-1]]
        fresh: dict[str, float] = {}
        for context, share in used.items():
            backoff[context] = math.log(max(1e-6, 1.0 - share))
        for gram, count in kept.items():
            context = gram[:-1]
            lower = _probability(known, backoff, context[1:], gram[-1])
            fresh[gram] = (count - discount) / totals[context] + (1.0 - used[context]) * lower
        known.update(fresh)
        logp.update({gram: math.log(p) for gram, p in fresh.items()})
        say(f"order {length}: {len(counts[length])} n-grams, {len(kept)} kept, discount {discount:.3f}")
    return logp, backoff


def _probability(known: dict[str, float], backoff: dict[str, float], context: str, graphone: str) -> float:
    weight = 1.0
    while context and context + graphone not in known:
        weight *= math.exp(backoff.get(context, 0.0))
        context = context[1:]
    return weight * known.get(context + graphone, 1e-8)


def distance(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Edits between two phone sequences."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def score(model: GraphoneModel, pairs: list[Pair]) -> dict[str, float]:
    """Word and phone accuracy, with and without stress; any listed pronunciation counts as right."""
    right = right_plain = edits = edits_plain = length = 0
    for word, _ in pairs:
        said = model.phones(word)
        plain = _plain(said)
        answers = [tuple(found.split()) for found in dictionary()[word]]
        best = min(answers, key=lambda answer: distance(said, answer))
        edits += distance(said, best)
        edits_plain += min(distance(plain, _plain(answer)) for answer in answers)
        length += len(best)
        right += said in answers
        right_plain += plain in [_plain(answer) for answer in answers]
    count = len(pairs)
    return {
        "words": count,
        "word_accuracy": round(right / count, 4),
        "phone_accuracy": round(1 - edits / length, 4),
        "word_accuracy_without_stress": round(right_plain / count, 4),
        "phone_accuracy_without_stress": round(1 - edits_plain / length, 4),
    }


def _plain(phones: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(phone.rstrip("012") for phone in phones)


def say(line: str) -> None:
    """One line of progress with the processor time so far."""
    sys.stderr.write(f"[{time.process_time():6.1f} s] {line}\n")


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--out", type=Path, default=root / "src/voxcommons/text/data/en_guess.npz")
    parser.add_argument("--held-out", type=int, default=50, help="one word in so many is kept for measuring")
    parser.add_argument("--order", type=int, default=7)
    parser.add_argument("--cutoffs", type=int, nargs="*", default=[0, 1, 1, 1, 2, 2, 2, 2, 2], help="smallest count kept, by length")
    options = parser.parse_args()
    everything = words()
    train = [pair for pair in everything if not is_held_out(pair[0], options.held_out)]
    test = [pair for pair in everything if is_held_out(pair[0], options.held_out)]
    say(f"{len(train)} words to train on, {len(test)} held out")
    weights = learn_graphones(train[:: max(1, len(train) // EM_WORDS)])
    costs = {graphone: -math.log(weight) for graphone, weight in weights.items()}
    aligned = [path for pair in train if (path := align(pair, costs))]
    use = Counter(graphone for path in aligned for graphone in path)
    aligned = [path for path in aligned if all(use[graphone] >= RAREST_GRAPHONE for graphone in path)]
    graphones: list[Graphone] = [("<", ""), (">", ""), *sorted({graphone for path in aligned for graphone in path})]
    number = {graphone: index for index, graphone in enumerate(graphones)}
    begin, end = chr(FIRST_CHAR + BEGIN), chr(FIRST_CHAR + END)
    sequences = [begin + "".join(chr(FIRST_CHAR + number[g]) for g in path) + end for path in aligned]
    say(f"{len(aligned)} words aligned with {len(graphones)} graphones")
    counts = count_ngrams(sequences, options.order)
    logp, backoff = estimate(counts, options.order, options.cutoffs)
    content = pack(options.order, graphones, logp, backoff)
    options.out.write_bytes(content)
    figures = score(unpack(content), test[::2])
    say(f"{len(logp)} n-grams, {len(content)} bytes")
    sys.stdout.write(json.dumps({"bytes": len(content), "ngrams": len(logp), "graphones": len(graphones), **figures}) + "\n")


if __name__ == "__main__":
    main()
