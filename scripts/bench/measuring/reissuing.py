"""How long it takes until all open vouchers of a blocked key have new codes."""

import datetime as dt
import time

from api import migrating
from kernel import cities
from kernel.cities import NewCity
from kernel.db import Database, Work
from ledger import chart, posting, transfers, wallets
from merchants import venues
from merchants.venues import NewVenue, VenueKind
from redemption import blocking, buying, keys, offers, reissuing
from redemption.buying import Purchase
from redemption.keys import Sealer
from redemption.new_offers import NewOffer, OfferKind
from scripts.bench.measuring.stages import note

SEALER = Sealer("a secret of the bench, long enough for a key")
_AT_ONCE = 1000
_OWNERS = 100


def seconds(url: str, count: int) -> float:
    """Sell `count` vouchers on an empty database, block their key, and measure signing them anew."""
    database = Database(url)
    migrating.upgrade(database.engine)
    city = cities.found(database, NewCity(slug="bench", name="Bench"))
    run = database.run
    offer_id = run(city.city_id, lambda work: _open(work, count))
    owners = [f"owner{number}" for number in range(_OWNERS)]
    note(f"{database.backend}: {count} vouchers are sold")
    for begin in range(0, count, _AT_ONCE):
        wanted = [Purchase(owners[n % _OWNERS], offer_id) for n in range(begin, min(count, begin + _AT_ONCE))]
        run(city.city_id, lambda work, wanted=wanted: buying.buy_many(work, city, wanted, SEALER))
    with database.reading(city.city_id) as reading:
        kid = keys.every(reading)[0].kid
    started = time.perf_counter()
    run(city.city_id, lambda work: blocking.block_now(work, SEALER, kid))
    while (now := run(city.city_id, lambda work: reissuing.go_on(work, SEALER, kid))).finished_at is None:
        if now.percent % 10 == 0:
            note(f"{database.backend}: {now.percent} % are signed anew")
    taken = time.perf_counter() - started
    with database.reading(city.city_id) as reading:
        done = reissuing.get(reading, kid)
    database.close()
    if done.reissued != count:
        msg = f"{done.reissued} of {count} signed anew"
        raise RuntimeError(msg)
    return taken


def _open(work: Work, count: int) -> int:
    city = cities.get(work)
    chart.open_chart(work)
    keys.rotate(work, SEALER)
    venue = venues.create(work, NewVenue("Bad", VenueKind.POOL, "Weg 1", "47057", "Mitte", "Bad"))
    for number in range(_OWNERS):
        lot = wallets.open_lot(work, f"owner{number}", dt.date(work.now.year + 2, 12, 31))
        gift = transfers.post(
            work.ids.uuid(), "issued", lot, count, effective=city.day_of(work.now), purpose="bench"
        )
        posting.post_or_raise(work, [gift])
    made = offers.create(
        work,
        NewOffer(
            code="bench",
            kind=OfferKind.POOL,
            titles={"de": "Bad"},
            descriptions={"de": "Bad"},
            pictogram="pool",
            price_points=1,
            venue_ids=(venue.venue_id,),
            valid_days=30,
        ),
    )
    return offers.publish(work, city, made.offer_id).offer_id
