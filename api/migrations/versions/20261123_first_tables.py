"""The first tables of every room, and the triggers that make the book append-only.

Triggers only raise: they read no table and no setting, so they work on a distributed table as well.
"""

import sqlalchemy as sa
from alembic import op

from kernel import db
from ledger import partitions

revision = "20261123_first_tables"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_transfers", "ledger_rejections", "audit_log")


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("details", db.Json, nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("entry_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "sequence", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "cities",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "host",
            sa.String(length=255),
            nullable=True,
            comment="Host name under which citizens reach this city",
        ),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("colours", db.Json, nullable=False, comment="CSS custom properties of the city's palette"),
        sa.Column(
            "fines_enabled", sa.Boolean(), nullable=False, comment="Only after the city's own legal opinion"
        ),
        sa.Column("points_valid_years", sa.Integer(), nullable=False),
        sa.Column("points_expiry_quarter", sa.Integer(), nullable=False),
        sa.Column("rate_cents_per_point", sa.Integer(), nullable=False),
        sa.Column("latitude_e6", sa.Integer(), nullable=True, comment="The city's centre in microdegrees"),
        sa.Column("longitude_e6", sa.Integer(), nullable=True),
        sa.Column(
            "reference_prefix", sa.String(length=4), nullable=False, comment="Begins the references of fines"
        ),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_cities")),
        sa.UniqueConstraint("host", name=op.f("uq_cities_host")),
        sa.UniqueConstraint("slug", name=op.f("uq_cities_slug")),
    )
    op.create_table(
        "clients",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scopes", db.Json, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("revoked_at", db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("city_id", "client_id", name=op.f("pk_clients")),
        sa.UniqueConstraint("city_id", "token_hash", name=op.f("uq_clients_city_id_token_hash")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "scope", sa.String(length=80), nullable=False, comment="Who asked: a person, a device or a client"
        ),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column(
            "fingerprint", sa.String(length=64), nullable=False, comment="SHA-256 of method, path and body"
        ),
        sa.Column("answer", sa.LargeBinary(), nullable=False, comment="JSON as it was sent the first time"),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["city_id", "created_at"], unique=False
    )
    op.create_table(
        "issuing_keys",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "kid", sa.String(length=8), nullable=False, comment="Four bytes in hex, as in the token's header"
        ),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "sealed_seed", sa.LargeBinary(length=200), nullable=False, comment="Opened by the secret key only"
        ),
        sa.Column("status", sa.String(length=7), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("retired_at", db.UtcDateTime(), nullable=True),
        sa.Column("blocked_at", db.UtcDateTime(), nullable=True),
        sa.Column("issued", sa.BigInteger(), nullable=False, comment="Vouchers signed with it"),
        sa.Column(
            "accepted", sa.BigInteger(), nullable=False, comment="Vouchers redeemed; never more than issued"
        ),
        sa.CheckConstraint("status IN ('active', 'retired', 'blocked')", name=op.f("ck_issuing_keys_status")),
        sa.PrimaryKeyConstraint("city_id", "kid", name=op.f("pk_issuing_keys")),
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.String(length=120), nullable=False),
        sa.Column("asset", sa.String(length=40), nullable=False),
        sa.Column("guard", sa.String(length=12), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=True, comment="Opaque owner of a wallet lot"),
        sa.Column("expires_on", sa.Date(), nullable=True, comment="Last day of a wallet lot"),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "erased_until",
            sa.BigInteger(),
            nullable=True,
            comment="Transfers up to this number can't be opened any more",
        ),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="ledger.accounts.row_digest"),
        sa.CheckConstraint("guard IN ('none', 'no-overdraft')", name=op.f("ck_ledger_accounts_guard")),
        sa.PrimaryKeyConstraint("city_id", "account_id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint("city_id", "path", name=op.f("uq_ledger_accounts_city_id_path")),
    )
    op.create_index(
        "ix_ledger_accounts_expires_on", "ledger_accounts", ["city_id", "expires_on"], unique=False
    )
    op.create_index("ix_ledger_accounts_owner", "ledger_accounts", ["city_id", "owner"], unique=False)
    op.create_table(
        "ledger_heads",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="Number of the newest transfer; 0 if none"
        ),
        sa.Column("closed_until", sa.Date(), nullable=True, comment="No new effective date up to this day"),
        sa.Column(
            "fence", sa.BigInteger(), nullable=False, comment="Another random number after each change"
        ),
        sa.Column(
            "accounts_fence",
            sa.BigInteger(),
            nullable=False,
            comment="Another one after each change of an account",
        ),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_ledger_heads")),
    )
    op.create_table(
        "ledger_open_holds",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("debit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("city_id", "sequence", name=op.f("pk_ledger_open_holds")),
        comment="Holds neither captured nor released: derived from transfers, checked by ledger.invariants",
    )
    op.create_index(
        "ix_ledger_open_holds_expires_at", "ledger_open_holds", ["city_id", "expires_at"], unique=False
    )
    op.create_table(
        "ledger_rejections",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("rejected_at", db.UtcDateTime(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="Of the other columns"),
        sa.PrimaryKeyConstraint("city_id", "transfer_id", name=op.f("pk_ledger_rejections")),
        comment="Requests that were refused: asking again gives the same answer",
    )
    op.create_table(
        "ledger_salt_secrets",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=False, comment="Replaced on erasure"),
        sa.PrimaryKeyConstraint("city_id", "account_id", name=op.f("pk_ledger_salt_secrets")),
        comment="What the salts of an account's transfers are derived from (ledger.leaves)",
    )
    op.create_table(
        "offers",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "offer_id", sa.Integer(), autoincrement=False, nullable=False, comment="Goes into the token"
        ),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("titles", db.Json, nullable=False),
        sa.Column("descriptions", db.Json, nullable=False),
        sa.Column("venue_ids", db.Json, nullable=False),
        sa.Column(
            "price_points", sa.BigInteger(), nullable=False, comment="0 for a fine: its amount is the price"
        ),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.Column(
            "planned_places",
            sa.BigInteger(),
            nullable=True,
            comment="Empty: unlimited. In the ledger once published",
        ),
        sa.Column("sales_from", db.UtcDateTime(), nullable=True),
        sa.Column("sales_until", db.UtcDateTime(), nullable=True, comment="Exclusive"),
        sa.Column("valid_days", sa.Integer(), nullable=True, comment="Whole days after the day of purchase"),
        sa.Column("valid_from", db.UtcDateTime(), nullable=True),
        sa.Column("valid_until", db.UtcDateTime(), nullable=True, comment="Exclusive"),
        sa.Column("per_person_limit", sa.Integer(), nullable=True),
        sa.Column("vat_kind", sa.String(length=14), nullable=False),
        sa.Column("vat_rate_percent", sa.Integer(), nullable=True),
        sa.Column("pictogram", sa.String(length=40), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("published_at", db.UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('ticket', 'pool', 'discount', 'fine')", name=op.f("ck_offers_kind")),
        sa.CheckConstraint("status IN ('draft', 'published', 'withdrawn')", name=op.f("ck_offers_status")),
        sa.PrimaryKeyConstraint("city_id", "offer_id", name=op.f("pk_offers")),
        sa.UniqueConstraint("city_id", "code", name=op.f("uq_offers_city_id_code")),
    )
    op.create_table(
        "outbox_events",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("payload", db.Json, nullable=True),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "due_at",
            db.UtcDateTime(),
            nullable=True,
            comment="Next attempt; empty once delivered or given up",
        ),
        sa.Column("delivered_at", db.UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("city_id", "event_id", name=op.f("pk_outbox_events")),
    )
    op.create_index("ix_outbox_events_due", "outbox_events", ["city_id", "due_at", "event_id"], unique=False)
    op.create_table(
        "persons",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True, comment="Lower case; empty once erased"),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "owner", sa.String(length=40), nullable=False, comment="Opaque owner of the wallet in the ledger"
        ),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("trust_level", sa.String(length=10), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("erased_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "trust_level IN ('anonymous', 'basic', 'verified')", name=op.f("ck_persons_trust_level")
        ),
        sa.PrimaryKeyConstraint("city_id", "person_id", name=op.f("pk_persons")),
        sa.UniqueConstraint("city_id", "email", name=op.f("uq_persons_city_id_email")),
        sa.UniqueConstraint("city_id", "owner", name=op.f("uq_persons_city_id_owner")),
    )
    op.create_table(
        "rule_versions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "version_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the canonical document"
        ),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("document", db.Json, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", db.UtcDateTime(), nullable=True),
        sa.Column("active_from", db.UtcDateTime(), nullable=True),
        sa.Column("retired_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'approved', 'active', 'retired')", name=op.f("ck_rule_versions_status")
        ),
        sa.CheckConstraint("approver_id <> author_id", name=op.f("ck_rule_versions_four_eyes")),
        sa.PrimaryKeyConstraint("city_id", "version_hash", name=op.f("pk_rule_versions")),
    )
    op.create_index("ix_rule_versions_status", "rule_versions", ["city_id", "status", "code"], unique=False)
    op.create_table(
        "scans",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "nonce", sa.String(length=64), nullable=False, comment="Made by the device, one for each scan"
        ),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column(
            "code_digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of what was read"
        ),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column(
            "voucher_id",
            sa.String(length=16),
            nullable=True,
            comment="Where the code led to a voucher of this city",
        ),
        sa.Column("details", db.Json, nullable=False, comment="The verdict as it was given"),
        sa.Column("scanned_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "scan_id", name=op.f("pk_scans")),
        sa.UniqueConstraint("city_id", "device_id", "nonce", name=op.f("uq_scans_city_id_device_id_nonce")),
        comment="Every scan, refused ones too; rows are only added",
    )
    op.create_index("ix_scans_venue_id", "scans", ["city_id", "venue_id", "scan_id"], unique=False)
    op.create_table(
        "sign_in_codes",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "ended_at",
            db.UtcDateTime(),
            nullable=True,
            comment="Used, replaced by a newer one or tried too often",
        ),
        sa.PrimaryKeyConstraint("city_id", "request_id", name=op.f("pk_sign_in_codes")),
    )
    op.create_index("ix_sign_in_codes_email", "sign_in_codes", ["city_id", "email", "made_at"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False, comment="Opaque owner in the ledger"),
        sa.Column(
            "evidence_key", sa.String(length=120), nullable=False, comment="What may be rewarded only once"
        ),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("description", sa.String(length=4000), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("district", sa.String(length=60), nullable=True),
        sa.Column("latitude_e6", sa.Integer(), nullable=True),
        sa.Column("longitude_e6", sa.Integer(), nullable=True),
        sa.Column("accuracy_m", sa.Integer(), nullable=True),
        sa.Column("facts", db.Json, nullable=False, comment="What the rules see"),
        sa.Column("occurred_at", db.UtcDateTime(), nullable=False),
        sa.Column("received_at", db.UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.Column("closed_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('review', 'accepted', 'declined', 'done', 'rejected')",
            name=op.f("ck_submissions_status"),
        ),
        sa.PrimaryKeyConstraint("city_id", "submission_id", name=op.f("pk_submissions")),
        sa.UniqueConstraint(
            "city_id", "action", "evidence_key", name=op.f("uq_submissions_city_id_action_evidence_key")
        ),
    )
    op.create_index(
        "ix_submissions_owner", "submissions", ["city_id", "owner", "submission_id"], unique=False
    )
    op.create_index("ix_submissions_place", "submissions", ["city_id", "action", "latitude_e6"], unique=False)
    op.create_index(
        "ix_submissions_status", "submissions", ["city_id", "status", "submission_id"], unique=False
    )
    op.create_table(
        "venues",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "venue_id", sa.Integer(), autoincrement=False, nullable=False, comment="Small: goes into vouchers"
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("street", sa.String(length=120), nullable=False, comment="With house number"),
        sa.Column("postcode", sa.String(length=10), nullable=False),
        sa.Column("district", sa.String(length=80), nullable=False, comment="Part of the city"),
        sa.Column("latitude_e6", sa.Integer(), nullable=True, comment="Millionths of a degree, WGS 84"),
        sa.Column("longitude_e6", sa.Integer(), nullable=True),
        sa.Column(
            "payee_name", sa.String(length=70), nullable=False, comment="Account holder, as the bank knows it"
        ),
        sa.Column("iban", sa.String(length=34), nullable=True, comment="Without spaces; checked"),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_venues_status")),
        sa.CheckConstraint("(latitude_e6 IS NULL) = (longitude_e6 IS NULL)", name=op.f("ck_venues_location")),
        sa.PrimaryKeyConstraint("city_id", "venue_id", name=op.f("pk_venues")),
    )
    op.create_table(
        "writer_sections",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_writer_sections")),
        comment="One row per city: whoever holds its lock is the city's writer.",
    )
    op.create_table(
        "awards",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("award_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "award_key", sa.String(length=64), nullable=False, comment="SHA-256 of rule, owner and evidence"
        ),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("rule_code", sa.String(length=60), nullable=False),
        sa.Column("version_hash", sa.String(length=64), nullable=False),
        sa.Column("points_now", sa.Integer(), nullable=False, comment="Given at triage"),
        sa.Column("points_later", sa.Integer(), nullable=False, comment="Given when the outcome is known"),
        sa.Column("now_id", sa.Uuid(), nullable=True, comment="Transfer of the first part"),
        sa.Column("hold_id", sa.Uuid(), nullable=True, comment="Hold of the second part"),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("receipt", db.Json, nullable=False, comment="Facts seen, deciding clause, trace, sentence"),
        sa.Column("decided_at", db.UtcDateTime(), nullable=False),
        sa.Column("resolved_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'confirmed', 'rejected')", name=op.f("ck_awards_state")),
        sa.ForeignKeyConstraint(
            ["city_id", "submission_id"],
            ["submissions.city_id", "submissions.submission_id"],
            name=op.f("fk_awards_city_id_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "award_id", name=op.f("pk_awards")),
        sa.UniqueConstraint("city_id", "award_key", name=op.f("uq_awards_city_id_award_key")),
    )
    op.create_index(
        "ix_awards_owner", "awards", ["city_id", "owner", "rule_code", "decided_at"], unique=False
    )
    op.create_index("ix_awards_state", "awards", ["city_id", "state", "decided_at"], unique=False)
    op.create_index("ix_awards_submission_id", "awards", ["city_id", "submission_id"], unique=False)
    op.create_table(
        "check_results",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("result", sa.String(length=6), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("details", db.Json, nullable=False),
        sa.CheckConstraint("result IN ('pass', 'review', 'hold')", name=op.f("ck_check_results_result")),
        sa.ForeignKeyConstraint(
            ["city_id", "submission_id"],
            ["submissions.city_id", "submissions.submission_id"],
            name=op.f("fk_check_results_city_id_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "submission_id", "position", name=op.f("pk_check_results")),
    )
    op.create_table(
        "decisions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("decision_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column(
            "reviewer_id",
            sa.BigInteger(),
            nullable=True,
            comment="Empty if the checks and rules decided alone",
        ),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("receipt", db.Json, nullable=False, comment="Why points were given or not"),
        sa.Column("decided_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "submission_id"],
            ["submissions.city_id", "submissions.submission_id"],
            name=op.f("fk_decisions_city_id_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "decision_id", name=op.f("pk_decisions")),
    )
    op.create_index(
        "ix_decisions_submission_id", "decisions", ["city_id", "submission_id", "decision_id"], unique=False
    )
    op.create_table(
        "evidence_files",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("evidence_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.String(length=120), nullable=False),
        sa.Column(
            "sha256", sa.String(length=64), nullable=False, comment="Of the bytes as they were uploaded"
        ),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column(
            "taken_at",
            db.UtcDateTime(),
            nullable=True,
            comment="From the picture itself, before it was stripped",
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "submission_id"],
            ["submissions.city_id", "submissions.submission_id"],
            name=op.f("fk_evidence_files_city_id_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("city_id", "evidence_id", name=op.f("pk_evidence_files")),
    )
    op.create_index("ix_evidence_files_sha256", "evidence_files", ["city_id", "sha256"], unique=False)
    op.create_index(
        "ix_evidence_files_submission_id", "evidence_files", ["city_id", "submission_id"], unique=False
    )
    op.create_table(
        "fine_payments",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False, comment="A fine is paid once"),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("rate_cents_per_point", sa.Integer(), nullable=False),
        sa.Column("paid_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "reported_at",
            db.UtcDateTime(),
            nullable=True,
            comment="When the register had confirmed the payment",
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "offer_id"],
            ["offers.city_id", "offers.offer_id"],
            name=op.f("fk_fine_payments_city_id_offer_id_offers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "reference", name=op.f("pk_fine_payments")),
        sa.UniqueConstraint("city_id", "payment_id", name=op.f("uq_fine_payments_city_id_payment_id")),
    )
    op.create_index(
        "ix_fine_payments_owner", "fine_payments", ["city_id", "owner", "payment_id"], unique=False
    )
    op.create_table(
        "ledger_transfers",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective", sa.Date(), nullable=False, comment="When it happened"),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("debit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("debit_debits_posted", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("debit_debits_pending", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("debit_credits_posted", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("debit_credits_pending", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("credit_debits_posted", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("credit_debits_pending", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("credit_credits_posted", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("credit_credits_pending", sa.BigInteger(), nullable=False, comment="Result on this side"),
        sa.Column("booked_at", db.UtcDateTime(), nullable=False, comment="When it was recorded"),
        sa.Column("transfer_id", sa.Uuid(), nullable=False, comment="Made by the caller"),
        sa.Column(
            "commitment", sa.LargeBinary(length=32), nullable=False, comment="ledger.leaves.commitment"
        ),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column(
            "refers_to",
            sa.Uuid(),
            nullable=True,
            comment="The hold captured or released, the transfer reversed",
        ),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", db.UtcDateTime(), nullable=True, comment="Of a hold"),
        sa.CheckConstraint(
            "(kind IN ('post', 'hold')) = (refers_to IS NULL)", name=op.f("ck_ledger_transfers_refers_to")
        ),
        sa.CheckConstraint(
            "kind IN ('post', 'hold', 'capture', 'release', 'reverse')", name=op.f("ck_ledger_transfers_kind")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_transfers_amount")),
        sa.CheckConstraint(
            "debit_account_id <> credit_account_id", name=op.f("ck_ledger_transfers_accounts")
        ),
        sa.PrimaryKeyConstraint("city_id", "sequence", name=op.f("pk_ledger_transfers")),
        postgresql_partition_by="RANGE (sequence)",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_ledger_transfers_credit",
        "ledger_transfers",
        ["city_id", "credit_account_id", "sequence"],
        unique=True,
        postgresql_with={"fillfactor": 100},
    )
    op.create_index(
        "ix_ledger_transfers_debit",
        "ledger_transfers",
        ["city_id", "debit_account_id", "sequence"],
        unique=True,
        postgresql_with={"fillfactor": 100},
    )
    op.create_index(
        "ix_ledger_transfers_group_id",
        "ledger_transfers",
        ["city_id", "group_id"],
        unique=False,
        sqlite_where=sa.text("group_id IS NOT NULL"),
        postgresql_where=sa.text("group_id IS NOT NULL"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(
            "uq_ledger_transfers_transfer_id", "ledger_transfers", ["city_id", "transfer_id"], unique=True
        )
        op.create_index(
            "uq_ledger_transfers_refers_to",
            "ledger_transfers",
            ["city_id", "refers_to"],
            unique=True,
            sqlite_where=sa.text("refers_to IS NOT NULL"),
        )
    op.create_table(
        "roles",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("venue_id", sa.Integer(), autoincrement=False, nullable=False, comment="0: the whole city"),
        sa.Column("granted_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "person_id"],
            ["persons.city_id", "persons.person_id"],
            name=op.f("fk_roles_city_id_person_id_persons"),
        ),
        sa.PrimaryKeyConstraint("city_id", "person_id", "role", "venue_id", name=op.f("pk_roles")),
    )
    op.create_table(
        "sessions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", db.UtcDateTime(), nullable=False),
        sa.Column("seen_at", db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["city_id", "person_id"],
            ["persons.city_id", "persons.person_id"],
            name=op.f("fk_sessions_city_id_person_id_persons"),
        ),
        sa.PrimaryKeyConstraint("city_id", "session_id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("city_id", "token_hash", name=op.f("uq_sessions_city_id_token_hash")),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["city_id", "person_id"], unique=False)
    op.create_table(
        "settlements",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False, comment="In which the statement was made"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="Without gap within city and year"),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column(
            "after_sequence", sa.BigInteger(), nullable=False, comment="Settled before, up to and with it"
        ),
        sa.Column(
            "cut_sequence", sa.BigInteger(), nullable=False, comment="Newest transfer that was looked at"
        ),
        sa.Column(
            "settled_through", sa.BigInteger(), nullable=False, comment="The next statement's after_sequence"
        ),
        sa.Column("settled_points", sa.BigInteger(), nullable=False),
        sa.Column("settled_cents", sa.BigInteger(), nullable=False),
        sa.Column(
            "closing_points", sa.BigInteger(), nullable=False, comment="Carried over; below zero or zero"
        ),
        sa.Column("document", sa.Text(), nullable=False, comment="The statement: canonical JSON, frozen"),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="Of the document in UTF-8, in hex"),
        sa.Column("issued_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("after_sequence <= cut_sequence", name=op.f("ck_settlements_sequences")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_settlements_days")),
        sa.CheckConstraint("settled_points >= 0 AND settled_cents >= 0", name=op.f("ck_settlements_settled")),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_settlements_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "settlement_id", name=op.f("pk_settlements")),
        sa.UniqueConstraint(
            "city_id", "venue_id", "first_day", name=op.f("uq_settlements_city_id_venue_id_first_day")
        ),
        sa.UniqueConstraint("city_id", "year", "ordinal", name=op.f("uq_settlements_city_id_year_ordinal")),
        comment="Rows are only added",
    )
    op.create_table(
        "sign_in_links",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("reusable", sa.Boolean(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column("used_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["city_id", "person_id"],
            ["persons.city_id", "persons.person_id"],
            name=op.f("fk_sign_in_links_city_id_person_id_persons"),
        ),
        sa.PrimaryKeyConstraint("city_id", "token_hash", name=op.f("pk_sign_in_links")),
    )
    op.create_table(
        "venue_contracts",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("rate_cents_per_point", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False, comment="First day of a period"),
        sa.Column("signed_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("period IN ('week', 'month', 'quarter')", name=op.f("ck_venue_contracts_period")),
        sa.CheckConstraint("rate_cents_per_point > 0", name=op.f("ck_venue_contracts_rate")),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_venue_contracts_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "contract_id", name=op.f("pk_venue_contracts")),
        comment="Rows are only added: the one that began last is in force",
    )
    op.create_index(
        "ix_venue_contracts_venue_id", "venue_contracts", ["city_id", "venue_id", "valid_from"], unique=False
    )
    op.create_table(
        "venue_devices",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False, comment="kernel.ids.secret_hash"),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "last_seen_at", db.UtcDateTime(), nullable=True, comment="Touched rarely, see devices.touch"
        ),
        sa.Column("revoked_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_venue_devices_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "device_id", name=op.f("pk_venue_devices")),
        sa.UniqueConstraint("city_id", "token_hash", name=op.f("uq_venue_devices_city_id_token_hash")),
    )
    op.create_index(
        "ix_venue_devices_venue_id", "venue_devices", ["city_id", "venue_id", "device_id"], unique=False
    )
    op.create_table(
        "vouchers",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "voucher_id", sa.String(length=16), nullable=False, comment="The token's cti, 8 bytes in hex"
        ),
        sa.Column("manual_code", sa.String(length=10), nullable=False),
        sa.Column("status_index", sa.BigInteger(), nullable=False, comment="Place in the status list"),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column(
            "hold_count", sa.Integer(), nullable=False, comment="Ids of the holds follow from voucher_id"
        ),
        sa.Column("bought_at", db.UtcDateTime(), nullable=False),
        sa.Column("valid_from", db.UtcDateTime(), nullable=False),
        sa.Column(
            "valid_until", db.UtcDateTime(), nullable=False, comment="Exclusive; the holds expire then"
        ),
        sa.Column("kid", sa.String(length=8), nullable=False),
        sa.Column("token", sa.LargeBinary(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "kid"],
            ["issuing_keys.city_id", "issuing_keys.kid"],
            name=op.f("fk_vouchers_city_id_kid_issuing_keys"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "offer_id"],
            ["offers.city_id", "offers.offer_id"],
            name=op.f("fk_vouchers_city_id_offer_id_offers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "voucher_id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("city_id", "manual_code", name=op.f("uq_vouchers_city_id_manual_code")),
        sa.UniqueConstraint("city_id", "status_index", name=op.f("uq_vouchers_city_id_status_index")),
        comment="Whether a voucher is used, cancelled or over is the ledger's to say",
    )
    op.create_index("ix_vouchers_owner", "vouchers", ["city_id", "owner", "status_index"], unique=False)
    op.create_table(
        "payouts",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Paid once"),
        sa.Column("paid_on", sa.Date(), nullable=False, comment="Value date at the bank"),
        sa.Column("confirmed_by", sa.String(length=40), nullable=False),
        sa.Column("confirmed_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "settlement_id"],
            ["settlements.city_id", "settlements.settlement_id"],
            name=op.f("fk_payouts_city_id_settlement_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("city_id", "settlement_id", name=op.f("pk_payouts")),
    )
    op.create_table(
        "redemptions",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("voucher_id", sa.String(length=16), nullable=False, comment="A voucher is redeemed once"),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("scan_id", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "voucher_id"],
            ["vouchers.city_id", "vouchers.voucher_id"],
            name=op.f("fk_redemptions_city_id_voucher_id_vouchers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "voucher_id", name=op.f("pk_redemptions")),
    )
    _make_append_only()
    if op.get_bind().dialect.name == "postgresql":
        partitions.create(op.get_bind(), 0)


def downgrade() -> None:
    # There is nothing before the first tables.
    msg = "drop the database instead"
    raise NotImplementedError(msg)


def _make_append_only() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(
            """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'this table is append-only' USING ERRCODE = 'restrict_violation'; END $$
            """
        )
    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            name = f"{table}_refuses_{event.lower()}"
            action = (
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                if postgresql
                else "FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'this table is append-only'); END"
            )
            op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {action}")
        if postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
