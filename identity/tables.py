"""Tables of identity: persons, roles, sessions, sign-in codes and links, API clients, the audit log."""

import sqlalchemy as sa

from kernel import db


def _of_person() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["city_id", "person_id"], ["persons.city_id", "persons.person_id"])


persons = sa.Table(
    "persons",
    db.metadata,
    db.city_column(),
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("email", sa.String(254), comment="Lower case"),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("owner", sa.String(40), nullable=False, comment="Opaque owner of the wallet in the ledger"),
    sa.Column("language", sa.String(5), nullable=False),
    sa.Column("trust_level", sa.String(10), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("age_group", sa.String(10), comment="As the person says, if at all"),
    sa.Column("home_district", sa.String(60), comment="As the person says, if at all"),
    sa.UniqueConstraint("city_id", "email"),
    sa.UniqueConstraint("city_id", "owner"),
    sa.CheckConstraint("trust_level IN ('anonymous', 'basic', 'verified')", name="trust_level"),
)

roles = sa.Table(
    "roles",
    db.metadata,
    db.city_column(),
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(20), primary_key=True),
    sa.Column("venue_id", sa.Integer, primary_key=True, autoincrement=False, comment="0: the whole city"),
    sa.Column("granted_at", db.UtcDateTime, nullable=False),
    _of_person(),
)

sessions = sa.Table(
    "sessions",
    db.metadata,
    db.city_column(),
    sa.Column("session_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("started_at", db.UtcDateTime, nullable=False),
    sa.Column("seen_at", db.UtcDateTime, nullable=False),
    sa.Column("expires_at", db.UtcDateTime, nullable=False),
    sa.Column("ended_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "token_hash"),
    sa.Index("ix_sessions_person_id", "city_id", "person_id"),
    _of_person(),
)

sign_in_codes = sa.Table(
    "sign_in_codes",
    db.metadata,
    db.city_column(),
    sa.Column("request_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("made_at", db.UtcDateTime, nullable=False),
    sa.Column("expires_at", db.UtcDateTime, nullable=False),
    sa.Column("ended_at", db.UtcDateTime, comment="Used, replaced by a newer one or tried too often"),
    sa.Index("ix_sign_in_codes_email", "city_id", "email", "made_at"),
)

sign_in_links = sa.Table(
    "sign_in_links",
    db.metadata,
    db.city_column(),
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("reusable", sa.Boolean, nullable=False),
    sa.Column("expires_at", db.UtcDateTime, nullable=False),
    sa.Column("used_at", db.UtcDateTime),
    _of_person(),
)

citizen_cards = sa.Table(
    "citizen_cards",
    db.metadata,
    db.city_column(),
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String(8), nullable=False, comment="Crockford base32, printed on paper"),
    sa.Column("made_at", db.UtcDateTime, nullable=False),
    sa.UniqueConstraint("city_id", "code"),
    _of_person(),
    comment="By what a citizen is known at a desk or on the telephone",
)

clients = sa.Table(
    "clients",
    db.metadata,
    db.city_column(),
    sa.Column("client_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("scopes", db.Json, nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("revoked_at", db.UtcDateTime),
    sa.Column("public_key", sa.LargeBinary(32), comment="Ed25519: what it sends has to be signed by it"),
    sa.UniqueConstraint("city_id", "token_hash"),
)

audit_log = sa.Table(
    "audit_log",
    db.metadata,
    db.city_column(),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("actor", sa.String(60), nullable=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("subject", sa.String(120), nullable=False),
    sa.Column("details", db.Json, nullable=False),
    sa.Column("at", db.UtcDateTime, nullable=False),
    sa.Column("previous_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("entry_hash", sa.LargeBinary(32), nullable=False),
)
