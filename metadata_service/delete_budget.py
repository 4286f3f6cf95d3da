"""How many deletes the sweeper may still ask for: fewer than the signer allows, whose refusals ring an alarm."""

from __future__ import annotations

from collections import deque
from typing import Final

MINUTE: Final = 60


class DeleteBudget:
    """At most `a_minute` deletes in any sixty seconds. Times are seconds since the epoch."""

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._spent: deque[tuple[int, int]] = deque()
        self._barred_until = 0

    def allows(self, deletes: int, now: int) -> bool:
        """Whether so many more may be asked for now."""
        # Times are cut to the second, so an entry of sixty seconds ago may be younger than that.
        while self._spent and self._spent[0][0] < now - MINUTE:
            self._spent.popleft()
        spent = sum(count for _, count in self._spent)
        return now >= self._barred_until and spent + deletes <= self.a_minute

    def spend(self, deletes: int, now: int) -> None:
        """Count what was signed."""
        self._spent.append((now, deletes))

    def bar(self, now: int) -> None:
        """The signer says that its own cap is reached (another sweeper is about): none until its next minute."""
        self._barred_until = (now // MINUTE + 1) * MINUTE
