"""What people of the demo city take part in, clear up and have entered for them at the desk."""

import datetime as dt
import io
import json
from functools import partial
from importlib import resources
from typing import Any

from PIL import ExifTags, Image, ImageDraw

from api.demo.living import JITTER_E6, Life
from identity import cards
from identity.persons import Person
from identity.roles import Role
from kernel.db import Work
from rewards import (
    attendance_codes,
    attending,
    desk,
    evidence,
    occasions,
    pictures,
    shaping_actions,
    submitting,
)
from rewards.desk import Channel, Clerk, IdentifiedBy
from rewards.occasions import NewOccasion
from rewards.submitting import NewSubmission, StoredPicture

CLEAN_UPS = 3
_WORK = dt.timedelta(minutes=12)


def act(life: Life) -> None:
    """Announce occasions and take part, clear up, enter for citizens, and add an action of the city's own."""
    told = json.loads((resources.files("api.demo") / "data" / "occasions.json").read_text("utf-8"))
    for one in told["occasions"]:
        life.database.run(life.city.city_id, partial(_announce, life, one))
    for number, entry in enumerate(told["desk"]):
        person = life.cast.citizens[-1 - number]
        life.database.run(life.city.city_id, partial(_enter, life, person, entry))
    for person in life.cast.citizens[3 : 3 + CLEAN_UPS]:
        life.database.run(life.city.city_id, partial(_hand_in, life, _clean_up(life, person)))
    action = shaping_actions.with_system_facts(shaping_actions.parse(told["action"]))
    life.database.run(life.city.city_id, lambda work: shaping_actions.save(work, action, new=True))


def _hand_in(life: Life, new: NewSubmission, work: Work) -> None:
    submitting.submit(work, life.city, new)


def _announce(life: Life, told: dict[str, Any], work: Work) -> None:
    hour = work.now.replace(minute=0, second=0, microsecond=0)
    new = NewOccasion(
        action="city-shaping",
        kind=told["kind"],
        titles=told["titles"],
        descriptions=told["descriptions"],
        opens_at=hour + dt.timedelta(hours=told["from_hours"]),
        closes_at=hour + dt.timedelta(hours=told["until_hours"]),
        expected=told["expected"],
        place=told.get("place"),
        options=tuple(told.get("options", ())),
        printed_code=told.get("printed_code", False),
    )
    made = occasions.create(work, new, life.cast.staff[Role.CASE_WORKER].person_id)
    code = attendance_codes.code(made.secret, attendance_codes.ALWAYS)
    for person in life.cast.citizens[5 : 5 + told.get("attended", 0)]:
        trust = person.trust_level.value
        attending.attend(work, life.city, made.occasion_id, owner=person.owner, trust_level=trust, code=code)
    for person in life.cast.citizens[8 : 8 + told.get("answered", 0)]:
        trust, option = person.trust_level.value, life.dice.choose(made.options)["code"]
        attending.answer(
            work, life.city, made.occasion_id, owner=person.owner, trust_level=trust, option=option
        )


def _enter(life: Life, person: Person, told: dict[str, Any], work: Work) -> None:
    worker = life.cast.staff[Role.CASE_WORKER]
    cards.card_of(work, person.person_id)
    new = NewSubmission(
        action="suggestion",
        owner=person.owner,
        source="desk",
        description=told["description"],
        category=told["category"],
        trust_level=person.trust_level.value,
    )
    clerk = Clerk(worker.person_id, worker.owner, Channel(told["channel"]), IdentifiedBy.CARD)
    desk.enter(work, life.city, new, clerk)


def _clean_up(life: Life, person: Person) -> NewSubmission:
    told = life.dice.choose(life.told.reports)
    jitter = partial(life.dice.between, -JITTER_E6, JITTER_E6)
    local = life.clock.now().astimezone(life.city.zone).replace(tzinfo=None)
    shade = 90 + life.dice.below(60)
    return NewSubmission(
        action="litter-cleanup",
        owner=person.owner,
        source="app",
        address=told.place,
        district=life.told.quarters[told.quarter].name,
        latitude_e6=told.latitude_e6 + jitter(),
        longitude_e6=told.longitude_e6 + jitter(),
        accuracy_m=9,
        pictures=[_shot(life, shade, local - _WORK, "before"), _shot(life, shade, local, "after")],
    )


def _shot(life: Life, shade: int, taken: dt.datetime, part: str) -> StoredPicture:
    """Draw a place with sacks, or without them afterwards."""
    image = Image.new("RGB", (320, 240), (shade, shade + 12, shade))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 320, 80), fill=(170, 190, 205))
    draw.rectangle((240, 40, 256, 150), fill=(90, 70, 50))
    if part == "before":
        for _ in range(4):
            x, y, size = life.dice.below(220), 100 + life.dice.below(80), 36 + life.dice.below(30)
            draw.ellipse((x, y, x + size, y + size), fill=(40, 44, 60))
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = taken.strftime("%Y:%m:%d %H:%M:%S")
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80, exif=exif)
    picture = pictures.read(data.getvalue())
    key = evidence.new_key(life.database.ids.random_bytes(24))
    life.store.write(key, picture.jpeg)
    return StoredPicture(key, picture, part)
