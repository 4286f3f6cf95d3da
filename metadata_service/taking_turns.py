"""Who comes in which order when there is not time for all: everyone's first, then everyone's second, and so on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest

Name = tuple[str, str]
"""The owner and the sort key of a row."""


class TakingTurns:
    """The rows that wait, by their owners; of one no more than `most_of_one`, all that a round can do."""

    def __init__(self, most_of_one: int | None) -> None:
        self._most_of_one = most_of_one
        self._rows: dict[str, list[Name]] = {}

    def add(self, names: Iterable[Name]) -> None:
        """They wait, too, behind their owner's others."""
        for name in names:
            rows = self._rows.setdefault(name[0], [])
            if self._most_of_one is None or len(rows) < self._most_of_one:
                rows.append(name)

    def batches(self, size: int) -> Iterator[list[Name]]:
        """All of them in turn, so many at a time."""
        in_turn = (name for turn in zip_longest(*self._rows.values()) for name in turn if name is not None)
        while batch := list(islice(in_turn, size)):
            yield batch
