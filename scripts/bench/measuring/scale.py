"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """How long a part takes. `quick` is a smoke test whose figures mean nothing."""

    rounds: int
    transfers_a_turn: int
    seconds_a_turn: float
    batch_max: int
    wallets: int
    filled: int
    """Transfers in the book whose size and verification are measured."""
    growth: int
    """Transfers up to which the book grows."""
    redemptions: int
    """In a crowded city, of which the treasury's pages are asked for."""
    citizens: int
    requests_a_turn: int
    """At most; a turn of requests takes `seconds_a_turn` twice."""

    def batches(self, size: int) -> int:
        """Return how many batches make a turn; single transfers, being slow, get a smaller one."""
        share = {1: 50, 100: 4}.get(size, 1)
        return max(1, self.transfers_a_turn // share // size)


FULL = Scale(
    rounds=5,
    transfers_a_turn=33_000,
    seconds_a_turn=2.0,
    batch_max=8190,
    wallets=10_000,
    filled=300_000,
    growth=1_000_000,
    redemptions=100_000,
    citizens=3_000,
    requests_a_turn=20_000,
)
QUICK = Scale(
    rounds=1,
    transfers_a_turn=1_000,
    seconds_a_turn=0.1,
    batch_max=1000,
    wallets=100,
    filled=1_000,
    growth=4_000,
    redemptions=200,
    citizens=8,
    requests_a_turn=16,
)
