"""The two phoneme symbol tables that base models are trained on, and phones -> ids.

The order of a table is a fact shared with the public models (index = row of the phoneme embedding),
so the tables are data files; nothing here may reorder them. Index 0-321 of v2 equals v1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Literal

from voxcommons.base.errors import InputError

Table = Literal["v1", "v2"]
TABLES: tuple[str, ...] = ("v1", "v2")
UNKNOWN = "UNK"
PUNCTUATION: frozenset[str] = frozenset("!?…,.-")


@cache
def symbols(table: str = "v2") -> tuple[str, ...]:
    """The symbols of a table in embedding order.

    Args:
        table: ``"v1"`` (322 symbols) or ``"v2"`` (732 symbols).

    Raises:
        InputError: the table has another name.
    """
    if table not in TABLES:
        raise InputError(
            "unknown symbol table",
            expected=" or ".join(TABLES),
            found=repr(table),
            do="choose the table of the base model",
        )
    source = resources.files("voxcommons.text") / "data" / f"symbols_{table}.json"
    return tuple(json.loads(source.read_text(encoding="utf-8")))


@cache
def symbol_index(table: str = "v2") -> dict[str, int]:
    """Symbol -> embedding row of a table. Treat the mapping as read-only."""
    return {symbol: row for row, symbol in enumerate(symbols(table))}


def phone_ids(phones: Iterable[str], table: str = "v2") -> tuple[int, ...]:
    """Embedding rows of phones; a phone the table lacks becomes the row of ``UNK``."""
    index = symbol_index(table)
    unknown = index[UNKNOWN]
    return tuple(index.get(phone, unknown) for phone in phones)
