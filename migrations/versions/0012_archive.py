"""The archive: how many pages files have, and lists by which cases are disposed of.

Revision 0012, after 0011. What was decided and done stands in tables that only grow.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from fireinvest.store.append_only import protect, unprotect

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
LARGE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GROWING = (
    "disposal_lists",
    "disposal_entries",
    "disposal_acts",
    "disposed_cases",
    "disposed_files",
)


def upgrade() -> None:
    op.create_table(
        "page_counts",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_page_counts")),
    )
    op.create_table(
        "disposal_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=30), nullable=False),
        sa.Column("tier", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("appraisers", sa.Text(), nullable=False),
        sa.Column("drawn_by", sa.String(length=100), nullable=False),
        sa.Column("acting_for", sa.String(length=100), nullable=True),
        sa.Column("drawn_at", INSTANT, nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposal_lists")),
        sa.UniqueConstraint(
            "drawn_by", "idempotency_key", name=op.f("uq_disposal_lists_drawn_by_idempotency_key")
        ),
    )
    op.create_index("ix_disposal_lists_division_id", "disposal_lists", ["division", "id"])
    op.create_table(
        "disposal_entries",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("kept_until", sa.Date(), nullable=False),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("journal_hash", sa.String(length=64), nullable=False),
        sa.Column("records_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["disposal_lists.id"],
            name=op.f("fk_disposal_entries_list_id_disposal_lists"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_disposal_entries_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("list_id", "case_id", name=op.f("pk_disposal_entries")),
    )
    op.create_index("ix_disposal_entries_case_id", "disposal_entries", ["case_id"])
    op.create_table(
        "disposal_acts",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=100), nullable=False),
        sa.Column("acting_for", sa.String(length=100), nullable=True),
        sa.Column("done_at", INSTANT, nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_id"], ["disposal_lists.id"], name=op.f("fk_disposal_acts_list_id_disposal_lists")
        ),
        sa.PrimaryKeyConstraint("list_id", "seq", name=op.f("pk_disposal_acts")),
    )
    op.create_table(
        "disposed_cases",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("disposed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_disposed_cases_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["disposal_lists.id"],
            name=op.f("fk_disposed_cases_list_id_disposal_lists"),
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_disposed_cases")),
    )
    op.create_table(
        "disposed_files",
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_disposed_files_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["disposal_lists.id"],
            name=op.f("fk_disposed_files_list_id_disposal_lists"),
        ),
        sa.PrimaryKeyConstraint("blob", "case_id", name=op.f("pk_disposed_files")),
    )
    op.create_index("ix_disposed_files_list_id", "disposed_files", ["list_id"])
    for table in GROWING:
        protect(op.get_bind(), table)


def downgrade() -> None:
    for table in reversed(GROWING):
        unprotect(op.get_bind(), table)
        op.drop_table(table)
    op.drop_table("page_counts")
