"""The demo's newest venue: a café that applied and waits for the city."""

import io
from typing import Final

from PIL import Image, ImageDraw

from api import contract_papers
from api.demo import peopling
from api.demo.living import Life
from identity import persons
from kernel.db import Work
from merchants import applying, bounds, proof_files
from rewards import evidence
from web import catalogues

APPLICANT: Final = "Ayşe Yilmaz"
_TYPED: Final = {
    "name": "Café am Innenhafen",
    "kind": "food",
    "street": "Philosophenweg 19",
    "postcode": "47051",
    "district": "Altstadt",
    "phone": "0203 555 0123",
    "payee_name": "Ayşe Yilmaz",
    "iban": "DE89 3704 0044 0532 0130 00",
    "rate_cents_per_point": "1",
    "period": "month",
}


def join(life: Life) -> None:
    """Let the applicant sign and wait for the city."""
    proof = proof_files.read(_licence(), "Gewerbeschein.png")
    key = evidence.new_key(life.database.ids.random_bytes(24), proof.suffix)
    life.store.write(key, proof.content)
    german = catalogues.load()["de"]

    def command(work: Work) -> None:
        applicant = persons.register(work, peopling.email_of(APPLICANT), name=APPLICANT)
        applying.draft(work, applicant.person_id, _TYPED)
        applying.prove(work, applicant.person_id, key, proof)
        text = contract_papers.text(life.city, _TYPED, bounds.find(work), german)
        applying.submit(work, applicant.person_id, signed_name=APPLICANT, contract_text=text)

    life.database.run(life.city.city_id, command)


def _licence() -> bytes:
    """Return a picture of a licence that was never issued."""
    image = Image.new("RGB", (700, 980), "#f6f1e4")
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 30, 670, 950), outline="#0a4a6e", width=4)
    for line, text in enumerate(
        ("GEWERBEANMELDUNG (MUSTER)", "Stadt Duisburg", "Café am Innenhafen", APPLICANT)
    ):
        draw.text((80, 110 + 80 * line), text.replace("ş", "s"), fill="#142028", font_size=34)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
