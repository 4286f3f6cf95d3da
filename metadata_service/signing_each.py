"""Has many things signed by few grants, and where the signer refuses one of them, the rest all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from . import clock, ways_out
from .callers import Caller
from .errors import Unavailable
from .grants import MOST_ITEMS, MOST_OCTETS, Item
from .services import InsufficientScope
from .signer import Refused, Signed

ROUNDS: Final = 8
"""How often a grant is made anew without the item that the signer has refused, or because an item's time has passed."""

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToSign:
    """What the signer is asked for: its part of a grant made now, and the answer made of what came of that."""

    grant_items: Callable[[int], list[Item]]
    answer: Callable[[Sequence[Signed]], Body]


def answers(plans: Sequence[ToSign | Body], caller: Caller) -> list[Body]:
    """An answer for each, in order; what is an answer already stays so. Raises Unavailable or InsufficientScope."""
    found = {number: plan for number, plan in enumerate(plans) if not isinstance(plan, ToSign)}
    for together in _grants({number: plan for number, plan in enumerate(plans) if isinstance(plan, ToSign)}):
        found |= _signed(together, caller)
    return [found[number] for number in range(len(plans))]


def _grants(plans: Mapping[int, ToSign]) -> Iterator[dict[int, ToSign]]:
    """The same in portions that a grant holds."""
    together: dict[int, ToSign] = {}
    count = octets = 0
    for number, plan in plans.items():
        items = plan.grant_items(clock.now())
        length = len(orjson.dumps(items))
        if together and (count + len(items) > MOST_ITEMS or octets + length > MOST_OCTETS):
            yield together
            together, count, octets = {}, 0, 0
        together[number] = plan
        count, octets = count + len(items), octets + length
    if together:
        yield together


def _signed(plans: Mapping[int, ToSign], caller: Caller) -> dict[int, Body]:
    refused: dict[int, Body] = {}
    for _ in range(ROUNDS):
        now = clock.now()
        asked = [(number, item) for number in plans if number not in refused for item in plans[number].grant_items(now)]
        if not asked:
            return refused
        try:
            signed = ways_out.current().signer.sign([item for _, item in asked], caller.asker)
        except Refused as refusal:
            refused |= _without(refusal, [number for number, _ in asked])
            continue
        by_number: dict[int, list[Signed]] = {}
        for (number, _), each in zip(asked, signed, strict=True):
            by_number.setdefault(number, []).append(each)
        return refused | {number: plans[number].answer(parts) for number, parts in by_number.items()}
    raise Unavailable("the signer refuses too many of the items; ask again")


def _without(refusal: Refused, numbers: Sequence[int]) -> dict[int, Body]:
    """What to leave out of the next round, with its answer. Raises the refusal where it is about no single item."""
    if refusal.item is None or not 0 <= refusal.item < len(numbers):
        raise refusal
    if refusal.error == "operation_not_permitted":  # the signer has a list of its own of what services may
        raise InsufficientScope("the signer does not let this service do that") from refusal
    if refusal.error == "invalid_item":  # a URL's second was over before the signer looked at it
        return {}
    return {numbers[refusal.item]: refusal.answer()}
