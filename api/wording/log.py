"""Sentences for what the transparency log, its witnesses and receipts refuse."""

from web.marking import N_

SENTENCES = {
    "archive-contradicts-seal": N_(
        "The books up to booking {size} are not what was sealed. Nothing is archived."
    ),
    "archive-exists": N_("The file {file} is there already. Please choose another name."),
    "archive-incomplete": N_("The archive should hold {expected} bookings, but holds {found}."),
    "archive-malformed": N_("{file} is not an archive of this ledger, or it was changed."),
    "archive-needs-one-target": N_("Please give either a file to write or a tablespace to move to."),
    "archive-needs-postgresql": N_("Only PostgreSQL can move a part of the books to other storage."),
    "archive-not-sealed": N_("Nothing up to booking {upto} is sealed yet. Please seal first."),
    "archive-root-wrong": N_("A booking in the archive is not what was sealed."),
    "tablespace-unknown": N_("The database has no tablespace {name}. Please create it first."),
    "base64-invalid": N_("This is not valid base64."),
    "bundle-invalid": N_("A file of the log is damaged."),
    "checkpoint-invalid": N_("This is not a checkpoint of a log."),
    "entry-too-large": N_("An entry of the log has at most {maximum_bytes} bytes."),
    "key-name-invalid": N_("The name of a key is one word without spaces and plus signs."),
    "log-ahead-of-ledger": N_(
        "The log was already published up to booking {size}, but the books end at {transfers}. The database is "
        "older than the log: nothing is signed until the newer one is back."
    ),
    "log-commitment-altered": N_("Booking {sequence} is not what was sealed in the log. Nothing is signed."),
    "log-folder-foreign": N_("The folder of the log holds a checkpoint that this city's key did not sign."),
    "log-forked": N_(
        "The books up to booking {size} are not those that the log published. Nothing is signed until the right "
        "ones are back."
    ),
    "log-key-altered": N_("The key of this log was altered. Nothing is signed."),
    "log-key-missing": N_("The log of this city has not begun yet."),
    "log-not-begun": N_("Nothing has been sealed in the log yet."),
    "log-root-differs": N_(
        "The files of the log are lost or damaged, and the books up to booking {size} are not those that were "
        "sealed. Nothing is signed."
    ),
    "log-seal-altered": N_("The seal at booking {size} was altered. Nothing is signed."),
    "log-sequence-gap": N_("Booking {sequence} is missing. Nothing is signed."),
    "log-tile-missing": N_("A file of the log is missing or damaged: {path}. Seal again to restore it."),
    "log-witness-contradicts": N_(
        "The witness {witness} has seen another log than this one (its size: {size}, ours: {sealed}). Nothing is "
        "signed until that is clear."
    ),
    "note-invalid": N_("This is not a signed note."),
    "note-signature-invalid": N_("The signature of {name} is wrong."),
    "note-unsigned": N_("Nobody known has signed this."),
    "proof-not-included": N_("This transfer is not in the log at the place that the receipt names."),
    "proof-of-other-log": N_("This receipt was not signed by the log {origin}."),
    "proof-signature-invalid": N_("A signature on this receipt is wrong."),
    "proof-unconfirmed": N_("The witness {witness} has not confirmed this receipt."),
    "proof-unreadable": N_("This file is not a receipt."),
    "proof-without-opening": N_("This receipt does not say what was booked."),
    "tile-invalid": N_("A file of the log is damaged."),
    "tile-path-invalid": N_("The log has no such file."),
    "transfer-not-sealed": N_("This booking is not sealed in the log yet. Try again in a minute."),
    "verifier-key-invalid": N_("This is not a public key of a log or a witness."),
    "witness-answer-invalid": N_("The witness answered something that can't be understood."),
    "witness-exists": N_("There is a witness {name} already."),
    "witness-key-refused": N_("The witness does not know the key of this log."),
    "witness-log-unknown": N_("The witness does not know this log."),
    "witness-not-found": N_("There is no witness {name}."),
    "witness-refused": N_("The witness refused (status {status})."),
    "witness-unreachable": N_("The witness can't be reached."),
    "witness-url-invalid": N_("The address of a witness begins with http:// or https://."),
}
