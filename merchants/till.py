"""Redemptions for a till's export (DSFinV-K): single lines as its `lines.csv` has them.

A till that takes points closes with them as a means of payment. This file has a row for the points of each
redemption, and one for the euros that the guest had paid to the city before, with the names of the fields of
DSFinV-K 2.4, so that a till's own export can take them over. Pure.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from kernel import money
from merchants.statements import Statement
from merchants.takings import Use

_HEAD = (
    "Z_KASSE_ID", "Z_ERSTELLUNG", "Z_NR", "BON_ID", "BON_START", "POS_ZEILE", "ARTIKELTEXT", "GV_TYP",
    "INHAUS", "P_STORNO", "MENGE", "STK_BR", "UST_SCHLUESSEL", "POS_BRUTTO", "POS_NETTO", "POS_UST",
    "ZAHLART_TYP", "ZAHLART_NAME", "PUNKTE",
)  # fmt: skip
_TAX_KEYS = {19: "1", 7: "2", 0: "5"}
"""Keys of DSFinV-K for the German rates."""
_SORTS = {
    "single-purpose": "EinzweckgutscheinEinloesung",
    "multi-purpose": "MehrzweckgutscheinEinloesung",
    "discount": "Rabatt",
}
_FORMULA_STARTS = ("=", "+", "-", "@")


def write(
    statement: Statement, uses: Iterable[Use], titles: Mapping[str, str], own_rate: int, zone: ZoneInfo
) -> str:
    """Return a row for points and one for euros of each use, oldest first, as German tills write them."""
    taxes = {tax.product: tax for tax in statement.taxes}
    frozen = {one.product: one.rate_percent for one in statement.collected.rates}
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEAD)
    closing = dt.datetime.combine(statement.issued_on, dt.time(), zone).isoformat()
    for use in reversed(list(uses)):
        tax = taxes.get(use.product)
        rate = own_rate if tax is None or tax.rate_percent is None else tax.rate_percent
        title = titles.get(use.product, use.product)
        own = (
            f"duiscoin-{statement.venue_id}",
            closing,
            statement.number,
            use.use_id,
            use.booked_at.astimezone(zone).isoformat(timespec="seconds"),
        )
        what = (
            f"'{title}" if title.startswith(_FORMULA_STARTS) else title,
            _SORTS.get(tax.kind if tax else "", "Umsatz"),
            1,
            int(use.sort == "reversals"),
            "1,000",
        )
        paid = frozen.get(use.product)
        parts = (
            (money.points_to_cents(use.points, statement.rate_cents_per_point), rate, "Duiscoin", use.points),
            (use.cents, rate if paid is None else paid, "Vorab an die Stadt gezahlt", 0),
        )
        shown = [part for part in parts if part[0]] or parts[:1]
        for row, (gross, percent, name, points) in enumerate(shown, 1):
            net = money.net_of_gross(gross, percent)
            amounts = (
                _euros(gross),
                _TAX_KEYS.get(percent, "5"),
                _euros(gross),
                _euros(net),
                _euros(gross - net),
            )
            writer.writerow((*own, row, *what, *amounts, "Unbar", name, points))
    return "\ufeff" + written.getvalue()


def _euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100},{abs(cents) % 100:02}"
