"""What somebody in the sweeper tries: its grant key is good for deletes and aborts, and so many a minute."""

from local.blast_radius.attempts import aws, everywhere, items, parts
from local.blast_radius.attempts.attempt import Attempt, Cast
from local.blast_radius.attempts.items import signed
from local.blast_radius.attempts.metadata import NOT_A_GRANT, NOT_PERMITTED
from local.blast_radius.inside import act
from local.blast_radius.stage import Stage

AS = {"issuer": "sweeper"}


def rows(stage: Stage, cast: Cast) -> list[Attempt]:
    """All but what stops the sweeper for a minute."""
    actor = cast.sweeper
    return [
        *_grants(stage, cast),
        *_parts(stage, cast),
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
    """The cap on both: afterwards nothing is swept until the minute is over. What it signs for is not there."""
    actor = cast.sweeper
    cap = int(cast.signer.place.member.environment["DELETES_PER_MINUTE"])
    wanted = [items.delete(stage.spoils), items.in_parts("abort", stage.begun())]
    tried = [act("sign_above_the_cap", item=item, cap=cap) for item in wanted]
    says = f"delete more than {cap} objects a minute, and abort more uploads"
    good = actor.does(signed([items.delete(stage.spoils)], **AS), *parts.through(stage, "abort", **AS))
    return actor.attempt("cap", says, NOT_PERMITTED, tried, good)


def _grants(stage: Stage, cast: Cast) -> list[Attempt]:
    published, actor = items.get_picture(stage.picture, receipt=stage.receipts["public"]), cast.sweeper
    own = {
        "get": ("have a read signed", [items.get_resume(stage)]),
        "read-published": ("have a read signed, with a receipt from the records", [published]),
        "put": ("have a write signed", lambda: [items.put(stage.fresh())]),
        "publish": ("publish the victim's private file", [items.publish(stage.resume)]),
        "long": ("have a delete signed for 120 s", [items.delete(stage.spoils, expires_in=120)]),
    }
    delete, as_metadata = [items.delete(stage.spoils)], {"issuer": "metadata", **stage.victim.in_flight}
    others = {
        "as-metadata": (
            "make a grant as metadata, with its own key and the victim's token",
            NOT_A_GRANT,
            [signed([items.get_resume(stage)], **as_metadata)],
        ),
        "kid": (
            "make a grant under a kid that nobody listed",
            NOT_A_GRANT,
            [signed(delete, kid="importer-2026-11", **AS)],
        ),
    }
    tries = {name: (says, NOT_PERMITTED, [signed(tried, **AS)]) for name, (says, tried) in own.items()}
    return actor.beside(actor.does(signed(delete, **AS)), tries | others)


def _parts(stage: Stage, cast: Cast) -> list[Attempt]:
    """Of uploads in parts it may abort those whose ids it has from the records."""
    upload = stage.begun()
    unknown = [items.in_parts("abort", upload | {"upload_id": upload["upload_id"][::-1]})]
    says = "have a step of an upload in parts signed (begin, send, list, complete)"
    return cast.sweeper.beside(
        cast.sweeper.does(*parts.through(stage, "abort", **AS)),
        {
            "parts": (says, NOT_PERMITTED, parts.only_signed(upload, "create", "part", "list", "complete", **AS)),
            "abort-unknown": ("abort an upload without its id", "S3: 404 NoSuchUpload", [signed(unknown, **AS)]),
        },
    )


def _records(stage: Stage, cast: Cast) -> list[Attempt]:
    """What the media table has is its work, and so is deleting from links and photos, unread."""
    actor, theirs = cast.sweeper, ("users", "profiles", "links", "photos")
    kept, scans = ("users", "profiles"), aws.records(stage, ["Scan"], aws.TABLES)
    reads, queries = aws.records(stage, ["GetItem"], theirs), aws.records(stage, ["Query"], theirs)
    writes = [*aws.records(stage, ["PutItem", "UpdateItem"], theirs), *aws.records(stage, ["DeleteItem"], kept)]
    undone = aws.records(stage, ["DeleteItem"], theirs[2:])
    says = "accounts, profiles, links and photos"
    return [
        actor.attempt(
            "records",
            f"read {says} from DynamoDB",
            aws.DENIED_RECORDS,
            [*reads, *queries],
            cast.metadata.does(*reads),
            cast.operator.does(*queries),
        ),
        actor.attempt(
            "write-records",
            f"write {says}, and delete accounts and profiles",
            aws.DENIED_RECORDS,
            writes,
            cast.metadata.does(*writes, *undone),
        ),
        *actor.unlike(cast.operator, aws.DENIED_RECORDS, {"scan": ("scan any table", scans)}),
    ]
