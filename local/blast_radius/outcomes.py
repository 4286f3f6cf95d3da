"""What became of an attempt."""

from dataclasses import dataclass
from typing import Any

CAME_THROUGH, REFUSED, NOT_MADE = "came through", "refused", "not made"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One act's end: `kind` is one of the three above, `told` what was met (a status, an errno), `got` what came."""

    kind: str
    told: str
    got: Any = None


def not_made(why: str) -> Outcome:
    """An attempt that never reached what it was aimed at; it proves nothing."""
    return Outcome(NOT_MADE, why)


def worst(outcomes: list[Outcome]) -> Outcome:
    """Of several acts as one attempt: one that came through is enough, and all must have been made."""
    for kind in (CAME_THROUGH, NOT_MADE):
        for outcome in outcomes:
            if outcome.kind == kind:
                return outcome
    return Outcome(REFUSED, ", ".join(dict.fromkeys(outcome.told for outcome in outcomes)))


def best(outcomes: list[Outcome]) -> Outcome:
    """Of several acts as one control: every one must succeed; the first that did not stands for all."""
    for outcome in outcomes:
        if outcome.kind != CAME_THROUGH:
            return outcome
    return Outcome(CAME_THROUGH, ", ".join(dict.fromkeys(outcome.told for outcome in outcomes)))
