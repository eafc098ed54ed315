"""Suppressing: tables about groups of people from which nobody can be read off. Pure.

What concerns fewer than K people is not said. Hiding one number is not enough where the others and a sum
tell it, so more is hidden until what is hidden stands for K people at least (complementary suppression).
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

K = 10
"""Smallest number of people of whom anything is said (open data rule of the programme)."""

T = TypeVar("T", bound=Hashable)
Counts = Sequence[int]


def pooled(groups: Mapping[T, AbstractSet[str]], k: int = K) -> frozenset[T]:
    """Return which groups of people have to be put together as "others", because one of them is too small.

    Empty if all are large enough. What is put together are at least two groups and at least `k` people,
    counted once; where that is impossible, they are all groups, and nothing may be said of any.
    """
    if all(len(people) >= k for people in groups.values()):
        return frozenset()
    chosen: set[T] = set()
    together: set[str] = set()
    for name, people in sorted(groups.items(), key=lambda item: len(item[1])):
        if len(people) >= k and len(together) >= k and len(chosen) > 1:
            break
        chosen.add(name)
        together |= people
    return frozenset(chosen) if len(chosen) > 1 and len(together) >= k else frozenset(groups)


def hidden(rows: Sequence[Counts], k: int = K) -> list[list[bool]]:
    """Return which cells of a table of counts must not be shown.

    Each row's sum and each column's sum are taken as known. Zero is shown unless it has to help hiding.
    """
    masks = [[0 < count < k for count in row] for row in rows]
    changed = True
    while changed:
        changed = False
        for row, mask in zip(rows, masks, strict=True):
            changed |= _complete(row, mask.__getitem__, mask.__setitem__, k)
        for column in range(len(rows[0]) if rows else 0):
            counts = [row[column] for row in rows]
            changed |= _complete(counts, _in_column(masks, column), _into_column(masks, column), k)
    return masks


def _complete(
    counts: Counts, is_hidden: Callable[[int], bool], hide: Callable[[int, bool], None], k: int
) -> bool:
    """Hide more of a line until what is hidden can't be told from the sum; return whether anything was."""
    places = [place for place in range(len(counts)) if is_hidden(place)]
    if not places:
        return False
    # Small ones first, but those that are not zero: a hidden zero protects nobody.
    rest = sorted(set(range(len(counts))) - set(places), key=lambda one: (counts[one] == 0, counts[one]))
    changed = False
    while rest and (len(places) == 1 or sum(counts[place] for place in places) < k):
        places.append(rest.pop(0))
        hide(places[-1], True)  # noqa: FBT003 -- the value that is set
        changed = True
    return changed


def _in_column(masks: list[list[bool]], column: int) -> Callable[[int], bool]:
    return lambda row: masks[row][column]


def _into_column(masks: list[list[bool]], column: int) -> Callable[[int, bool], None]:
    def hide(row: int, value: bool) -> None:  # noqa: FBT001 -- the value that is set
        masks[row][column] = value

    return hide
