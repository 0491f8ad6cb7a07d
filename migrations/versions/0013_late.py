"""What the ledger and the month's report count: figures, the days of steps, and old cases.

Revision 0013, after 0012. The columns of cases that are there are filled by ``upgrade``, which reads
their journals again.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNTS = ("deaths", "serious_injuries", "light_injuries", "missing")
_DAYS = ("occurred_on", "opened_on", "ended_on")
_PLACES = ("division", "parent")


def upgrade() -> None:
    op.add_column("cases", sa.Column("opened_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("late_key", sa.String(length=120), nullable=True))
    op.add_column("cases", sa.Column("category", sa.String(length=40), nullable=True))
    for name in _COUNTS:
        op.add_column("cases", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("loss_fen", sa.BigInteger(), nullable=True))
    for place in _PLACES:
        for day in _DAYS:
            op.create_index(op.f(f"ix_cases_{place}_{day}"), "cases", [place, day])
        op.create_index(op.f(f"ix_deadlines_{place}_due_on"), "deadlines", [place, "due_on"])
    op.create_index(op.f("ix_cases_late_key"), "cases", ["late_key"], unique=True)
    op.create_table(
        "step_days",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_step_days_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "step", name=op.f("pk_step_days")),
    )


def downgrade() -> None:
    op.drop_table("step_days")
    op.drop_index("ix_cases_late_key", "cases")
    for place in _PLACES:
        op.drop_index(f"ix_deadlines_{place}_due_on", "deadlines")
        for day in _DAYS:
            op.drop_index(f"ix_cases_{place}_{day}", "cases")
    for name in ("loss_fen", *_COUNTS, "category", "late_key", "opened_on"):
        op.drop_column("cases", name)
