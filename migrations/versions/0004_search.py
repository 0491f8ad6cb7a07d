"""The words under which cases are found.

Revision 0004, after 0003. ``fireinvest rebuild`` fills it for cases from before.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # A single character, or a word that is not complete, is looked up as a beginning.
        op.execute(
            "CREATE VIRTUAL TABLE case_words USING fts5("
            "places, words, tokenize = 'unicode61 remove_diacritics 0', prefix = '1 2 3 4')"
        )
        return
    op.create_table(
        "case_words",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_words_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_words")),
    )
    op.create_index(
        op.f("ix_case_words_words"),
        "case_words",
        ["words"],
        postgresql_using="gin",
        # Cases change seldom and are looked for often: no list of what is still to be sorted in.
        postgresql_with={"fastupdate": "off"},
    )


def downgrade() -> None:
    op.drop_table("case_words")
