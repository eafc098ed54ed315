"""Activating a ticket: its time begins when its holder says so, and that is its use.

Until then nothing can be scanned; from then on it is looked at as often as somebody wants to see it. The code
is signed anew, so that a verifier without network knows the end, too.
"""

import datetime as dt

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from merchants import venues
from redemption import issuing, keys, refusals, using, vouchers
from redemption.keys import Sealer
from redemption.tables import vouchers as table
from redemption.using import Use
from redemption.vouchers import Voucher


def activate(work: db.Work, city: City, owner: str, voucher_id: str, sealer: Sealer) -> Voucher:
    """Begin the time of a ticket, and book its use.

    Raises NotFound `voucher-not-found`, for somebody else's voucher too; Conflict `voucher-not-to-activate`,
    `voucher-active`, `voucher-already-used`, `voucher-already-cancelled`, `voucher-expired`,
    `voucher-frozen`, `voucher-not-yet-valid`, `venue-suspended` or `issuing-key-missing`.
    """
    voucher = vouchers.of_owner(work, owner, voucher_id)
    minutes = voucher.terms.activation_minutes
    if minutes is None:
        raise Conflict("voucher-not-to-activate", offer=voucher.offer_code)
    refusals.check_usable(voucher)
    if work.now < voucher.valid_from:
        raise Conflict("voucher-not-yet-valid", offer=voucher.offer_code)
    (venue_id,) = voucher.venue_ids
    if not venues.get(work, venue_id).active:
        raise Conflict("venue-suspended", offer=voucher.offer_code)
    using.book(work, city, [Use(voucher, venue_id)])
    begins = work.now.replace(microsecond=0)
    ends = begins + dt.timedelta(minutes=minutes)
    (signed,) = keys.sign(work, sealer, [issuing.claims_of(voucher, begins, ends)])
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.voucher_id == voucher_id)
        .values(activated_at=work.now, active_until=ends, kid=signed.kid, token=signed.token)
    )
    return vouchers.get(work, voucher_id)
