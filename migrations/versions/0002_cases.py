"""People, rulesets, cases with their journal and deadlines, outbox, access log, drafts.

Revision 0002, after 0001.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from fireinvest.store.append_only import protect, unprotect

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LARGE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GROWING = ("rulesets", "journal", "access_log", "access_batches")


def upgrade() -> None:
    op.create_table(
        "access_batches",
        sa.Column("last_id", LARGE_ID, autoincrement=False, nullable=False),
        sa.Column("first_id", LARGE_ID, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("last_id", name=op.f("pk_access_batches")),
    )
    op.create_table(
        "agencies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label_zh", sa.String(length=200), nullable=False),
        sa.Column("label_en", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=30), nullable=False),
        sa.Column("tier", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_until >= valid_from", name=op.f("ck_agencies_ends_after_it_begins")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
    )
    op.create_index(op.f("ix_agencies_division"), "agencies", ["division"], unique=False)
    op.create_table(
        "case_numbers",
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_case_numbers")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
    )
    op.create_table(
        "rulesets",
        sa.Column("pin", sa.String(length=64), nullable=False),
        sa.Column("contents", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pin", name=op.f("pk_rulesets")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.Column("division", sa.String(length=30), nullable=True),
        sa.Column("parent", sa.String(length=30), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("ruleset_pin", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=60), nullable=False),
        sa.Column("level_is_floor", sa.Boolean(), nullable=False),
        sa.Column("in_scope", sa.Boolean(), nullable=True),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=True),
        sa.Column("government", sa.String(length=60), nullable=True),
        sa.Column("investigating", sa.String(length=60), nullable=True),
        sa.Column("handover_pending", sa.String(length=60), nullable=True),
        sa.Column("carrier", sa.String(length=100), nullable=True),
        sa.Column("next_clock", sa.String(length=60), nullable=True),
        sa.Column("next_instance", sa.String(length=200), nullable=True),
        sa.Column("next_weight", sa.String(length=20), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_yellow_on", sa.Date(), nullable=True),
        sa.Column("next_red_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("merged_into", sa.String(length=40), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_pin"], ["rulesets.pin"], name=op.f("fk_cases_ruleset_pin_rulesets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index(op.f("ix_cases_address"), "cases", ["address"], unique=False)
    op.create_index(op.f("ix_cases_carrier_id"), "cases", ["carrier", "id"], unique=False)
    op.create_index(op.f("ix_cases_division_id"), "cases", ["division", "id"], unique=False)
    op.create_index(
        op.f("ix_cases_division_level_id"), "cases", ["division", "level", "id"], unique=False
    )
    op.create_index(
        op.f("ix_cases_division_stage_id"), "cases", ["division", "stage", "id"], unique=False
    )
    op.create_index(
        "ix_cases_open_division",
        "cases",
        ["division", "next_due_on", "id"],
        unique=False,
        sqlite_where=sa.text("next_clock IS NOT NULL"),
        postgresql_where=sa.text("next_clock IS NOT NULL"),
    )
    op.create_index(
        "ix_cases_open_parent",
        "cases",
        ["parent", "next_due_on", "id"],
        unique=False,
        sqlite_where=sa.text("next_clock IS NOT NULL"),
        postgresql_where=sa.text("next_clock IS NOT NULL"),
    )
    op.create_index(op.f("ix_cases_parent_id"), "cases", ["parent", "id"], unique=False)
    op.create_index(
        op.f("ix_cases_parent_level_id"), "cases", ["parent", "level", "id"], unique=False
    )
    op.create_index(
        op.f("ix_cases_parent_stage_id"), "cases", ["parent", "stage", "id"], unique=False
    )
    op.create_index(op.f("ix_cases_unit_name"), "cases", ["unit_name"], unique=False)
    op.create_table(
        "deputies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("acts_for_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("granted_by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "person_id <> acts_for_id", name=op.f("ck_deputies_nobody_is_their_own")
        ),
        sa.CheckConstraint(
            "valid_until >= valid_from", name=op.f("ck_deputies_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(
            ["acts_for_id"], ["people.id"], name=op.f("fk_deputies_acts_for_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_deputies_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
    )
    op.create_index(op.f("ix_deputies_person_id"), "deputies", ["person_id"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_drafts_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("person_id", "form", name=op.f("uq_drafts_person_id_form")),
    )
    op.create_table(
        "access_log",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.String(length=100), nullable=True),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("address", sa.String(length=100), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_access_log_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index(op.f("ix_access_log_case_id_id"), "access_log", ["case_id", "id"], unique=False)
    op.create_index(op.f("ix_access_log_happened_at"), "access_log", ["happened_at"], unique=False)
    op.create_index(op.f("ix_access_log_person_id"), "access_log", ["person", "id"], unique=False)
    op.create_table(
        "deadlines",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(length=60), nullable=False),
        sa.Column("instance", sa.String(length=200), nullable=False),
        sa.Column("division", sa.String(length=30), nullable=True),
        sa.Column("parent", sa.String(length=30), nullable=True),
        sa.Column("weight", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("act_by", sa.Date(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("yellow_on", sa.Date(), nullable=False),
        sa.Column("red_on", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("earliest_on", sa.Date(), nullable=True),
        sa.Column("latest_on", sa.Date(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("late_since", sa.Date(), nullable=True),
        sa.Column("awaits_receipt", sa.Boolean(), nullable=False),
        sa.Column("government", sa.String(length=60), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end", sa.String(length=20), nullable=True),
        sa.Column("satisfied_by", sa.Integer(), nullable=True),
        sa.Column("calendar", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_deadlines_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "clock", "instance", name=op.f("pk_deadlines")),
    )
    op.create_index(
        "ix_deadlines_running",
        "deadlines",
        ["due_on", "case_id"],
        unique=False,
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "ix_deadlines_running_division",
        "deadlines",
        ["division", "due_on", "case_id"],
        unique=False,
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "ix_deadlines_running_parent",
        "deadlines",
        ["parent", "due_on", "case_id"],
        unique=False,
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("division", sa.String(length=30), nullable=True),
        sa.Column("tier", sa.String(length=30), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("granted_by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "valid_until >= valid_from", name=op.f("ck_grants_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_grants_agency_id_agencies")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_grants_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_grants_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_case_id_role"), "grants", ["case_id", "role"], unique=False)
    op.create_index(op.f("ix_grants_person_id"), "grants", ["person_id"], unique=False)
    op.create_table(
        "journal",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("old_values", sa.Text(), nullable=False),
        sa.Column("new_values", sa.Text(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("acting_for", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("expected_version", sa.Integer(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_journal_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_journal")),
        sa.UniqueConstraint(
            "actor", "idempotency_key", name=op.f("uq_journal_actor_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_journal_recorded_at"), "journal", ["recorded_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.String(length=100), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_outbox_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(op.f("ix_outbox_case_id"), "outbox", ["case_id"], unique=False)
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "recusals",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_recusals_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "person", name=op.f("pk_recusals")),
    )
    op.create_index(op.f("ix_recusals_person"), "recusals", ["person"], unique=False)
    for table in GROWING:
        protect(op.get_bind(), table)


def downgrade() -> None:
    for table in GROWING:
        unprotect(op.get_bind(), table)
    op.drop_table("recusals")
    op.drop_table("outbox")
    op.drop_table("journal")
    op.drop_table("grants")
    op.drop_table("deadlines")
    op.drop_table("access_log")
    op.drop_table("drafts")
    op.drop_table("deputies")
    op.drop_table("cases")
    op.drop_table("rulesets")
    op.drop_table("people")
    op.drop_table("case_numbers")
    op.drop_table("agencies")
    op.drop_table("access_batches")
