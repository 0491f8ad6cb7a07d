"""Official papers: templates that offices uploaded, and the series from which numbers are given.

Revision 0010, after 0009.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from fireinvest.store.append_only import protect, unprotect

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
LARGE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "paper_templates",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("division", sa.String(length=30), nullable=False),
        sa.Column("tier", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", LARGE_ID, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("uploaded_at", INSTANT, nullable=False),
        sa.Column("uploaded_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_templates")),
        sa.UniqueConstraint(
            "division",
            "tier",
            "kind",
            "version",
            name=op.f("uq_paper_templates_division_tier_kind_version"),
        ),
    )
    op.create_index("ix_paper_templates_sha256", "paper_templates", ["sha256"])
    op.create_table(
        "number_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=30), nullable=False),
        sa.Column("tier", sa.String(length=30), nullable=False),
        sa.Column("issued_by", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("pattern", sa.String(length=100), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_series")),
        sa.UniqueConstraint(
            "division", "tier", "pattern", name=op.f("uq_number_series_division_tier_pattern")
        ),
    )
    op.create_table(
        "number_counts",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["number_series.id"],
            name=op.f("fk_number_counts_series_id_number_series"),
        ),
        sa.PrimaryKeyConstraint("series_id", "year", name=op.f("pk_number_counts")),
    )
    protect(op.get_bind(), "paper_templates")


def downgrade() -> None:
    unprotect(op.get_bind(), "paper_templates")
    op.drop_table("number_counts")
    op.drop_table("number_series")
    op.drop_table("paper_templates")
