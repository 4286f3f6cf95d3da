"""Tries the rows: the attempt, and in the same run its controls. Says of each what that shows."""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.blast_radius.attempts.attempt import Attempt, Try
from local.blast_radius.inside import Intruder
from local.blast_radius.outcomes import CAME_THROUGH, NOT_MADE, Outcome, best, worst

AT_ONCE = 4


class Verdict(enum.Enum):
    """What a row shows; only the first is good."""

    HELD = "held"
    CAME_THROUGH = "CAME THROUGH"
    NOT_MADE = "NOT MADE"
    OTHERWISE = "OTHER REFUSAL"
    CONTROL_FAILED = "NO CONTROL"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was tried."""

    attempt: Attempt
    outcome: Outcome
    control: Outcome

    @property
    def verdict(self) -> Verdict:
        """A refusal counts only by what was to refuse, and beside a control that succeeded."""
        if self.outcome.kind == CAME_THROUGH:
            return Verdict.CAME_THROUGH
        if self.outcome.kind == NOT_MADE:
            return Verdict.NOT_MADE
        if self.outcome.told != self.attempt.expected:
            return Verdict.OTHERWISE
        return Verdict.HELD if self.control.kind == CAME_THROUGH else Verdict.CONTROL_FAILED


def rows(intruder: Intruder, attempts: Sequence[Attempt], seen: Callable[[Row], None] | None = None) -> list[Row]:
    """Try all: the controls, a few at once, then the attempts, the last by itself. `seen` is told of each, in order.

    Controls come first, for an attempt that came through may take away what they need. Rows share one that is the same.
    """
    *together, last = attempts
    with ThreadPoolExecutor(AT_ONCE) as pool:
        controls = _controls(intruder, attempts, pool)

        def row(attempt: Attempt) -> Row:
            outcomes = [outcome for one in attempt.controls for outcome in controls[id(one)]]
            return Row(attempt, worst(_made(intruder, attempt.tried)), best(outcomes))

        tried = [_shown(one, seen) for one in pool.map(row, together)]
    return [*tried, _shown(row(last), seen)]


def _controls(intruder: Intruder, attempts: Sequence[Attempt], pool: ThreadPoolExecutor) -> Mapping[int, list[Outcome]]:
    """What became of each control, by its identity."""
    distinct = {id(one): one for attempt in attempts for one in attempt.controls}
    return dict(zip(distinct, pool.map(lambda one: _made(intruder, one), distinct.values()), strict=True))


def _made(intruder: Intruder, wanted: Try) -> list[Outcome]:
    return intruder.attempts(wanted.place, wanted.acts)


def _shown(row: Row, seen: Callable[[Row], None] | None) -> Row:
    if seen:
        seen(row)
    return row


def are_held(tried: Iterable[Row]) -> bool:
    """Whether every row is as it must be."""
    return all(row.verdict is Verdict.HELD for row in tried)
