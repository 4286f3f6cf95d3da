"""All rows, in the order of the table of design.md: what each process holds, and what it must never hold."""

from local.blast_radius.attempts import gateway, image, keys, metadata, signer, sweeper
from local.blast_radius.attempts.attempt import Attempt, Cast
from local.blast_radius.stage import Stage


def rows(stage: Stage) -> list[Attempt]:
    """Every attempt, each under a name of its own; the last stands in the way of the sweeper for a minute."""
    cast = Cast(stage.running)
    parts = (gateway, metadata, signer, keys, image, sweeper)
    return [*(row for part in parts for row in part.rows(stage, cast)), sweeper.last(stage, cast)]
