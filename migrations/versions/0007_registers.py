"""Registers of cases: every version of their items, and which is the last of each.

Revision 0007, after 0006.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from fireinvest.store.append_only import protect, unprotect

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "records",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("register", sa.String(length=30), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("acting_for", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("attachments", sa.Text(), nullable=True),
        sa.Column("restriction", sa.String(length=30), nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_records_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_records")),
        sa.UniqueConstraint(
            "case_id",
            "register",
            "item",
            "version",
            name=op.f("uq_records_case_id_register_item_version"),
        ),
        sa.UniqueConstraint(
            "actor", "idempotency_key", name=op.f("uq_records_actor_idempotency_key")
        ),
    )
    protect(op.get_bind(), "records")

    op.create_table(
        "record_heads",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_record_heads_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_record_heads")),
    )

    op.create_table(
        "register_items",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("register", sa.String(length=30), nullable=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_register_items_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", "register", "item", name=op.f("pk_register_items")),
    )

    op.create_table(
        "register_keys",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("register", sa.String(length=30), nullable=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_register_keys_case_id_cases")
        ),
        sa.PrimaryKeyConstraint(
            "case_id", "register", "item", "sort", "key", name=op.f("pk_register_keys")
        ),
    )
    op.create_index(
        op.f("ix_register_keys_sort_key_case_id"), "register_keys", ["sort", "key", "case_id"]
    )


def downgrade() -> None:
    op.drop_table("register_keys")
    op.drop_table("register_items")
    op.drop_table("record_heads")
    unprotect(op.get_bind(), "records")
    op.drop_table("records")
