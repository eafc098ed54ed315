"""Closing a period as a privileged act: the ledger refuses what comes late, the audit log says who did it."""

import datetime as dt

from identity import auditing
from kernel.db import Work
from ledger import periods
from ledger.periods import Closing


def close(work: Work, last_day: dt.date, actor: str) -> Closing:
    """Close every day up to `last_day`. Raises Conflict as `ledger.periods.close` does."""
    made = periods.close(work, last_day, actor)
    details = {"sequence": made.sequence, "trial_balance": made.trial_balance.hex()}
    auditing.record(work, actor, "period-closed", f"period/{last_day.isoformat()}", details)
    return made
