"""Next steps, uploaded files, sign-ins; attachments of entries; posts that the journal gives.

Revision 0003, after 0002. ``fireinvest rebuild`` fills the next steps of cases from before.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LARGE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("journal", sa.Column("attachments", sa.Text(), nullable=True))
    op.add_column("grants", sa.Column("entry", sa.Integer(), nullable=True))
    op.create_table(
        "next_steps",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("clock", sa.String(length=60), nullable=False),
        sa.Column("instance", sa.String(length=200), nullable=False),
        sa.Column("division", sa.String(length=30), nullable=True),
        sa.Column("parent", sa.String(length=30), nullable=True),
        sa.Column("tier", sa.String(length=30), nullable=True),
        sa.Column("is_now", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_next_steps_case_id_cases")
        ),
        sa.PrimaryKeyConstraint(
            "case_id", "step", "role", "clock", "instance", name=op.f("pk_next_steps")
        ),
    )
    op.create_index(
        op.f("ix_next_steps_division_role"), "next_steps", ["division", "role"], unique=False
    )
    op.create_index(
        op.f("ix_next_steps_parent_role"), "next_steps", ["parent", "role"], unique=False
    )
    op.create_table(
        "staged_files",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", LARGE_ID, nullable=False),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_staged_files_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_files")),
    )
    op.create_index(op.f("ix_staged_files_person_id"), "staged_files", ["person_id"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=100), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sign_ins_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ins_token_hash")),
    )
    op.create_index(op.f("ix_sign_ins_person_id"), "sign_ins", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_table("sign_ins")
    op.drop_table("staged_files")
    op.drop_table("next_steps")
    op.drop_column("grants", "entry")
    op.drop_column("journal", "attachments")
