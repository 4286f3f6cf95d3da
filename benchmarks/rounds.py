"""How things are compared: interleaved (A B A B …), warm, by CPU time, and told as a ratio with its range."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Side:
    """One of two that do the same work. `cpu`: the CPU time, in seconds, that it has used so far, wherever it works."""

    work: Callable[[], object]
    cpu: Callable[[], float] = time.process_time

    def us(self, repeat: int) -> float:
        """The CPU time of one piece of work, in microseconds, over so many."""
        begun = self.cpu()
        for _ in range(repeat):
            self.work()
        return (self.cpu() - begun) / repeat * 1e6


@dataclass(frozen=True)
class Row:
    """One comparison, `repeat` times a round: how many times as much theirs takes as ours, and at least must.

    Where `is_cost`, what ours takes to theirs, and at most must.
    """

    name: str
    theirs: Side
    ours: Side
    repeat: int
    must: float
    is_cost: bool = False


@dataclass(frozen=True)
class Measured:
    """A row's outcome: a ratio a round; and the CPU of each side, in microseconds, for orientation."""

    row: Row
    ratios: list[float]
    theirs_us: float
    ours_us: float

    @property
    def holds(self) -> bool:
        """Whether the median is as it must be."""
        median = statistics.median(self.ratios)
        return median <= self.row.must if self.row.is_cost else median >= self.row.must


def measure(row: Row) -> Measured:
    """Warm both, then take turns."""
    warm = max(1, row.repeat // 10)
    row.theirs.us(warm), row.ours.us(warm)
    pairs = [(row.theirs.us(row.repeat), row.ours.us(row.repeat)) for _ in range(ROUNDS)]
    theirs, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = [our / their if row.is_cost else their / our for their, our in pairs]
    return Measured(row, ratios, theirs, ours)


def line(measured: Measured) -> str:
    """The row as the table shows it."""
    ratios, row = measured.ratios, measured.row
    told = f"{statistics.median(ratios):6.2f} ×  ({min(ratios):.2f} to {max(ratios):.2f})"
    bound = f"{'≤' if row.is_cost else '≥'} {row.must:>4g} ×"
    verdict = "holds" if measured.holds else "MISSED"
    return f"{row.name:<44} {told:<27} {bound:<8} {verdict:<7} {measured.theirs_us:10.1f} {measured.ours_us:10.2f}"
