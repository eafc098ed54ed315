"""Gating: questions that several rules share are asked once for an event, not once for each rule.

Where a part that must hold is false, the whole condition is: whatever else it asks need not be asked. What
comes out is the same as without; only sooner.
"""

from collections.abc import Sequence

from rewards import compiling
from rewards.compiling import UNKNOWN, Clause, Event
from rewards.conditions import All, History
from rewards.evaluating import CompiledRule
from rewards.questions import Count, Of, Streak


class Gates:
    """The shared questions of the rules of one action; of rules a bit for each stands for one."""

    __slots__ = ("_first", "_last", "_tests", "everything")

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self.everything = (1 << len(rules)) - 1
        self._first = max(rule.first for rule in rules)
        self._last = min(rule.last for rule in rules)
        shared: dict[str, tuple[Clause, int]] = {}
        for position, rule in enumerate(rules):
            for clause in _parts(rule.root):
                # As JSON, because to Python 0 and False are the same.
                key = clause.node.model_dump_json()
                first, bits = shared.get(key, (clause, 0))
                shared[key] = (first, bits | 1 << position)
        found = [(clause, bits) for clause, bits in shared.values() if bits.bit_count() > 1]
        # The most telling first: cheap ones on which many rules depend.
        found.sort(key=lambda gate: compiling.cost(gate[0]) / gate[1].bit_count())
        self._tests = tuple((clause.test, bits) for clause, bits in found)

    def shut(self, event: Event) -> int:
        """Return of which rules the condition is known to be false for an event."""
        closed, everything = 0, self.everything
        for test, bits in self._tests:
            if bits & ~closed and test(event, UNKNOWN) is False:
                closed |= bits
                if closed == everything:
                    break
        return closed

    def in_time(self, event: Event) -> bool:
        """Return whether all the rules are valid on the day of an event."""
        return event.day is not None and self._first <= event.day <= self._last


def _parts(root: Clause) -> list[Clause]:
    """Return the parts that must hold and say the same to every rule: nothing about a rule's own past."""
    parts = root.parts if isinstance(root.node, All) else (root,)
    return [part for part in parts if not _is_own(part)]


def _is_own(clause: Clause) -> bool:
    node = clause.node
    own = isinstance(node, History) or (isinstance(node, Count | Streak) and node.of is Of.RULE)
    return own or any(map(_is_own, clause.parts))
