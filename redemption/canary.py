"""Test vouchers: genuine in every check, of no account, never booked.

Before opening, a device fetches one and scans it. Online the verdict is `test-passed`; without a network the
scanner knows it by its product. It is in no table, and who keeps one has a code that lets nobody in.
"""

import datetime as dt
from typing import Final

from kernel import db
from redemption import keys, tokens
from redemption.keys import Sealer
from redemption.tokens import Claims, VoucherKind

LIFE: Final = dt.timedelta(hours=24)


def issue(work: db.Work, sealer: Sealer, venue_id: int) -> tuple[bytes, dt.datetime]:
    """Return a test voucher of a venue and until when it is good.

    Raises Conflict `issuing-key-missing`, Invalid `seal-broken`.
    """
    begins = work.now.replace(microsecond=0)
    claims = Claims(
        voucher_id=work.ids.random_bytes(tokens.VOUCHER_ID_BYTES),
        issued_at=int(begins.timestamp()),
        expires_at=int((begins + LIFE).timestamp()),
        kind=VoucherKind.TICKET,
        product=tokens.TEST_PRODUCT,
        venues=(venue_id,),
    )
    # Not counted among the issued ones: it is not one of those that can be accepted.
    return tokens.issue(claims, keys.active(work, sealer)), begins + LIFE
