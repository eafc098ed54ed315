"""Tables of public reports: departments and what they look after, cases with their steps, confirmations."""

import sqlalchemy as sa

from kernel import db

NOTE_MAX = 500


def _of_case() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["city_id", "case_id"], ["cases.city_id", "cases.case_id"])


def _of_submission() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["city_id", "submission_id"], ["submissions.city_id", "submissions.submission_id"]
    )


def _of_department() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["city_id", "department"], ["departments.city_id", "departments.code"])


departments = sa.Table(
    "departments",
    db.metadata,
    db.city_column(),
    sa.Column("code", sa.String(60), primary_key=True),
    sa.Column("names", db.Json, nullable=False),
    sa.Column("contact", sa.String(200), nullable=False, comment="Of the office, not of a person; public"),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    comment="Offices and companies of the city that look after reports",
)

department_routes = sa.Table(
    "department_routes",
    db.metadata,
    db.city_column(),
    sa.Column("action", sa.String(60), primary_key=True),
    sa.Column("category", sa.String(40), primary_key=True, comment="Empty: all others of the action"),
    sa.Column("department", sa.String(60), nullable=False),
    sa.Index("ix_department_routes_department", "city_id", "department"),
    _of_department(),
    comment="Which department a report goes to",
)

cases = sa.Table(
    "cases",
    db.metadata,
    db.city_column(),
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reference", sa.String(8), nullable=False, comment="Crockford base32, public"),
    sa.Column("submission_id", sa.BigInteger, comment="Empty once its reporter is erased"),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("category", sa.String(40)),
    sa.Column("district", sa.String(60)),
    sa.Column("department", sa.String(60)),
    sa.Column("light", sa.String(9), nullable=False),
    sa.Column("reason", sa.String(20), comment="Why it was declined: rewards.cases.Reason"),
    sa.Column("latitude_e6", sa.Integer),
    sa.Column("longitude_e6", sa.Integer),
    sa.Column("street", sa.String(200), comment="To find reports of the same street; not public"),
    sa.Column("words", sa.String(4000), comment="The reporter's own, once a case worker released them"),
    sa.Column("address", sa.String(200), comment="The same"),
    sa.Column("photos", db.Json, nullable=False, comment="Numbers of released evidence files"),
    sa.Column("confirmations", sa.Integer, nullable=False, comment="By how many others"),
    sa.Column("opened_at", db.UtcDateTime, nullable=False),
    sa.Column("moved_at", db.UtcDateTime, nullable=False, comment="When its newest step happened"),
    sa.Column("closed_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "reference"),
    sa.Index("ix_cases_submission_id", "city_id", "submission_id"),
    sa.Index("ix_cases_department", "city_id", "department", "light", "case_id"),
    sa.Index("ix_cases_light", "city_id", "light", "case_id"),
    sa.Index("ix_cases_place", "city_id", "action", "latitude_e6"),
    sa.Index("ix_cases_street", "city_id", "street"),
    _of_submission(),
    _of_department(),
    sa.CheckConstraint("light IN ('received', 'in-work', 'done', 'declined', 'withdrawn')", name="light"),
    comment="Reports as everybody sees them, without who reported them",
)

case_steps = sa.Table(
    "case_steps",
    db.metadata,
    db.city_column(),
    sa.Column("step_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("case_id", sa.BigInteger, nullable=False),
    sa.Column("event", sa.String(10), nullable=False),
    sa.Column("light", sa.String(9), nullable=False, comment="After it"),
    sa.Column("happened_at", db.UtcDateTime, nullable=False),
    sa.Column("recorded_at", db.UtcDateTime, nullable=False),
    sa.Column("reason", sa.String(20)),
    sa.Column("note", sa.String(NOTE_MAX), nullable=False, comment="Public, written by staff"),
    sa.Column("department", sa.String(60)),
    sa.Column("staff_id", sa.BigInteger),
    sa.Column("photo_key", sa.String(120), comment="Of the picture of the place afterwards"),
    sa.Column("told_as", sa.String(240), comment="System and number of the event that another system told"),
    sa.Column("applied", sa.Boolean, nullable=False, comment="False: told too late, it moved nothing"),
    sa.Index("ix_case_steps_case_id", "city_id", "case_id", "happened_at"),
    sa.UniqueConstraint("city_id", "told_as"),
    _of_case(),
    comment="What happened to a case, in the order in which it happened",
)

case_confirmations = sa.Table(
    "case_confirmations",
    db.metadata,
    db.city_column(),
    sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("submission_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Index("ix_case_confirmations_submission_id", "city_id", "submission_id"),
    _of_case(),
    _of_submission(),
    comment="Who saw the same and confirmed it instead of reporting it again",
)
