"""What somebody in the `keys` job tries. It holds nothing.

What it can do is in no row, for it is its work: it writes the issuer's keys that the signer believes. Somebody in it
can make tokens that the *signer* takes for anybody's. That is one of two proofs; a signature takes a grant as well,
and metadata fetches its own copy of the keys.
"""

from local.blast_radius.attempts import everywhere
from local.blast_radius.attempts.attempt import Attempt, Cast
from local.blast_radius.attempts.gateway import unsigned
from local.blast_radius.stage import Stage


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All of it."""
    actor = cast.keys
    return [
        everywhere.sockets(stage, cast, actor),
        everywhere.held_files(cast, actor, cast.metadata),
        everywhere.held_files(cast, actor, cast.signer),
        *unsigned(stage, cast, actor.name),
        *everywhere.on_trust(stage, cast, actor),
        *everywhere.rows(stage, cast, actor),
    ]
