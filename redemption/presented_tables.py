"""The tables of redeeming on the guest's own phone: who may, the secrets of venues, and each use."""

import sqlalchemy as sa

from kernel import db

presented_policies = sa.Table(
    "presented_policies",
    db.metadata,
    db.city_column(),
    sa.Column(
        "venue_id", sa.Integer, primary_key=True, autoincrement=False, comment="0: all that have no own one"
    ),
    sa.Column("allowed", sa.Boolean, nullable=False),
    sa.Column("value_cents_max", sa.BigInteger, nullable=False, comment="Of what is redeemed at once"),
    sa.Column("person_day_cents", sa.BigInteger, nullable=False, comment="Of one person, at all venues"),
    sa.Column("venue_day_cents", sa.BigInteger, nullable=False, comment="Of one venue in a day"),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    comment="What guests may redeem on their own phones",
)

presented_modes = sa.Table(
    "presented_modes",
    db.metadata,
    db.city_column(),
    sa.Column("venue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("is_on", sa.Boolean, nullable=False),
    sa.Column("offer_ids", db.Json, nullable=False, comment="For which of its offers"),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    comment="Venues whose owners let guests redeem on their own phones",
)

venue_secrets = sa.Table(
    "venue_secrets",
    db.metadata,
    db.city_column(),
    sa.Column("venue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sealed", sa.LargeBinary(200), nullable=False, comment="Opened by the secret key only"),
    sa.Column("made_at", db.UtcDateTime, nullable=False),
    sa.Column("begins_at", db.UtcDateTime, nullable=False, comment="From then on codes follow from it"),
    sa.Column("poster_until", db.UtcDateTime, comment="Exclusive; empty: its poster holds"),
    comment="From which a venue's posters, cards and the codes on guests' phones follow",
)

presented_uses = sa.Table(
    "presented_uses",
    db.metadata,
    db.city_column(),
    sa.Column(
        "presented_id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Also the scan_id of what was redeemed by it",
    ),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("offer_id", sa.Integer, nullable=False),
    sa.Column("voucher_id", sa.String(16), comment="Empty once its owner is erased"),
    sa.Column("owner", sa.String(40), comment="Who redeemed it; empty once erased"),
    sa.Column("number", sa.Integer, nullable=False, comment="Which staff type; not used twice in minutes"),
    sa.Column("version", sa.Integer, nullable=False, comment="Of the venue's secret"),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("value_cents", sa.BigInteger, nullable=False),
    sa.Column("presented_at", db.UtcDateTime, nullable=False),
    sa.Column("undone_at", db.UtcDateTime, comment="The venue took it back"),
    sa.Index("ix_presented_uses_venue_id", "city_id", "venue_id", "presented_at"),
    sa.Index("ix_presented_uses_owner", "city_id", "owner", "presented_at"),
    sa.Index("ix_presented_uses_voucher_id", "city_id", "voucher_id", "presented_id"),
    comment="What guests redeemed on their own phones",
)
