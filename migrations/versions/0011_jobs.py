"""Long work with its files, and files of cases that were read back from packages.

Revision 0011, after 0010.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True)
LARGE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('waiting', 'running')")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("acting_for", sa.String(length=100), nullable=True),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done", LARGE_ID, nullable=False),
        sa.Column("total", LARGE_ID, nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(length=100), nullable=True),
        sa.Column("claimed_until", INSTANT, nullable=True),
        sa.Column("cancel_asked_at", INSTANT, nullable=True),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("target", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_jobs_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_jobs_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("person_id", "key", name=op.f("uq_jobs_person_id_key")),
    )
    op.create_index("ix_jobs_case_id", "jobs", ["case_id"])
    op.create_index("ix_jobs_open", "jobs", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "job_files",
        sa.Column("job_id", LARGE_ID, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("size", LARGE_ID, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_files_job_id_jobs")),
        sa.PrimaryKeyConstraint("job_id", "place", name=op.f("pk_job_files")),
    )
    op.create_index("ix_job_files_blob", "job_files", ["blob"])
    op.create_table(
        "imported_files",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("package", sa.String(length=100), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("division", sa.String(length=40), nullable=True),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("imported_at", INSTANT, nullable=False),
        sa.Column("imported_by", sa.String(length=100), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("byte_count", LARGE_ID, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("checked", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_files")),
        sa.UniqueConstraint("package", name=op.f("uq_imported_files_package")),
    )
    op.create_index("ix_imported_files_number", "imported_files", ["number"])
    op.create_index("ix_imported_files_occurred_on_id", "imported_files", ["occurred_on", "id"])
    op.create_table(
        "imported_entries",
        sa.Column("imported_id", LARGE_ID, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", LARGE_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["imported_id"],
            ["imported_files.id"],
            name=op.f("fk_imported_entries_imported_id_imported_files"),
        ),
        sa.PrimaryKeyConstraint("imported_id", "place", name=op.f("pk_imported_entries")),
    )
    op.create_index("ix_imported_entries_sha256", "imported_entries", ["sha256"])


def downgrade() -> None:
    op.drop_table("imported_entries")
    op.drop_table("imported_files")
    op.drop_table("job_files")
    op.drop_table("jobs")
