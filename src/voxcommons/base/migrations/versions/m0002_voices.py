"""The tables of the voice library: what voices can be found by, and what was spoken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Voices by library and name, and the history of speech."""
    op.create_table(
        "voice",
        sa.Column("library", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("stamp", sa.String(64), nullable=False),
        sa.Column("bundled", sa.Boolean, nullable=False),
        sa.Column("voice_id", sa.String(32), nullable=False),
        sa.Column("language", sa.String(40), nullable=False),
        sa.Column("base", sa.String(200), nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("licence", sa.Text, nullable=False),
        sa.Column("gender", sa.String(200), nullable=False),
        sa.Column("age", sa.String(200), nullable=False),
        sa.Column("dialect", sa.String(200), nullable=False),
        sa.Column("region", sa.String(200), nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("styles", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("library", "name", name="pk_voice"),
    )
    op.create_table(
        "spoken",
        sa.Column("id", _COUNTED, autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(32), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("voice", sa.String(64), nullable=False),
        sa.Column("voice_id", sa.String(32), nullable=False),
        sa.Column("style", sa.String(64), nullable=False),
        sa.Column("language", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("batch", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spoken"),
        sa.UniqueConstraint("entry", name="uq_spoken_entry"),
    )
    op.create_index("ix_spoken_voice_id", "spoken", ["voice_id"])
    op.create_index("ix_spoken_at", "spoken", ["at"])


def downgrade() -> None:
    """Take the tables away, with everything in them."""
    op.drop_table("spoken")
    op.drop_table("voice")
