"""What somebody in signer_service tries: it holds the S3 identities, and can reach nothing. Then with them abroad."""

from urllib.parse import urlsplit

from local.blast_radius.attempts import aws, everywhere
from local.blast_radius.attempts.attempt import Actor, Attempt, Cast
from local.blast_radius.attempts.metadata import NOT_A_GRANT, in_flight
from local.blast_radius.inside import Act, act
from local.blast_radius.stage import Stage

NO_NETWORK = "ENETUNREACH"
# An address of a block that is for documentation (RFC 5737): it is nobody's, and nothing here leaves the machine.
INTERNET = ("192.0.2.1", 443)


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All of it."""
    actor = cast.signer
    return [
        *on_network(stage, cast, actor, NO_NETWORK),
        everywhere.sockets(stage, cast, actor),
        *forged_grants(stage, cast, actor),
        everywhere.held_files(cast, actor, cast.metadata),
        everywhere.held_files(cast, actor, cast.sweeper),
        *[row for row in everywhere.on_trust(stage, cast, actor) if not row.name.endswith("-kept")],
        everywhere.own_memory(stage, cast, actor),
        *everywhere.rows(stage, cast, actor),
        *_abroad(stage, cast),
    ]


def on_network(stage: Stage, cast: Cast, actor: Actor, expected: str) -> list[Attempt]:
    """Rows: out of the machine, and to what listens on it."""
    engine = _reach(stage.running.engine)
    outside = act("reach", host=INTERNET[0], port=INTERNET[1])
    inside = [_reach(stage.running.gateway), engine]
    may = cast.metadata.does(engine)
    return [
        actor.attempt("internet", "reach the internet", expected, [outside], may),
        actor.attempt("network", "reach S3, DynamoDB or the gateway", expected, inside, cast.metadata.does(*inside)),
    ]


def _reach(origin: str) -> Act:
    parts = urlsplit(origin)
    return act("reach", host=parts.hostname, port=parts.port)


def forged_grants(stage: Stage, cast: Cast, actor: Actor) -> list[Attempt]:
    """Rows: a grant made of what is public, and even the victim's token in flight."""
    told = {
        "to": f"unix:{stage.running.socket('signer_service')}",
        "public_keys": str(stage.running.public / "grant-keys.json"),
        "use": actor is not cast.signer,  # from in there no URL can be used; that one comes back is enough
    }
    ways = {"own": "a key of its own and metadata's kid", "hs256": "HMAC by metadata's public key"}
    return actor.beside(
        cast.metadata.does(in_flight(stage)),
        {
            f"grant-{way}": (f"make a grant with {says}", NOT_A_GRANT, [in_flight(stage, forge=way, **told)])
            for way, says in ways.items()
        },
    )


def _abroad(stage: Stage, cast: Cast) -> list[Attempt]:
    """The three identities, used from where there is a network: each has its own verbs."""
    actor, found = cast.signer_abroad, []
    for holder, verbs in aws.HOLDERS.items():
        refused = [aws.s3(stage, other, holder) for other in aws.SAYS if other not in verbs]
        says = f"the {holder}'s key: anything of S3 but {', '.join(verbs)}"
        good = actor.does(*(aws.s3(stage, verb, holder) for verb in verbs))
        found.append(actor.attempt(holder, says, aws.DENIED, refused, good))
    records = [aws.record(stage, "GetItem", table, holder) for holder in aws.HOLDERS for table in aws.TABLES]
    allowed = cast.metadata.does(*aws.records(stage, ["GetItem"], aws.TABLES))
    says = "all three keys: read a record from DynamoDB"
    return [*found, actor.attempt("records", says, aws.DENIED_RECORDS, records, allowed)]
