"""Second factors, codes for a first sign-in, counted attempts; what the access log tells more.

Revision 0005, after 0004. The one administrator's office becomes three: whoever held it keeps
accounts and agencies, and ``fireinvest people appoint`` names the two others.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from fireinvest.store.append_only import protect

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LARGE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
LOG_INDEXES = (
    ("case_id", "happened_at", "id"),
    ("person", "happened_at", "id"),
    ("about", "happened_at", "id"),
    ("what", "happened_at", "id"),
    ("address", "happened_at", "id"),
    ("happened_at", "id"),
)


def upgrade() -> None:
    op.add_column("people", sa.Column("password_set_at", INSTANT, nullable=True))
    op.add_column("people", sa.Column("subject", sa.String(length=255), nullable=True))
    op.create_index(op.f("ix_people_subject"), "people", ["subject"], unique=True)

    op.add_column("sign_ins", sa.Column("needs", sa.String(length=20), nullable=True))
    op.add_column("sign_ins", sa.Column("means", sa.String(length=20), nullable=True))
    op.add_column("sign_ins", sa.Column("verified_at", INSTANT, nullable=True))
    op.add_column("sign_ins", sa.Column("challenge", sa.String(length=200), nullable=True))
    op.add_column("sign_ins", sa.Column("challenged_at", INSTANT, nullable=True))

    op.create_table(
        "authenticators",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_authenticators_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticators")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_authenticators_credential_id")),
    )
    op.create_index(op.f("ix_authenticators_person_id"), "authenticators", ["person_id"])

    op.create_table(
        "one_time_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=100), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_one_time_codes_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_one_time_codes_code_hash")),
    )
    op.create_index(
        op.f("ix_one_time_codes_person_id_purpose"), "one_time_codes", ["person_id", "purpose"]
    )

    op.create_table(
        "attempts",
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_began_at"), "attempts", ["began_at"])

    op.create_table(
        "apart",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_apart_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "role", "person", name=op.f("pk_apart")),
    )
    op.create_index(op.f("ix_apart_person"), "apart", ["person"])

    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=True),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )

    for name, kind in (
        ("about", sa.String(length=200)),
        ("acting_for", sa.String(length=100)),
        ("reason", sa.Text()),
        ("old_values", sa.Text()),
        ("new_values", sa.Text()),
        ("entry", sa.Integer()),
        ("entry_hash", sa.String(length=64)),
    ):
        op.add_column("access_log", sa.Column(name, kind, nullable=True))
    # Whatever the log is searched by, it is read by time, the newest first.
    for name in (
        "ix_access_log_case_id_id",
        "ix_access_log_person_id",
        "ix_access_log_happened_at",
    ):
        op.drop_index(op.f(name), "access_log")
    for columns in LOG_INDEXES:
        name = op.f(f"ix_access_log_{'_'.join(columns)}")
        op.create_index(name, "access_log", list(columns))
    # What each row of a batch was, in short, so that the one that was changed can be named.
    op.add_column("access_batches", sa.Column("marks", sa.Text(), nullable=True))
    op.add_column("journal", sa.Column("restriction", sa.String(length=30), nullable=True))
    op.add_column("agencies", sa.Column("succeeded_by", sa.Integer(), nullable=True))

    op.execute(
        "UPDATE grants SET role = 'system_administrator' "
        "WHERE role = 'administrator' AND case_id IS NULL"
    )
    # Who carries a case follows from its journal, as the team does: the opening's entry gave it.
    op.execute(
        "UPDATE grants SET entry = 1 WHERE role = 'carrier' AND entry IS NULL AND id IN "
        "(SELECT min(id) FROM grants WHERE role = 'carrier' AND case_id IS NOT NULL "
        "GROUP BY case_id)"
    )
    # Adding a column keeps triggers; they are made again so that nothing hangs on that.
    for table in ("access_log", "access_batches", "journal"):
        protect(op.get_bind(), table)


def downgrade() -> None:
    op.execute("UPDATE grants SET entry = NULL WHERE role = 'carrier'")
    op.execute("UPDATE grants SET role = 'administrator' WHERE role = 'system_administrator'")
    op.drop_column("agencies", "succeeded_by")
    op.drop_column("journal", "restriction")
    op.drop_column("access_batches", "marks")
    for columns in LOG_INDEXES:
        op.drop_index(op.f(f"ix_access_log_{'_'.join(columns)}"), "access_log")
    op.create_index(op.f("ix_access_log_case_id_id"), "access_log", ["case_id", "id"])
    op.create_index(op.f("ix_access_log_person_id"), "access_log", ["person", "id"])
    op.create_index(op.f("ix_access_log_happened_at"), "access_log", ["happened_at"])
    for name in (
        "entry_hash", "entry", "new_values", "old_values", "reason", "acting_for", "about",
    ):  # fmt: skip
        op.drop_column("access_log", name)
    op.drop_table("leases")
    op.drop_table("apart")
    op.drop_table("attempts")
    op.drop_table("one_time_codes")
    op.drop_table("authenticators")
    for name in ("challenged_at", "challenge", "verified_at", "means", "needs"):
        op.drop_column("sign_ins", name)
    op.drop_index(op.f("ix_people_subject"), "people")
    op.drop_column("people", "subject")
    op.drop_column("people", "password_set_at")
    for table in ("access_log", "access_batches", "journal"):
        protect(op.get_bind(), table)
