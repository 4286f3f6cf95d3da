"""How things are compared: interleaved (A B A B …), warm, by CPU time, and told as a ratio with its range."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """One comparison: `theirs` and `ours` do the same work, `repeat` times a round; `must` is the least ratio."""

    name: str
    theirs: Callable[[], object]
    ours: Callable[[], object]
    repeat: int
    must: float


@dataclass(frozen=True)
class Measured:
    """A row's outcome: theirs to ours, a ratio a round; and the CPU of each, in microseconds, for orientation."""

    row: Row
    ratios: list[float]
    theirs_us: float
    ours_us: float

    @property
    def holds(self) -> bool:
        return statistics.median(self.ratios) >= self.row.must


def cpu_us(work: Callable[[], object], repeat: int) -> float:
    """The CPU time of one call, in microseconds, over so many."""
    begun = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - begun) / repeat * 1e6


def measure(row: Row) -> Measured:
    """Warm both, then take turns."""
    cpu_us(row.theirs, max(1, row.repeat // 10))
    cpu_us(row.ours, max(1, row.repeat // 10))
    pairs = [(cpu_us(row.theirs, row.repeat), cpu_us(row.ours, row.repeat)) for _ in range(ROUNDS)]
    theirs, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Measured(row, [their / our for their, our in pairs], theirs, ours)


def line(measured: Measured) -> str:
    """The row as the table shows it."""
    ratios = measured.ratios
    told = f"{statistics.median(ratios):6.1f} ×  ({min(ratios):.1f} to {max(ratios):.1f})"
    verdict = "holds" if measured.holds else "MISSED"
    us = f"{measured.theirs_us:9.1f} {measured.ours_us:8.2f}"
    return f"{measured.row.name:<44} {told:<26} ≥ {measured.row.must:>4.0f} ×  {verdict:<7} {us}"
