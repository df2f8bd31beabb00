"""What all tables of the program have in common: one list of tables, names for their constraints, and kinds of columns.

Apart from the rooms that own tables, because jobs and voices lie in one database and one transaction may touch both. It
knows none of the tables; migrations/ holds their history.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase

# Constraints have names that both engines agree on, so that a later migration can speak of them.
_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

COUNTED: Final = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database counts up by itself; SQLite does that only for its own INTEGER."""


class Table(DeclarativeBase):
    """The parent of every table of the program."""

    metadata = MetaData(naming_convention=_NAMES)
