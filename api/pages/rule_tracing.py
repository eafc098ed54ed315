"""How the rules decided a submission, clause by clause, for the person who looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.db import Reading
from rewards import naming, programme, tracing
from rewards.action_types import ActionType
from rewards.explaining import Gettext
from rewards.submissions import Decided
from rewards.tracing import Told
from rewards.wording import Reader

LIGHTS = {"true": "green", "false": "red", "unknown": "amber"}


@dataclass(frozen=True, slots=True)
class Traced:
    """A rule's decision with its clauses."""

    version_hash: str
    titles: dict[str, str]
    clauses: list[Told]


def of_history(
    reading: Reading, history: Sequence[Decided], action: ActionType, language: str, _: Gettext
) -> Traced | None:
    """Return the latest decision of a rule in a submission's history; None if there was none."""
    for step in reversed(history):
        found = programme.by_hashes(reading, [str(step.receipt.get("version_hash", ""))])
        if found:
            version = found[0].version
            reader = Reader(action, language, naming.names(reading, language))
            titles = {str(code): text for code, text in version.title.items()}
            return Traced(found[0].version_hash, titles, tracing.tell(version, step.receipt, _, reader))
    return None
