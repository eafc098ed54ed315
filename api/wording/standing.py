"""Sentences for how a city's ledger stands."""

from collections.abc import Mapping

from api.standings import Finding, Light
from web.marking import N_

LIGHTS: Mapping[Light, str] = {
    Light.OFF: N_("Nothing to judge"),
    Light.GREEN: N_("In order"),
    Light.AMBER: N_("Needs attention"),
    Light.RED: N_("Fault"),
}
SENTENCES: Mapping[Finding, str] = {
    Finding.NOTHING_TO_SEAL: N_("Nothing is booked yet, so there is nothing to seal."),
    Finding.NEVER_SEALED: N_("Never sealed: nobody outside could notice yet if a booking were changed."),
    Finding.SEALED: N_("What is booked is sealed, or will be with the next checkpoint."),
    Finding.SEAL_LATE: N_("The next checkpoint is late."),
    Finding.SEAL_STALE: N_(
        "Nothing has been sealed for more than a day although there was something to seal."
    ),
    Finding.NEVER_VERIFIED: N_("Never verified: the first verification is still to come."),
    Finding.VERIFIED: N_("Every invariant of the book holds."),
    Finding.VERIFICATION_LATE: N_("The last verification is too long ago."),
    Finding.CONTRADICTED: N_("The book does not hold what it must. The city has to clear that up."),
    Finding.NO_WITNESS: N_("No witness: nobody outside confirms the log yet."),
    Finding.NEVER_CONFIRMED: N_("Has never confirmed the log."),
    Finding.CONFIRMED: N_("Has confirmed the log, or is about to confirm the newest checkpoint."),
    Finding.WITNESS_LATE: N_("Has not confirmed the newest checkpoints for more than a day."),
    Finding.WITNESS_CONTRADICTS: N_(
        "Saw another log than this one. Nothing is sealed until that is cleared up."
    ),
    Finding.DELIVERED: N_("Messages are delivered without delay."),
    Finding.DELIVERY_LATE: N_("Messages are delivered late."),
    Finding.DELIVERY_STUCK: N_("Messages have waited for more than an hour."),
    Finding.GIVEN_UP: N_("Some messages could not be delivered and were given up."),
    Finding.NO_WRITER: N_("This process does not write."),
    Finding.WRITER_IDLE: N_("Nothing was written in the last minutes."),
    Finding.WRITER_FLUENT: N_("Bookings are written without delay."),
    Finding.WRITER_SLOW: N_("Bookings are written slowly."),
    Finding.NO_STATUS_LIST: N_("There is no list of invalid vouchers yet."),
    Finding.VOLUME_UNMEASURED: N_("The volume is measured in the night."),
    Finding.VOLUME_SMALL: N_("The volume is well below the threshold from which it may have to be notified."),
    Finding.VOLUME_NEAR: N_("The volume nears the threshold from which it may have to be notified."),
    Finding.KEYS_TRUSTED: N_(
        "Nobody but the city signs its vouchers, and the list of invalid ones is fresh."
    ),
    Finding.KEY_SUSPICIOUS: N_("Somebody else seems to sign vouchers. The city has to block the key."),
    Finding.KEY_REISSUING: N_("A key was blocked; open vouchers are getting new codes."),
    Finding.STATUS_LIST_LATE: N_("The list of invalid vouchers is too old."),
}
KEY_STATUS: Mapping[str, tuple[str, str]] = {
    "active": ("success", N_("Signs")),
    "retired": ("info", N_("Signs no more")),
    "blocked": ("danger", N_("Blocked")),
}
"""Badge and word by the status of a voucher key."""
