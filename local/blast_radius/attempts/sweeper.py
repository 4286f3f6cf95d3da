"""What somebody in the sweeper tries: its grant key is good for deletes, and so many a minute."""

from typing import Any

from local.blast_radius.attempts import aws, everywhere, items
from local.blast_radius.attempts.attempt import Attempt, Cast
from local.blast_radius.attempts.metadata import NOT_A_GRANT
from local.blast_radius.inside import act
from local.blast_radius.stage import Stage

NOT_ITS_OWN = "403 operation_not_permitted"


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All but what stops the sweeper for a minute."""
    actor = cast.sweeper
    return [
        *_grants(stage, cast),
        *aws.on_s3(stage, cast, actor),
        *_records(stage, cast),
        aws.on_iam(stage, cast, actor),
        everywhere.sockets(stage, cast, actor),
        everywhere.held_files(cast, actor, cast.metadata),
        everywhere.held_files(cast, actor, cast.signer),
        *everywhere.on_trust(stage, cast, actor),
        everywhere.own_memory(stage, cast, actor),
        *everywhere.rows(stage, cast, actor),
    ]


def last(stage: Stage, cast: Cast) -> Attempt:
    """The cap on deletes: afterwards nothing is swept until the minute is over. What it signs for is not there."""
    actor = cast.sweeper
    cap = int(cast.signer.place.member.environment["DELETES_PER_MINUTE"])
    tried = act("delete_above_the_cap", item=items.delete(stage.spoils), cap=cap)
    good = actor.does(act("sign", items=[items.delete(stage.spoils)], issuer="sweeper"))
    return actor.attempt("cap", f"delete more than {cap} objects a minute", NOT_ITS_OWN, [tried], good)


def _grants(stage: Stage, cast: Cast) -> list[Attempt]:
    actor, body = cast.sweeper, {"body": items.CONTENT}
    good = actor.does(act("sign", items=[items.delete(stage.spoils)], issuer="sweeper"))
    wanted: dict[str, tuple[str, str, dict[str, Any]]] = {
        "get": ("have a read signed", NOT_ITS_OWN, {"items": [items.get_resume(stage)]}),
        "read-published": (
            "have a read signed, with a receipt from the records",
            NOT_ITS_OWN,
            {"items": [items.get_picture(stage, receipt=stage.receipt)]},
        ),
        "put": ("have a write signed", NOT_ITS_OWN, {"items": lambda: [items.put(stage.fresh())], **body}),
        "publish": ("publish the victim's private file", NOT_ITS_OWN, {"items": [items.publish(stage.resume)]}),
        "long": (
            "have a delete signed for 120 s",
            NOT_ITS_OWN,
            {"items": [items.delete(stage.spoils, expires_in=120)]},
        ),
        "as-metadata": (
            "make a grant as metadata, with its own key and the victim's token",
            NOT_A_GRANT,
            {
                "issuer": "metadata",
                "items": [items.get_resume(stage)],
                "token": stage.victim.token,
                "caller": stage.victim.sub,
            },
        ),
        "kid": (
            "make a grant under a kid that nobody listed",
            NOT_A_GRANT,
            {"items": [items.delete(stage.spoils)], "kid": "importer-2026-11"},
        ),
    }
    return [
        actor.attempt(name, says, expected, [act("sign", **{"issuer": "sweeper"} | arguments)], good)
        for name, (says, expected, arguments) in wanted.items()
    ]


def _records(stage: Stage, cast: Cast) -> list[Attempt]:
    actor = cast.sweeper
    tables = ("users", "profiles", "links", "photos")
    reads = [aws.record(stage, "GetItem", table) for table in tables]
    scan = aws.record(stage, "Scan", "media")
    return [
        actor.attempt(
            "records",
            "read accounts, profiles, links and photos from DynamoDB",
            aws.DENIED_RECORDS,
            reads,
            cast.metadata.does(*reads),
        ),
        actor.attempt("scan", "scan the media table", aws.DENIED_RECORDS, [scan], cast.operator.does(scan)),
    ]
