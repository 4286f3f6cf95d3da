"""Who may decode now: so many files at once, one for each lane."""

import enum
from collections.abc import Iterable

from image_service.children import Child, Stage


class Turn(enum.Enum):
    """What a child that asks is told."""

    NOW = enum.auto()
    SOON = enum.auto()
    NO = enum.auto()


def turn(asking: Child, children: Iterable[Child], decoders: int) -> Turn:
    """SOON where only a child that is about to end stands in the way: its client may have its answer already."""
    others = [child for child in children if child is not asking]
    decoding = [child for child in others if child.stage is Stage.DECODING]
    ending = [child for child in others if child.stage is Stage.ANSWERING and child.had_decoder]
    if _is_free(asking.lane, [*decoding, *ending], decoders):
        return Turn.NOW
    return Turn.SOON if _is_free(asking.lane, decoding, decoders) else Turn.NO


def _is_free(lane: str, holding: list[Child], decoders: int) -> bool:
    return len(holding) < decoders and not (lane and any(child.lane == lane for child in holding))
