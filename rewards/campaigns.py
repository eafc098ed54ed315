"""Campaigns: seasons in which the city calls for something; rules ask whether one runs."""

import datetime as dt
import re
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.cities import LocalizedText
from kernel.db import Reading, Work
from kernel.errors import Invalid
from rewards.rule_tables import campaigns

NAME_MAX = 120
_CODE = re.compile(r"[a-z][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A season with its first and last day in the city's calendar, both included."""

    code: str
    names: LocalizedText
    first_day: dt.date
    last_day: dt.date

    def runs_on(self, day: dt.date) -> bool:
        """Return whether it runs on a day."""
        return self.first_day <= day <= self.last_day


def save(work: Work, campaign: Campaign) -> Campaign:
    """Add a campaign, or change the one of the same code.

    Raises Invalid: campaign-code-invalid, campaign-name-missing, campaign-ends-before-it-begins.
    """
    if not _CODE.fullmatch(campaign.code):
        raise Invalid("campaign-code-invalid", field="code")
    texts = {language: text.strip()[:NAME_MAX] for language, text in campaign.names.items() if text.strip()}
    if "de" not in texts:
        raise Invalid("campaign-name-missing", field="name_de")
    if campaign.first_day > campaign.last_day:
        raise Invalid("campaign-ends-before-it-begins", field="last_day")
    values = {"names": texts, "first_day": campaign.first_day, "last_day": campaign.last_day}
    work.connection.execute(
        db.insert(work, campaigns)
        .values(city_id=work.city_id, code=campaign.code, **values)
        .on_conflict_do_update(index_elements=["city_id", "code"], set_=values)
    )
    return Campaign(campaign.code, texts, campaign.first_day, campaign.last_day)


def every(reading: Reading) -> list[Campaign]:
    """Return all campaigns, the newest first."""
    rows = reading.connection.execute(
        sa.select(campaigns.c.code, campaigns.c.names, campaigns.c.first_day, campaigns.c.last_day)
        .where(campaigns.c.city_id == reading.city_id)
        .order_by(campaigns.c.first_day.desc(), campaigns.c.code)
    )
    return [Campaign(**row._mapping) for row in rows]


def running(reading: Reading, day: dt.date) -> dict[str, bool]:
    """Return of every campaign of the city whether it runs on a day."""
    return {one.code: one.runs_on(day) for one in every(reading)}
