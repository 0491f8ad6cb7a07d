"""Clocks that run on while an appraisal is out, and who was told where nobody was there to hear.

Revision 0009, after 0008. The columns fill as cases are counted again, by the next change or sweep.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("deadlines", sa.Column("runs_since", sa.Date(), nullable=True))
    op.add_column("deadlines", sa.Column("runs_until", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("next_runs_until", sa.Date(), nullable=True))
    op.add_column("reached_rungs", sa.Column("stood_in", sa.String(length=60), nullable=True))
    told = "stood_in IS NOT NULL"
    op.create_index(
        "ix_reached_rungs_stood_in",
        "reached_rungs",
        ["case_id"],
        sqlite_where=sa.text(told),
        postgresql_where=sa.text(told),
    )


def downgrade() -> None:
    op.drop_index("ix_reached_rungs_stood_in", "reached_rungs")
    op.drop_column("reached_rungs", "stood_in")
    op.drop_column("cases", "next_runs_until")
    op.drop_column("deadlines", "runs_until")
    op.drop_column("deadlines", "runs_since")
