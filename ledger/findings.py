"""What a verification says: findings, and the report that they stand in."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""Called with the number of transfers checked and the number in all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that contradicts an invariant."""

    check: str
    message: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification of the transfers `from_sequence` to `transfers`."""

    transfers: int
    """Number of the newest transfer; all up to it were checked."""
    accounts: int
    checks: tuple[str, ...]
    findings: tuple[Finding, ...]
    from_sequence: int = 1

    @property
    def ok(self) -> bool:
        """Whether every invariant holds."""
        return not self.findings
