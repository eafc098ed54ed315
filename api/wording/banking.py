"""Sentences for what bank transfers, desks, payment services of the administration and reconciling refuse."""

from web.marking import N_

SENTENCES = {
    "girocode-invalid": N_("A bank would refuse this transfer: please correct “{field}”."),
}
