"""Ladders of notices, alerts to people, the channels by which they hear, and readings decided.

Revision 0006, after 0005. ``fireinvest rebuild`` lays the ladders of cases from before.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from fireinvest.store.append_only import protect, unprotect

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LARGE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("deadlines") as batch:
        batch.add_column(sa.Column("plan_start_by", sa.Date(), nullable=True))
        batch.add_column(sa.Column("plan_step", sa.String(length=60), nullable=True))

    op.create_table(
        "ladders",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(length=60), nullable=False),
        sa.Column("instance", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("swept_on", sa.Date(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ladders_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "clock", "instance", name=op.f("pk_ladders")),
    )
    op.create_index(op.f("ix_ladders_next_on_case_id"), "ladders", ["next_on", "case_id"])

    op.create_table(
        "reached_rungs",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(length=60), nullable=False),
        sa.Column("instance", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rung", sa.String(length=60), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=False),
        sa.Column("is_skipped", sa.Boolean(), nullable=False),
        sa.Column("swept_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_reached_rungs_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reached_rungs")),
        sa.UniqueConstraint(
            "case_id",
            "clock",
            "instance",
            "due_on",
            "rung",
            "occurrence",
            name=op.f("uq_reached_rungs_case_id_clock_instance_due_on_rung_occurrence"),
        ),
    )

    op.create_table(
        "alerts",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("acts_for_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("clock", sa.String(length=60), nullable=True),
        sa.Column("instance", sa.String(length=200), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("rung", sa.String(length=60), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_alerts_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_alerts_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["acts_for_id"], ["people.id"], name=op.f("fk_alerts_acts_for_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
    )
    op.create_index(op.f("ix_alerts_person_id_id"), "alerts", ["person_id", "id"])
    op.create_index(op.f("ix_alerts_case_id_id"), "alerts", ["case_id", "id"])
    op.create_index(
        "ix_alerts_unread",
        "alerts",
        ["person_id", "id"],
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )

    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("is_digest", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_channels_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_channels_token_hash")),
    )
    op.create_index(op.f("ix_channels_person_id"), "channels", ["person_id"])

    op.drop_index("ix_outbox_pending", "outbox")
    with op.batch_alter_table("outbox") as batch:
        batch.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("channel_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("not_before", INSTANT, nullable=True))
        batch.add_column(sa.Column("failed_at", INSTANT, nullable=True))
        batch.add_column(sa.Column("error", sa.Text(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_outbox_person_id_people"), "people", ["person_id"], ["id"]
        )
        batch.create_foreign_key(
            op.f("fk_outbox_channel_id_channels"), "channels", ["channel_id"], ["id"]
        )
    open_ones = "done_at IS NULL AND failed_at IS NULL"
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        sqlite_where=sa.text(open_ones),
        postgresql_where=sa.text(open_ones),
    )
    op.create_index(
        "ix_outbox_failed",
        "outbox",
        ["id"],
        sqlite_where=sa.text("failed_at IS NOT NULL"),
        postgresql_where=sa.text("failed_at IS NOT NULL"),
    )

    op.create_table(
        "sweeps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
    )
    op.create_index(op.f("ix_sweeps_began_at"), "sweeps", ["began_at"])

    op.create_table(
        "reading_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(length=60), nullable=False),
        sa.Column("reading", sa.String(length=60), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.String(length=60), nullable=False),
        sa.Column("applies_from", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("document", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_decisions")),
        sa.UniqueConstraint(
            "profile",
            "reading",
            "revision",
            name=op.f("uq_reading_decisions_profile_reading_revision"),
        ),
    )
    protect(op.get_bind(), "reading_decisions")

    # Added in place: rebuilding the table would drop what protects it.
    op.add_column("holiday_notices", sa.Column("division", sa.String(length=30), nullable=True))
    op.add_column("holiday_notices", sa.Column("recorded_by", sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column("holiday_notices", "recorded_by")
    op.drop_column("holiday_notices", "division")
    unprotect(op.get_bind(), "reading_decisions")
    op.drop_table("reading_decisions")
    op.drop_table("sweeps")
    op.drop_index("ix_outbox_failed", "outbox")
    op.drop_index("ix_outbox_pending", "outbox")
    with op.batch_alter_table("outbox") as batch:
        batch.drop_constraint(op.f("fk_outbox_channel_id_channels"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_outbox_person_id_people"), type_="foreignkey")
        for name in ("error", "failed_at", "not_before", "channel_id", "person_id"):
            batch.drop_column(name)
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_table("channels")
    op.drop_table("alerts")
    op.drop_table("reached_rungs")
    op.drop_table("ladders")
    with op.batch_alter_table("deadlines") as batch:
        batch.drop_column("plan_step")
        batch.drop_column("plan_start_by")
