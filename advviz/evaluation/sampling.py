"""A sample of labelled files, equal per folder."""

import random
from collections.abc import Sequence
from itertools import chain, zip_longest


def sampled(groups: Sequence[str], limit: int | None, seed: int) -> list[int]:
    """Choose rows at random, as many of each group as of any other.

    Folders take turns, in an order drawn anew for each turn, until the limit is reached: two
    folders differ by at most one, but where one has no more files.

    Args:
        groups: the folder of each row.
        limit: how many rows; None for all.
        seed: decides which.

    Returns:
        Row indices in ascending order.
    """
    if limit is None or limit >= len(groups):
        return list(range(len(groups)))
    drawn = random.Random(seed)
    queues = []
    for group in sorted(set(groups)):
        rows = [row for row, name in enumerate(groups) if name == group]
        drawn.shuffle(rows)
        queues.append(rows)
    turns = [list(turn) for turn in zip_longest(*queues)]
    for turn in turns:
        drawn.shuffle(turn)
    return sorted([row for row in chain(*turns) if row is not None][:limit])
